/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of /proc as text, whose size is not known before it is read. */
#ifndef PORTCLASH_FILE_TEXT_H
#define PORTCLASH_FILE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct pc_file_text {
	char *bytes; /* terminated; malloc'd */
	size_t len;
	bool cut; /* there is more in the file */
};

/* Reads at most `max` bytes of a file of this folder. 0 or a negative errno: `out` is untouched. */
int pc_file_text_read(int dir, const char *name, size_t max, struct pc_file_text *out);

#endif
