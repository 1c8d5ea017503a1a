/* SPDX-License-Identifier: GPL-2.0-only */
/* Instants: nanoseconds since 1970, UTC, as text of RFC 3339 and back. */
#ifndef PORTCLASH_INSTANT_H
#define PORTCLASH_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads "2026-11-30T00:54:33.123456Z", with or without a fraction (up to nine digits count), with Z or an offset
 * like +01:00, from 1970 to 2261. The whole text must be one. */
bool pc_instant_parse(const char *text, size_t len, uint64_t *ns);

/* "2026-11-30T00:54:33.123456Z" into `out` (PC_INSTANT_TEXT bytes); returns it. */
#define PC_INSTANT_TEXT 40
const char *pc_instant_text(uint64_t ns, char *out);

#endif
