// SPDX-License-Identifier: GPL-2.0-only
/* sysctl.d files: the first bytes are the settings as they are, the rest is a file. What is found
 * in it points to a line of it, and can be printed. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"

struct settings {
	uint16_t low;
	uint16_t high;
	uint16_t floor;
	int8_t tw_reuse;
	int8_t autobind_reuse;
	uint64_t reserved;
};

static void settings_of(struct fuzz_input *in, struct pc_netns_settings *out)
{
	struct settings s;

	fuzz_take(in, &s, sizeof(s));
	*out = (struct pc_netns_settings){
		.known = s.low <= s.high,
		.low = s.low,
		.high = s.high,
		.unprivileged_start = s.floor,
		.somaxconn = 4096,
		.tcp_tw_reuse = s.tw_reuse,
		.autobind_reuse = s.autobind_reuse,
		.reserved = { [35000 / 64] = s.reserved },
	};
}

static void add_lines(struct fuzz_input *in, struct pc_sysctl_lines *lines)
{
	char *text = fuzz_take_string(in), *rest = text, *line;
	unsigned number = 0;

	while ((line = strsep(&rest, "\n")))
		FUZZ_CHECK(!pc_sysctl_add(lines, "/etc/sysctl.d/60-fuzz.conf", ++number, line));
	free(text);
}

static void check_lines(const struct pc_sysctl_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct pc_sysctl_line *line = &lines->list[i];
		bool last = true;

		FUZZ_CHECK(*line->key && line->value && line->line);
		for (size_t j = i + 1; j < lines->count; j++)
			last = last && strcmp(lines->list[j].key, line->key);
		FUZZ_CHECK(line->overridden == !last);
	}
}

static void check_findings(const struct pc_sysctl_findings *findings,
			   const struct pc_sysctl_lines *lines)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct pc_sysctl_finding *f = &findings->list[i];

		FUZZ_CHECK(f->kind > PC_SYSCTL_INVALID && f->kind < PC_SYSCTL_KIND_COUNT);
		FUZZ_CHECK(f->key && f->value && f->text && *f->text);
		FUZZ_CHECK(!f->file || (f->line && lines->count));
	}
	fuzz_check_report(&(struct pc_audit_report){ .sysctls = findings });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct pc_sysctl_findings findings = { 0 };
	struct pc_sysctl_lines lines = { 0 };
	struct pc_netns_settings now;
	uint64_t set[PC_PORT_WORDS] = { 0 };

	settings_of(&in, &now);
	add_lines(&in, &lines);
	check_lines(&lines);
	FUZZ_CHECK(!pc_sysctl_judge(&lines, &now, &findings));
	check_findings(&findings, &lines);
	if (!pc_sysctl_reserved(&lines, set))
		FUZZ_CHECK(!pc_ports_count(set, 0, PC_PORTS - 1));
	pc_sysctl_findings_free(&findings);
	pc_sysctl_lines_free(&lines);
	return 0;
}
