// SPDX-License-Identifier: GPL-2.0-only
/* Advice for processes with hostile names, and for processes of which nothing is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/process/cgroup.h"
#include "core/verdict/decide.h"
#include "shell.h"

static const char *command_with(const struct pc_verdict *v, const char *words)
{
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (v->fixes[i].command && strstr(v->fixes[i].command, words))
			return v->fixes[i].command;
	fail_msg("no command with %s", words);
	return NULL;
}

static const char *const hostile[] = {
	"/tmp/a b",	    "/tmp/it's",	  "/tmp/$(touch /tmp/portclash-was-here)/`id`",
	"/tmp/;reboot;\n#", "/tmp/\"quoted\"*?~", "/tmp/\xff\xfe\033[2J",
	"/usr/bin/plain",
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

/* setcap CAPABILITY PATH, whatever is in the path. */
static void exe_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTILE; i++) {
		struct pc_identity who = *case_server();
		struct pc_verdict v;
		char words[512] = "";

		case_refusal(&v);
		v.request.error = EACCES;
		v.request.wanted_port = 80;
		who.exe = (char *)hostile[i];
		v.requester.who = &who;
		v.requester.place.roots_file = true;
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		assert_int_equal(shell_words(command_with(&v, "setcap"), words, sizeof(words)), 2);
		assert_string_equal(words, "cap_net_bind_service=+ep");
		assert_string_equal(words + strlen(words) + 1, hostile[i]);
		pc_verdict_clear(&v);
	}
}

static void advise_to_stop(struct pc_verdict *v, struct pc_identity *who)
{
	case_refusal(v);
	case_client(v)->claimer.who = who;
	v->holders[0].claimer.place.role = PC_ROLE_MAIN;
	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
}

/* systemctl stop UNIT: one word more than without, or no such command. */
static void unit_name(void **state)
{
	static const char *const units[] = { "a b.service", "it's.service", "$(id).service",
					     ";reboot;.service", "foo\\x2dbar@1.service" };

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct pc_identity who = *case_thief();
		struct pc_verdict v;
		char words[512] = "";
		int count;

		who.unit = (char *)units[i];
		advise_to_stop(&v, &who);
		count = shell_words(command_with(&v, "systemctl"), words, sizeof(words));
		assert_in_range(count, 2, 3); /* with or without "--" */
		assert_string_equal(words, "stop");
		assert_non_null(memmem(words, sizeof(words), units[i], strlen(units[i]) + 1));
		pc_verdict_clear(&v);
	}
}

/* A cgroup can be named by whoever it is delegated to: its name must not become an option of
 * systemctl (--host= and --root= act elsewhere). */
static void unit_like_an_option(void **state)
{
	struct pc_identity who = *case_thief();
	struct pc_cgroup_names names;
	struct pc_verdict v;

	(void)state;
	assert_int_equal(pc_cgroup_parse("/user.slice/--host=evil.service", &names), 0);
	who.unit = names.unit;
	advise_to_stop(&v, &who);
	for (unsigned i = 0; i < v.fixes_count; i++) {
		const char *command = v.fixes[i].command;
		const char *option = command ? strstr(command, " --host=") : NULL;

		if (option && !strstr(command, " -- "))
			fail_msg("an option by name: %s", command);
	}
	pc_verdict_clear(&v);
	pc_cgroup_names_free(&names);
}

/* A name that is not terminated (it fills its 16 bytes) must not be read beyond. */
static void unterminated_comm(void **state)
{
	struct pc_identity who = *case_thief();
	struct pc_verdict v;

	(void)state;
	memset(who.comm, 'x', sizeof(who.comm));
	case_refusal(&v);
	case_client(&v)->claimer = case_party(&who);
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_non_null(strstr(v.explanation, "xxxxxxxxxxxxxxx[4120]"));
	assert_null(strstr(v.explanation, "xxxxxxxxxxxxxxxx"));
	pc_verdict_clear(&v);
}

static struct pc_holder *(*const holders[])(struct pc_verdict *) = {
	case_listener, case_bound, case_client, case_accepted, case_time_wait,
};
#define HOLDERS (sizeof(holders) / sizeof(holders[0]))

/* An unknown process: `depth` 0 has no process at all, 1 a process without strings. */
static struct pc_party hostile_nobody(int depth)
{
	static const struct pc_identity nameless = { .key = { .tgid = 4120 } };
	struct pc_party party = { .fd = -1 };

	if (depth)
		party.who = &nameless;
	party.running = depth;
	return party;
}

static void nothing_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOLDERS * 4; i++) {
		struct pc_verdict v;
		struct pc_holder *h;

		case_refusal(&v);
		if (i & 1)
			case_udp(&v);
		v.monitor_netns = 1;
		v.requester = hostile_nobody(i >> 1 & 1);
		h = holders[i / 4](&v);
		h->claimer = hostile_nobody(i >> 1 & 1);
		h->peer = hostile_nobody(0);
		h->owners[0] = hostile_nobody(i >> 1 & 1);
		h->owners_count = 1;
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		assert_true(strlen(v.explanation) > 0);
		pc_verdict_clear(&v);
	}
}

static void nothing_known_no_holder(void **state)
{
	static const int errors[] = { EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]) * 2; i++) {
		struct pc_verdict v;

		case_refusal(&v);
		v.request.error = errors[i / 2];
		v.request.wanted_port = i & 1 ? 80 : 0;
		v.monitor_netns = 1;
		v.requester = hostile_nobody(0);
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		assert_true(strlen(v.explanation) > 0);
		pc_verdict_clear(&v);
	}
}

/* A refusal of zeros, and one of ones: nonsense in, but no crash. */
static void nonsense(void **state)
{
	(void)state;
	for (int fill = 0; fill < 256; fill += 255) {
		struct pc_verdict v;

		case_refusal(&v);
		memset(&v.request, fill, sizeof(v.request));
		v.holders_count = 1;
		memset(&v.holders[0].socket, fill, sizeof(v.holders[0].socket));
		v.request.error = EADDRINUSE;
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		pc_verdict_clear(&v);
		v.cause = PC_CAUSE_COUNT;
		v.primary = -1;
		assert_int_equal(pc_advise(&v), 0);
		pc_verdict_clear(&v);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(exe_path),
		cmocka_unit_test(unit_name),
		cmocka_unit_test(unit_like_an_option),
		cmocka_unit_test(unterminated_comm),
		cmocka_unit_test(nothing_known),
		cmocka_unit_test(nothing_known_no_holder),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
