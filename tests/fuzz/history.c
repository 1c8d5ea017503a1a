// SPDX-License-Identifier: GPL-2.0-only
/* Lines of a log, whatever their bytes: what is no JSON by jansson's word is a damaged line, nothing is
 * counted twice or lost, memory keeps to its budget, and nothing comes out that a terminal acts upon. */
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "out/history.h"

#define BUDGET 4096

/* jansson knows nothing of our depth, and takes a NUL behind a number; it takes no number that it has no type
 * for. */
static void check_reader(const char *text, size_t len)
{
	json_error_t why;
	json_t *value = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	struct pc_scan s;
	bool done;

	pc_scan_begin(&s, text, len);
	pc_scan_skip(&s);
	done = pc_scan_is_done(&s);
	if (done && !value)
		FUZZ_CHECK(json_error_code(&why) == json_error_numeric_overflow);
	if (!done && value) {
		unsigned depth = 0;

		for (size_t i = 0; i < len; i++)
			depth += text[i] == '[' || text[i] == '{';
		FUZZ_CHECK(depth > PC_SCAN_DEPTH_MAX || memchr(text, '\0', len));
	}
	json_decref(value);
}

static void check_output(const struct pc_history *h)
{
	static const char *const keys[] = { "schema", "type", "time", NULL };
	struct pc_history_view view = { .totals = pc_history_totals(h) };
	const struct pc_history_group **groups = pc_history_groups(h, &view.count);
	const struct pc_clock clock = { 0 };
	uint64_t shown = 0;
	struct pc_log log;
	char *text;

	FUZZ_CHECK(groups);
	FUZZ_CHECK(view.count <= BUDGET / sizeof(struct pc_history_group));
	for (size_t i = 0; i < view.count; i++)
		shown += groups[i]->refusals;
	FUZZ_CHECK(shown + view.totals->beyond == view.totals->refusals);
	view.groups = groups;
	for (unsigned ranks = 0; ranks < 2; ranks++) {
		fuzz_log_begin(&log);
		FUZZ_CHECK(!pc_history_json(&log, &clock, &view, ranks));
		fuzz_check_json_lines(fuzz_log_end(&log), keys);
		fuzz_log_begin(&log);
		FUZZ_CHECK(!pc_history_text(&log, &view, ranks));
		text = fuzz_log_end(&log);
		fuzz_check_terminal(text);
		free(text);
	}
	free(groups);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pc_history_filter all = { 0 };
	const struct pc_slice host = { "a", 1 };
	struct pc_history *h = pc_history_new(&all, BUDGET);
	struct fuzz_input in = { data, size };
	uint64_t lines = 0;

	FUZZ_CHECK(h);
	while (in.size) {
		const uint8_t *newline = memchr(in.data, '\n', in.size);
		size_t len = newline ? (size_t)(newline - in.data) : in.size;
		char *line = malloc(len ? len : 1);

		FUZZ_CHECK(line);
		memcpy(line, in.data, len);
		check_reader(line, len);
		FUZZ_CHECK(!pc_history_line(h, line, len, &host));
		free(line);
		lines++;
		in.data += len + !!newline;
		in.size -= len + !!newline;
	}
	FUZZ_CHECK(pc_history_totals(h)->lines == lines);
	check_output(h);
	pc_history_free(h);
	return 0;
}
