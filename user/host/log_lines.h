/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of a file, plain or gzipped, one after another: memory stays the same whatever is in it. */
#ifndef PORTCLASH_LOG_LINES_H
#define PORTCLASH_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A verdict with 16 holders, each with 10 processes of 4 KiB of hostile command line, stays below it. */
#define PC_LOG_LINE_MAX (8 * 1024 * 1024)

struct pc_log_lines {
	uint64_t bytes;	   /* after unpacking */
	uint64_t too_long; /* lines of more than PC_LOG_LINE_MAX, left out */
	bool unfinished; /* the last line has no newline: half of one, when its writer was at it */
	bool cut; /* the file ends within its gzip data, or these are damaged: read up to there */
};

/* Calls `line` for each line without its newline, empty ones left out; anything but 0 ends the reading and is
 * returned. `fd` is closed in any case. A last line without a newline is given, too. 0, or the negative
 * errno of a read, and *out has what was read until then. */
int pc_log_lines_read(int fd, int (*line)(void *context, const char *text, size_t len),
		      void *context, struct pc_log_lines *out);

/* Opens a file for that; -EISDIR for a folder. A FIFO is waited for: whoever names one has a writer. The
 * descriptor, or a negative errno. */
int pc_log_lines_open(const char *path);

#endif
