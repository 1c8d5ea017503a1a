/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings as they stand in a JSON text: nothing is copied, escapes stay. */
#ifndef PORTCLASH_SLICE_H
#define PORTCLASH_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string as it stands in the text, between its quotes, escapes and all; valid UTF-8. `at` NULL: none. */
struct pc_slice {
	const char *at;
	size_t len;
};

/* Is the string, without any escape, this one? */
bool pc_slice_is(const struct pc_slice *slice, const char *text);

/* At most `max` bytes of it, no character and no escape cut in half. */
struct pc_slice pc_slice_cut(const struct pc_slice *slice, size_t max);

/* Writes the string without its escapes to `out` (`size` bytes, at least 1), terminated; what does not
 * fit is left off from that character on. A NUL in it ends nothing: it is left out. Returns `out`. */
const char *pc_slice_text(const struct pc_slice *slice, char *out, size_t size);

/* For the walk over a text: reads the escape at `at` (behind its backslash). Returns its length without the
 * backslash and its code point; 0: it is none, or half a pair of surrogates. */
size_t pc_slice_escape(const char *at, const char *end, uint32_t *code);

#endif
