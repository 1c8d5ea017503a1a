// SPDX-License-Identifier: GPL-2.0-only
/* Lines in full. They have been read by our own strict reader before, so that their depth is bounded. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/history/instant.h"
#include "out/history_parts.h"
#include "out/report.h"
#include "out/text_parts.h"

/* Cells of a row are apart by this. */
#define CELL '\x1f'

#define HOLDER_COLUMNS 5

static const char *member(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void put_member_time(FILE *out, const json_t *o, const char *key)
{
	const char *text = member(o, key);
	uint64_t ns;

	if (pc_instant_parse(text, strlen(text), &ns))
		pc_put_instant(out, ns, true);
}

static void put_member_process(FILE *out, const json_t *p)
{
	const json_t *pid = json_object_get(p, "pid"), *uid = json_object_get(p, "uid");

	if (!json_is_object(p)) {
		fputs("a process not known", out);
		return;
	}
	pc_put_string(out, member(p, "comm"));
	fprintf(out, "[%lld]", (long long)json_integer_value(pid));
	for (size_t i = 0; i < 2; i++) {
		const char *place = member(p, i ? "container_name" : "unit");

		if (*place) {
			fputs(i ? " container " : " ", out);
			pc_put_string(out, place);
		}
	}
	fprintf(out, ", user %lld: ", (long long)json_integer_value(uid));
	pc_put_string(out, *member(p, "cmdline") ? member(p, "cmdline") : member(p, "exe"));
}

static void put_member_end(FILE *out, const json_t *end)
{
	if (!json_is_object(end))
		return;
	pc_put_string(out, member(end, "address"));
	if (json_is_integer(json_object_get(end, "port")))
		fprintf(out, " port %lld",
			(long long)json_integer_value(json_object_get(end, "port")));
}

/* Hands the text to one of the page's functions. */
static void verdict_put(FILE *out, void (*put)(FILE *out, const char *text), struct pc_text *text)
{
	char *string = pc_text_close(text);

	if (string)
		put(out, string);
	free(string);
}

static void put_string_as(FILE *out, void (*put)(FILE *out, const char *text), const char *before,
			  const char *string)
{
	struct pc_text text;

	if (!*string || pc_text_open(&text))
		return;
	fputs(before, text.out);
	pc_put_string(text.out, string);
	verdict_put(out, put, &text);
}

/* A fix can begin with a conjunction, which goes before the label. */
static void put_fixes(FILE *out, const struct pc_page *page, const json_t *fixes)
{
	static const char *const labels[2][3] = {
		{ "Now: ", "And now: ", "Or now: " },
		{ "To keep it from coming back: ", "And to keep it from coming back: ",
		  "Or to keep it from coming back: " },
	};
	const json_t *fix;
	size_t i;

	json_array_foreach(fixes, i, fix)
	{
		bool lasting = json_is_true(json_object_get(fix, "lasting"));

		const char *what = member(fix, "what");
		bool also = !strncmp(what, "and ", 4), other = !strncmp(what, "or ", 3);

		put_string_as(out, page->paragraph,
			      labels[lasting][also  ? 1 :
					      other ? 2 :
						      0],
			      what + (also  ? 4 :
				      other ? 3 :
					      0));
		put_string_as(out, page->code, "", member(fix, "command"));
	}
}

static void put_holder_row(FILE *out, const struct pc_page *page, const json_t *h)
{
	const char *cells[HOLDER_COLUMNS] = { "", "", "", "", "" };
	struct pc_text text;
	char *string, *rest;

	if (pc_text_open(&text))
		return;
	fprintf(text.out, "%s%c", json_is_true(json_object_get(h, "blocking")) ? "yes" : "no",
		CELL);
	if (json_is_object(json_object_get(h, "process")))
		put_member_process(text.out, json_object_get(h, "process"));
	else
		pc_put_string(text.out, member(h, "process_note"));
	fputc(CELL, text.out);
	put_member_end(text.out, json_object_get(h, "local"));
	if (json_is_object(json_object_get(h, "remote"))) {
		fputs(" \u2192 ", text.out);
		put_member_end(text.out, json_object_get(h, "remote"));
	}
	fputc(' ', text.out);
	pc_put_string(text.out, member(h, "state"));
	fputc(CELL, text.out);
	pc_put_string(text.out, member(h, "how"));
	fputc(CELL, text.out);
	put_member_time(text.out, h, "since");
	string = rest = pc_text_close(&text);
	for (size_t i = 0; rest && i < HOLDER_COLUMNS; i++)
		cells[i] = strsep(&rest, "\x1f");
	if (string)
		page->row(out, cells, HOLDER_COLUMNS);
	free(string);
}

static void put_holders(FILE *out, const struct pc_page *page, const json_t *holders)
{
	static const char *const heads[] = { "blocks", "held by", "socket", "got it by", "since" };
	const json_t *holder;
	size_t i;

	if (!json_array_size(holders))
		return;
	page->table(out, heads, HOLDER_COLUMNS);
	json_array_foreach(holders, i, holder) put_holder_row(out, page, holder);
	page->table_end(out);
}

static void put_verdict_title(FILE *out, const json_t *v)
{
	put_member_time(out, v, "time");
	fputs(": ", out);
	pc_put_string(out, member(v, "proto"));
	fputc(' ', out);
	put_member_end(out, json_object_get(v, "requested"));
	fputs(", ", out);
	put_member_process(out, json_object_get(v, "requester"));
	fputs(": ", out);
	pc_put_string(out, member(v, "cause"));
}

void pc_report_verdict(FILE *out, const struct pc_page *page, const char *line)
{
	json_t *all = json_loads(line, JSON_ALLOW_NUL, NULL),
	       *event = json_object_get(all, "event");
	const json_t *v = json_is_object(event) ? event : all;
	struct pc_text text;

	if (v && !pc_text_open(&text)) {
		put_verdict_title(text.out, v);
		verdict_put(out, page->fold, &text);
		put_string_as(out, page->paragraph, "Why: ", member(v, "explanation"));
		put_holders(out, page, json_object_get(v, "holders"));
		put_fixes(out, page, json_object_get(v, "fixes"));
		put_string_as(out, page->paragraph, "Incomplete: ", member(v, "incomplete_reason"));
		put_string_as(out, page->paragraph, "Verdict ", member(v, "id"));
		page->fold_end(out);
	}
	if (!v)
		page->paragraph(
			out,
			"One verdict has a number that is too large, and is not shown in full.");
	json_decref(all);
}

static void put_range_setting(FILE *out, const struct pc_page *page, const char *line)
{
	json_t *all = json_loads(line, JSON_ALLOW_NUL, NULL),
	       *event = json_object_get(all, "event");
	const json_t *range = json_object_get(json_is_object(event) ? event : all, "range");
	struct pc_text text;

	if (json_is_object(range) && !pc_text_open(&text)) {
		fprintf(text.out,
			"ephemeral range %lld to %lld, ports below %lld take root or CAP_NET_BIND_SERVICE (of the last verdict shown)",
			(long long)json_integer_value(json_object_get(range, "low")),
			(long long)json_integer_value(json_object_get(range, "high")),
			(long long)json_integer_value(
				json_object_get(range, "unprivileged_start")));
		verdict_put(out, page->item, &text);
	}
	json_decref(all);
}

static void put_start(FILE *out, const struct pc_page *page, const char *line)
{
	json_t *all = json_loads(line, JSON_ALLOW_NUL, NULL),
	       *event = json_object_get(all, "event");
	const json_t *v = json_is_object(event) ? event : all;
	struct pc_text text;

	if (v && !pc_text_open(&text)) {
		fputs("portclash ", text.out);
		pc_put_string(text.out, member(v, "version"));
		fputs(" watched from ", text.out);
		put_member_time(text.out, v, "time");
		fputs(" on, kernel ", text.out);
		pc_put_string(text.out, member(v, "kernel"));
		fputs(", back end ", text.out);
		pc_put_string(text.out, member(v, "backend"));
		if (*member(v, "cannot_see")) {
			fputs("; it cannot see: ", text.out);
			pc_put_string(text.out, member(v, "cannot_see"));
		}
		verdict_put(out, page->item, &text);
	}
	json_decref(all);
}

void pc_report_settings(FILE *out, const struct pc_page *page, const struct pc_kept *kept)
{
	uint64_t from = kept->starts_count > 3 ? kept->starts_count - 3 : 0;

	if (kept->verdicts_count)
		put_range_setting(out, page, kept->verdicts[kept->verdicts_count - 1].text);
	for (uint64_t i = from; i < kept->starts_count; i++)
		put_start(out, page, kept->starts[i % PC_KEPT_STARTS].text);
}
