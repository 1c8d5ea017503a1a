// SPDX-License-Identifier: GPL-2.0-only
/* The guard's notes and its policies: what is taken reads back the same when it is written, names end, and
 * no port is 0. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/guard/notes.h"

#define BOOT "0f3c5b0e-7d0a-4e58-a3a1-2f1d7c7f8a11"

static void guard_check_same(const struct pc_guard_notes *a, const struct pc_guard_notes *b)
{
	FUZZ_CHECK(a->count == b->count && a->written_ns == b->written_ns);
	for (size_t i = 0; i < a->count; i++)
		FUZZ_CHECK(!memcmp(&a->list[i].port, &b->list[i].port, sizeof(a->list[i].port)));
}

static void guard_check_notes(const char *text)
{
	struct pc_guard_notes notes, again;
	char *written;

	if (pc_guard_notes_parse(text, BOOT, &notes))
		return;
	for (size_t i = 0; i < notes.count; i++) {
		const struct pc_guard_port *p = &notes.list[i].port;

		FUZZ_CHECK(p->port && p->reason);
		FUZZ_CHECK(memchr(p->who.name, '\0', sizeof(p->who.name)));
	}
	written = pc_guard_notes_format(&notes);
	FUZZ_CHECK(written && !pc_guard_notes_parse(written, BOOT, &again));
	guard_check_same(&notes, &again);
	free(written);
	pc_guard_notes_free(&again);
	pc_guard_notes_free(&notes);
}

static void guard_check_policy(const char *text)
{
	struct pc_guard_policy policy;
	const char *bad;

	if (pc_guard_policy_parse(text, &policy, &bad)) {
		FUZZ_CHECK(bad >= text && bad <= text + strlen(text));
		return;
	}
	FUZZ_CHECK(policy.count <= PC_GUARD_WORDS_MAX);
	for (unsigned i = 0; i < policy.count; i++)
		FUZZ_CHECK(memchr(policy.words[i].name, '\0', sizeof(policy.words[i].name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	guard_check_notes(text);
	guard_check_policy(text);
	free(text);
	return 0;
}
