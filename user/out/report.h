/* SPDX-License-Identifier: GPL-2.0-only */
/* A report: a history as one page for people who were not there. */
#ifndef PORTCLASH_OUT_REPORT_H
#define PORTCLASH_OUT_REPORT_H

#include <stdint.h>

#include "core/history/kept.h"
#include "out/history.h"
#include "out/page.h"

struct pc_report {
	const char *host; /* where the page is made; NULL: not known */
	uint64_t made_ns; /* wall clock */
	const char *version;
	struct pc_history_view history;
	const struct pc_kept *kept;
};

/* Writes the whole page; errors are those of the stream. */
void pc_report_write(FILE *out, const struct pc_page *page, const struct pc_report *r);

/* report_picture.c: the port of the groups from `from` up to `end` as SVG: its holders as bars, its refusals
 * above them, starts of portclash as lines. */
void pc_report_picture(FILE *out, const struct pc_report *r, size_t from, size_t end);

/* report_verdict.c: a `refusal` line in full, folded; and the settings of the machine as such lines and
 * those of a start have them, as items of a list. */
void pc_report_verdict(FILE *out, const struct pc_page *page, const char *line);
void pc_report_settings(FILE *out, const struct pc_page *page, const struct pc_kept *kept);

#endif
