/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of JSON to a file or to standard output, none of them half: a line that could not be
 * written whole is taken back or closed off, and counted. */
#ifndef PORTCLASH_LOG_H
#define PORTCLASH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "out/rotate.h"
#include "out/stream.h"
#include "out/terminal.h"

struct pc_log {
	char *path; /* NULL: standard output */
	int fd;
	bool torn;     /* the output ends in half a line */
	uint64_t lost; /* lines that could not be written; stays after pc_log_close() */
	uint64_t late; /* those of them for which pc_log_line() had returned 0 */
	bool verbose;  /* text for people has the plain commands, too; the opener sets it */
	enum pc_color color; /* of text for people; the opener sets it */
	bool bounded;  /* by pc_log_bound(), with this patience */
	struct pc_patience patience;
	struct pc_rotate rotate;  /* as pc_log_cap() has it */
	struct pc_stream *stream; /* NULL: not bounded, or neither pipe nor socket */
};

#define PC_LOG_INIT ((struct pc_log){ .fd = -1 })

/* Opens a log. A FIFO is opened without waiting for a reader: -ENXIO. A descriptor or a negative errno. */
int pc_open_append(const char *path);

/* Appends to `path`, created with mode 0640, or to standard output when it is NULL. If the file
 * ends in half a line (its last writer was killed, the machine lost power), the first line goes
 * on a line of its own. A FIFO that nobody reads is -ENXIO. `log` is PC_LOG_INIT, with the choices of its
 * opener. */
int pc_log_open(struct pc_log *log, const char *path);

/* Writes the line and a newline in one call where the kernel takes it whole. `line` must hold no
 * newline. An error means that the line is lost and counted; the next may be written again. If a
 * part of it got out, a file is cut back to where it ended; where that cannot be done (a pipe,
 * standard output, another writer in the same file), the next line starts with a newline.
 * A FIFO, or a standard output that does not block, may stall PC_LOG_WAIT_MS: then -EAGAIN. A
 * standard output that blocks is waited for; after pc_log_bound() see pc_stream_line(). The caller
 * ignores SIGPIPE and SIGXFSZ. */
int pc_log_line(struct pc_log *log, const char *line, size_t len);

#define PC_LOG_WAIT_MS 100

/* Caps a file, here and after pc_log_reopen() and pc_log_switch(): a line for which there is no room goes
 * into a new file, and the full one is kept as FILE.1. A line that is longer than the cap, or for which the
 * files cannot be moved, is lost: -EFBIG, or the error of the move. Standard output has no cap. */
void pc_log_cap(struct pc_log *log, const struct pc_rotate *rotate);

/* Bounds the time that a reader can hold up its writer. A pipe or socket is waited for no longer
 * than that, here and after pc_log_reopen() and pc_log_switch(), and lines that it does not take
 * are held. Terminals and files stay as they are. 0 or -ENOMEM. */
int pc_log_bound(struct pc_log *log, const struct pc_patience *patience);

/* Writes what is held and can be taken now: once a round, also when there is nothing else to write. */
void pc_log_flush(struct pc_log *log);

/* The session was told to end: all that comes now has PC_STREAM_LAST_MS. */
void pc_log_hurry(struct pc_log *log);

/* Nothing comes any more: what is held is waited for, and then lost. 0, or why it is. */
int pc_log_finish(struct pc_log *log);

/* After the file was moved away. On error the old file stays open. Standard output: nothing. */
int pc_log_reopen(struct pc_log *log);

/* Switches to another file, or to standard output when `path` is NULL; the count of lost lines goes
 * on. On error the old file stays open. */
int pc_log_switch(struct pc_log *log, const char *path);

void pc_log_close(struct pc_log *log);

#endif
