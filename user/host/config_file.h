/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file as it lies on the disk: its bytes, and who else may change it. */
#ifndef PORTCLASH_CONFIG_FILE_H
#define PORTCLASH_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pc_config_file {
	char *text; /* malloc'd; one byte more than PC_SETTINGS_BYTES_MAX when there are more */
	size_t len;
	bool foreign; /* it belongs to neither root nor this process, or others may write it */
	uid_t owner;
	mode_t mode;
};

/* Reads no more than is taken of one, and waits for no FIFO. 0 or a negative errno. */
int pc_config_file_read(const char *path, struct pc_config_file *out);

#endif
