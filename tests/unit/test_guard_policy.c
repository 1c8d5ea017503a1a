// SPDX-License-Identifier: GPL-2.0-only
/* The guard's policies: words that are read and refused, and whom they take; and its notes, which come
 * back as they were written, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/guard/notes.h"

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BOOT "0f3c5b0e-7d0a-4e58-a3a1-2f1d7c7f8a11"

static struct pc_guard_policy policy_of(const char *text)
{
	struct pc_guard_policy p;
	const char *bad;

	assert_int_equal(pc_guard_policy_parse(text, &p, &bad), 0);
	return p;
}

static struct pc_guard_who who_in(const char *cgroup, const char *unit, const char *container)
{
	struct pc_identity identity = { .uid = 7,
					.cgroup = (char *)cgroup,
					.unit = (char *)unit,
					.container = (char *)container,
					.container_word =
						container ? PC_WORD_SYSTEM : PC_WORD_NONE };
	struct pc_guard_who who;

	pc_guard_who_of(&identity, &who);
	return who;
}

static void words_are_read(void **state)
{
	struct pc_guard_policy p =
		policy_of("unit:nginx, container:" ID64 ",uid:1000,system-units");

	(void)state;
	assert_int_equal(p.count, 4);
	assert_string_equal(p.words[0].name, "nginx.service");
	assert_string_equal(p.words[1].name, ID64);
	assert_int_equal(p.words[2].uid, 1000);
	assert_int_equal(policy_of("off").count, 0);
	assert_int_equal(policy_of("all").words[0].kind, PC_GUARD_WORD_ALL);
}

static void other_words_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} wrong[] = {
		{ "", 0 },
		{ "none", 0 },
		{ "all,", 4 },
		{ ",all", 0 },
		{ "unit:", 0 },
		{ "uid:", 0 },
		{ "uid:-1", 0 },
		{ "uid:x", 0 },
		{ "uid:4294967295", 0 },
		{ "allx", 0 },
		{ "all,offx", 4 },
		{ "all,off", 4 },
		{ "uid:1,bogus", 6 },
		{ "container:", 0 },
		{ "uid: 1", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pc_guard_policy p = { .count = 77 };
		const char *bad = NULL;

		assert_int_equal(pc_guard_policy_parse(wrong[i].text, &p, &bad), -EINVAL);
		assert_ptr_equal(bad, wrong[i].text + wrong[i].at);
		assert_int_equal(p.count, 77);
	}
}

static void units_of_users_are_no_system_units(void **state)
{
	static const char *const cgroups[] = {
		"/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service",
		"/user.slice/user-1000.slice/session-3.scope",
		"/x/user@1000.service/nginx.service",
		NULL,
	};
	struct pc_guard_policy units = policy_of("system-units,unit:nginx");

	(void)state;
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(cgroups[0]); i++) {
		struct pc_guard_who who = who_in(cgroups[i], "nginx.service", ID64);

		assert_false(who.system_unit || who.is_container);
		assert_false(pc_guard_policy_takes(&units, &who));
	}
}

static void policies_take_whom_they_name(void **state)
{
	struct pc_guard_who nginx = who_in("/system.slice/nginx.service", "nginx.service", NULL);
	struct pc_guard_who docker =
		who_in("/system.slice/docker-" ID64 ".scope", "docker-" ID64 ".scope", ID64);
	static const struct {
		const char *policy;
		bool nginx;
		bool docker;
	} cases[] = {
		{ "all", true, true },
		{ "off", false, false },
		{ "system-units", true, false },
		{ "unit:nginx", true, false },
		{ "unit:ng*", true, false },
		{ "unit:apache", false, false },
		{ "unit:*", true, false },
		{ "container:0123456789ab", false, true },
		{ "container:0123456789a", false, false },
		{ "container:" ID64, false, true },
		{ "uid:7", true, true },
		{ "uid:8", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_guard_policy p = policy_of(cases[i].policy);

		assert_int_equal(pc_guard_policy_takes(&p, &nginx), cases[i].nginx);
		assert_int_equal(pc_guard_policy_takes(&p, &docker), cases[i].docker);
	}
}

/* A name that does not fit whole is no name: cut, it could be another unit's. */
static void long_names_are_nobodys(void **state)
{
	char unit[300];
	struct pc_guard_who who;

	(void)state;
	memset(unit, 'x', sizeof(unit));
	memcpy(unit + sizeof(unit) - sizeof(".service"), ".service", sizeof(".service"));
	who = who_in("/system.slice/x", unit, NULL);
	assert_string_equal(who.name, "");
	assert_false(who.system_unit);
}

static struct pc_guard_notes some_notes(void)
{
	struct pc_guard_notes n = { .boot = BOOT, .written_ns = 99, .counters = { .restored = 4 } };
	const struct pc_netns_id netns = { .inode = 4026531840u, .cookie = 1 };
	struct pc_guard_port plain = {
		.port = 40000,
		.reason = PC_GUARD_LISTENER,
		.listens = true,
		.kept = true,
		.since_ns = 1,
		.seen_ns = 2,
		.began_ns = 3,
		.who = { .uid = 5, .system_unit = true, .name = "a.service" }
	};
	struct pc_guard_port hostile = {
		.port = 40001,
		.reason = PC_GUARD_LEARNT,
		.who = { .is_container = true, .name = "x\nend 1\n%- \x1b[2J\xff", .comm = "-" }
	};

	n.counters.refused[PC_GUARD_OVER_USER] = 12;
	assert_int_equal(pc_guard_notes_add(&n, &netns, &plain), 0);
	assert_int_equal(pc_guard_notes_add(&n, &netns, &hostile), 0);
	return n;
}

static void notes_come_back(void **state)
{
	struct pc_guard_notes n = some_notes(), back;
	char *text = pc_guard_notes_format(&n);

	(void)state;
	assert_non_null(text);
	assert_int_equal(pc_guard_notes_parse(text, BOOT, &back), 0);
	assert_int_equal(back.count, 2);
	assert_memory_equal(back.list, n.list, 2 * sizeof(*n.list));
	assert_int_equal(back.written_ns, 99);
	assert_int_equal(back.counters.restored, 4);
	assert_int_equal(back.counters.refused[PC_GUARD_OVER_USER], 12);
	pc_guard_notes_free(&back);
	assert_int_equal(pc_guard_notes_parse(text, "another", &back), -ESTALE);
	free(text);
	pc_guard_notes_free(&n);
}

/* Wherever it is cut, and whatever byte is another one: the same notes, others, or an error; never half. */
static void damaged_notes_are_seen(void **state)
{
	struct pc_guard_notes n = some_notes(), back;
	char *text = pc_guard_notes_format(&n);
	size_t len = strlen(text);

	(void)state;
	for (size_t cut = 0; cut + 1 < len; cut++) {
		char *part = strndup(text, cut);

		assert_int_not_equal(pc_guard_notes_parse(part, BOOT, &back), 0);
		free(part);
	}
	for (size_t i = 0; i < len; i++) {
		char *other = strdup(text);

		other[i] ^= 0x15;
		if (!pc_guard_notes_parse(other, BOOT, &back)) {
			assert_int_equal(back.count, 2);
			pc_guard_notes_free(&back);
		}
		free(other);
	}
	free(text);
	pc_guard_notes_free(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_read),
		cmocka_unit_test(other_words_are_refused),
		cmocka_unit_test(units_of_users_are_no_system_units),
		cmocka_unit_test(policies_take_whom_they_name),
		cmocka_unit_test(long_names_are_nobodys),
		cmocka_unit_test(notes_come_back),
		cmocka_unit_test(damaged_notes_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
