/* SPDX-License-Identifier: GPL-2.0-only */
/* Times as people write them. */
#ifndef PORTCLASH_WHEN_H
#define PORTCLASH_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* How a time may be written, for a message. */
#define PC_WHEN_FORMS \
	"\"2026-11-30 00:54:33\", \"00:54\" (the last one), \"-2h\" (also s, m, d, w), today, yesterday, now, or RFC 3339"

/* Reads a time into nanoseconds since 1970: RFC 3339 with its zone; a local date, a date with a time, or a time
 * of day, of which the last before `now_ns` is meant; so long ago ("-90m"); now, today, yesterday (midnight).
 * *whole: it says no fraction of a second. False: it is none of these, and nothing is written. */
bool pc_when_parse(const char *text, uint64_t now_ns, uint64_t *ns, bool *whole);

#endif
