/* SPDX-License-Identifier: GPL-2.0-only */
/* Checking and handing out records: the one way from bytes to types, for the rings and for
 * recorded streams alike. */
#ifndef PORTCLASH_CORE_RECORD_H
#define PORTCLASH_CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portclash/record.h"

/* Called with a record that is whole and whose values are in range. */
struct pc_record_handler {
	void *context;
	void (*process)(void *context, const struct pc_process_record *record);
	void (*claim)(void *context, const struct pc_claim_record *record);
	void (*endpoints)(void *context, const struct pc_endpoints_record *record);
	void (*refusal)(void *context, const struct pc_refusal_record *record);
	void (*foreign)(void *context, const struct pc_foreign_record *record);
	void (*merged)(void *context, const struct pc_merged_record *record);
	void (*end)(void *context, const struct pc_end_record *record);
};

/* Is the record of `size` bytes at `data` (aligned to 8) whole, and are its values in range? Holders of a
 * refusal are not checked: pc_verdict_decode() leaves out impossible ones. 0, or -EBADMSG when the
 * record is too short, of unknown type, or holds an impossible value. Padding may follow a record: the
 * ring rounds sizes up. */
int pc_record_check(const void *data, size_t size);

/* Could this be a claim of a program? */
bool pc_record_logged_ok(const struct pc_logged_claim *c);

/* Makes a record of a claim in the kernel side's log, with these flags besides its own. */
void pc_record_of_logged(const struct pc_logged_claim *c, uint8_t flags, struct pc_claim_record *out);

/* Checks the record and calls its handler. 0 or -EBADMSG. A handler of a process or a refusal may read
 * header.size bytes only: the record ends behind its last text or holder. */
int pc_record_dispatch(const void *data, size_t size, const struct pc_record_handler *handler);

/* Checks the record of a process that has a socket open. */
int pc_record_check_owner(const void *data, size_t size);

#endif
