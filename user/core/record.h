/* SPDX-License-Identifier: GPL-2.0-only */
/* Checking and handing out records: the one way from bytes to types, for the rings and for
 * recorded streams alike. */
#ifndef PORTCLASH_CORE_RECORD_H
#define PORTCLASH_CORE_RECORD_H

#include <stddef.h>

#include "portclash/record.h"

/* Called with a record that is whole and whose values are in range. */
struct pc_record_handler {
	void *context;
	void (*process)(void *context, const struct pc_process *record);
	void (*claim)(void *context, const struct pc_claim *record);
	void (*endpoints)(void *context, const struct pc_endpoints *record);
	void (*refusal)(void *context, const struct pc_refusal *record);
};

/* Checks the record (but not its holders: pc_verdict_begin() leaves out impossible ones) of `size` bytes at `data` (8-byte aligned) and calls its handler. 0, or
 * -EBADMSG when it is too short, of unknown type, or holds an impossible value. A record may
 * be followed by padding: the ring rounds sizes up. Of a process and a refusal only
 * header.size bytes may be read: they end behind their last text or holder. */
int pc_record_dispatch(const void *data, size_t size, const struct pc_record_handler *handler);

/* The same check for a record from the socket file iterator. */
int pc_record_check_owner(const void *data, size_t size);

#endif
