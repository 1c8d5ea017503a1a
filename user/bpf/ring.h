/* SPDX-License-Identifier: GPL-2.0-only */
/* This reader takes the records out of a ring, and says how full the ring is. */
#ifndef PORTCLASH_BPF_RING_H
#define PORTCLASH_BPF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cost.h"

/* No record of the programs is larger. */
#define PC_RING_RECORD_MAX 8192

struct pc_ring_reader {
	int fd;			      /* of the ring: readable when a record waits; -1: not open */
	unsigned long *read_position; /* mapped, in a page of its own */
	const unsigned char *written; /* mapped: the writers' position, then the data */
	size_t page;		      /* bytes of memory: the positions lie in a page each */
	size_t written_bytes;	      /* that are mapped at `written` */
	uint64_t end;		      /* where the reading under way ends */
	struct pc_ring_cost cost;
};

#define PC_RING_READER_INIT \
	{                   \
		.fd = -1    \
	}

/* Opens a ring of `size` bytes of data, in pages of so many bytes; returns 0 or a negative errno. `map` may be closed
 * then. After a failure only pc_ring_reader_close() may be called. */
int pc_ring_reader_open(struct pc_ring_reader *r, int map, uint64_t size, size_t page);
void pc_ring_reader_close(struct pc_ring_reader *r);

/* Notes how much waits, and ends the next reading behind it. Must be called before the ring is read. */
void pc_ring_reader_look(struct pc_ring_reader *r);

/* Has everything up to the end been read? */
bool pc_ring_reader_is_at_end(const struct pc_ring_reader *r);

/* Hands over the records up to the end. A record that a program still writes stops the reading: the record and those
 * behind it are for the next one. Returns 0; -EBADMSG if the ring has a length that no record can have: then nothing
 * behind it can be read. */
int pc_ring_reader_read(struct pc_ring_reader *r,
			void (*take)(void *context, const void *data, size_t size), void *context);

#endif
