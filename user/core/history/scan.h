/* SPDX-License-Identifier: GPL-2.0-only */
/* A strict reader of one JSON text (RFC 8259) in memory: one walk, no allocation, no recursion of its
 * own. The log has gigabytes, of which a caller wants a few members: what nobody asks for is checked and
 * skipped in place. */
#ifndef PORTCLASH_SCAN_H
#define PORTCLASH_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/history/slice.h"

/* Our lines have 8 levels, and 9 with a host around them. What is deeper is refused. */
#define PC_SCAN_DEPTH_MAX 32

struct pc_scan {
	const char *at;
	const char *end;
	unsigned depth;
	bool fresh; /* an object or array was entered, and no comma is due yet */
	bool bad;   /* the text is not JSON, or too deep; nothing is read any more */
};

void pc_scan_begin(struct pc_scan *s, const char *text, size_t len);

/* Nothing was wrong, and nothing but white space is left. */
bool pc_scan_is_done(struct pc_scan *s);

/* Reads the next value. If it is of the kind asked for, true and *out; else it is skipped, and *out stays
 * as it was. pc_scan_count() takes whole numbers from 0 to INT64_MAX. */
bool pc_scan_string(struct pc_scan *s, struct pc_slice *out);
bool pc_scan_count(struct pc_scan *s, uint64_t *out);
bool pc_scan_bool(struct pc_scan *s, bool *out);
void pc_scan_skip(struct pc_scan *s);

/* Walks the next value, if it is an object or an array: while (pc_scan_member()) or while
 * (pc_scan_element()), and each time the caller reads or skips one value. False: it was something else and
 * was skipped. */
bool pc_scan_enter_object(struct pc_scan *s);
bool pc_scan_enter_array(struct pc_scan *s);
bool pc_scan_member(struct pc_scan *s, struct pc_slice *key);
bool pc_scan_element(struct pc_scan *s);

#endif
