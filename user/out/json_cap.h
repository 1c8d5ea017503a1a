/* SPDX-License-Identifier: GPL-2.0-only */
/* A cap on the text in one JSON line. */
#ifndef PORTCLASH_JSON_CAP_H
#define PORTCLASH_JSON_CAP_H

#include <jansson.h>

/* Some hundred times a usual line. A verdict with all its holders and owners (16 of 8 each) fits in with text
 * of usual length. */
#define PC_JSON_LINE_MAX (256U << 10)

/* Cuts texts of a line that would be longer, the longest first, and sets `text_cut` to their number. A command
 * that would have to be cut is null instead. */
void pc_json_cap(json_t *line);

#endif
