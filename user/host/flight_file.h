/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of the flight recorder on the disk. Its writer opens it once, before it gives up its privileges: with room for
 * all of it taken, so that a full disk is noticed then, and with a handler for the fault of a file that somebody made
 * shorter, which ends the recording and not the agent. */
#ifndef PORTCLASH_FLIGHT_FILE_H
#define PORTCLASH_FLIGHT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Room for a sentence about the file, which follows its name. */
#define PC_FLIGHT_SENTENCE 160

struct pc_flight_file {
	int fd; /* -1: it is not open; it keeps the lock */
	void *map;
	size_t size;
	const char *
		note; /* the sentence about claims that it had, and that are lost; NULL: there are none */
};

#define PC_FLIGHT_FILE_INIT \
	{                   \
		.fd = -1    \
	}

/* Opens or makes the file, mode 0600, and maps it. 0, or a negative errno and the sentence: it is a link, no plain file,
 * another user's, open to others, locked by another agent, a file of something else or of a newer portclash, or there is
 * no room. Nothing is changed in these files. A recorder of another size or an older version is begun anew. Only one can be open in a process. */
int pc_flight_file_open(const char *path, size_t size, struct pc_flight_file *out, char *sentence);
void pc_flight_file_close(struct pc_flight_file *f);

/* Did the file become shorter than its map? What was written since is nowhere. */
bool pc_flight_file_broken(void);

/* Reads all of a recorder's file, also while an agent writes it: a slot that was caught half written is read again.
 * 0, *data (malloc'd) and *size; or a negative errno and the sentence. */
int pc_flight_file_read(const char *path, void **data, size_t *size, char *sentence);

#endif
