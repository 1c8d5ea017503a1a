/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries for systemd-journald over its native protocol, https://systemd.io/JOURNAL_NATIVE_PROTOCOL.
 * Not by libsystemd: Debian has no static archive of it, and the static binary must do this too. */
#ifndef PORTCLASH_JOURNAL_H
#define PORTCLASH_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PC_JOURNAL_SOCKET "/run/systemd/journal/socket"

struct pc_journal {
	const char *path;
	int fd;	    /* -1: not connected */
	bool stuck; /* journald did not take the last entry in time: the next is not waited for */
	uint64_t lost; /* entries that could not be sent; stays after pc_journal_close() */
};

#define PC_JOURNAL_INIT ((struct pc_journal){ .path = PC_JOURNAL_SOCKET, .fd = -1 })

/* Gives a socket that is connected to journald's, or a negative errno as pc_journal_send() has it. */
int pc_journal_connect(const char *path);

/* Puts one field. A value may hold any bytes; with a newline in it, its length goes before it. The
 * name must be one of journald's: A to Z, 0 to 9 and _, at most 64, none of its own (_…). */
void pc_journal_field(FILE *out, const char *name, const char *value, size_t len);

/* Sends an entry, connecting if need be: 0, or a negative errno, and it is lost and counted; the
 * next may go through again. -ENOENT: there is no journald, -ECONNREFUSED: nobody listens there,
 * -EAGAIN: it took nothing for PC_JOURNAL_WAIT_MS. An entry that is too large for a datagram goes
 * in a sealed memory file. */
int pc_journal_send(struct pc_journal *journal, const char *entry, size_t len);

/* Over so many stalls in a row the session waits once: rings are read again in time. */
#define PC_JOURNAL_WAIT_MS 100

void pc_journal_close(struct pc_journal *journal);

/* Does this descriptor go to the journal? `stream` is $JOURNAL_STREAM, "DEVICE:INODE" (NULL: not
 * set), which systemd sets for what it connects, and which a child that is redirected inherits. */
bool pc_journal_is_stream(const char *stream, int fd);

#endif
