// SPDX-License-Identifier: GPL-2.0-only
/* The table of back ends keeps the promises that the loader relies on: order, columns, counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bpf/backend.h"

static const struct pc_backend *backend_named(const char *name)
{
	for (size_t i = 0; i < PC_BACKENDS; i++)
		if (!strcmp(pc_backend_name(&pc_backends[i]), name))
			return &pc_backends[i];
	fail_msg("no back end %s", name);
	return NULL;
}

/* The position of a program in a list; -1: the list does not have it. */
static int position_of(const struct pc_program *list, const char *name)
{
	for (int i = 0; list[i].name; i++)
		if (!strcmp(list[i].name, name))
			return i;
	return -1;
}

/* The loader tries the rows in this order, and the names of the configuration are by kind. */
static void rows_are_in_the_order_of_their_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++)
		assert_int_equal(pc_backends[i].kind, i + 1);
}

static void names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++)
		for (int j = 0; pc_backends[i].programs[j].name; j++)
			assert_int_equal(position_of(pc_backends[i].programs,
						     pc_backends[i].programs[j].name),
					 j);
}

static void every_hook_has_a_place_and_a_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		for (const struct pc_program *p = pc_backends[i].programs; p->name; p++) {
			assert_true(p->attach == PC_ATTACH_SECTION ||
				    p->attach == PC_ATTACH_SYSCALL);
			assert_true(p->when != PC_WHEN_NEVER && !(p->when & PC_WHEN_FIRST));
		}
	}
	for (const struct pc_program *p = pc_common_programs; p->name; p++) {
		assert_int_equal(p->attach, PC_ATTACH_NONE);
		assert_int_equal(p->when, PC_WHEN_NEVER);
	}
}

/* pc_backend_cgroup() leaves out the first program of the list, and no other. */
static void cookies_come_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		const struct pc_program *list = pc_backends[i].cgroup;

		assert_int_equal(list[0].when, PC_WHEN_FIRST);
		for (int j = 0; list[j].name; j++) {
			assert_int_equal(list[j].attach, PC_ATTACH_CGROUP);
			assert_int_equal(list[j].need, PC_NEEDED);
			assert_int_equal(list[j].missed, PC_MISSED_NOTHING);
			if (j)
				assert_int_equal(list[j].when, PC_WHEN_ALWAYS);
		}
	}
}

static bool is_of_ipv6(const char *name)
{
	return name[strlen(name) - 1] == '6';
}

/* Without CONFIG_IPV6 the kernel has none of the functions of IPv6, and nothing that they could see. */
static void programs_of_ipv6_need_it(void **state)
{
	unsigned count = 0;

	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		const struct pc_program *lists[] = { pc_backends[i].programs,
						     pc_backends[i].cgroup };

		for (size_t j = 0; j < 2; j++)
			for (const struct pc_program *p = lists[j]; p->name; p++) {
				assert_int_equal(p->needs == PC_KERNEL_IPV6, is_of_ipv6(p->name));
				count += p->needs == PC_KERNEL_IPV6;
			}
	}
	assert_true(count > 10);
}

/* A program at the exit of a function reads the result behind the arguments. */
static void exits_know_the_number_of_arguments(void **state)
{
	(void)state;
	for (const struct pc_program *p = backend_named("fentry")->programs; p->name; p++)
		assert_int_equal(!!p->arguments, !strncmp(p->name, "fexit_", 6));
}

/* The monitor compares `exact` with the number of optional programs that it could not attach. */
static void exact_counts_the_optional_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		unsigned optional = 0;

		for (const struct pc_program *p = pc_backends[i].programs; p->name; p++)
			optional += p->need == PC_OPTIONAL;
		assert_int_equal(pc_backends[i].exact, optional);
	}
}

/* A call that only the entry probe saw would wait for its return. */
static void return_probes_come_before_entry_probes(void **state)
{
	const struct pc_program *list = backend_named("kprobe")->programs;
	int pairs = 0;

	(void)state;
	for (int i = 0; list[i].name; i++) {
		if (strncmp(list[i].name, "kprobe_", 7))
			continue;
		char name[64];

		snprintf(name, sizeof(name), "kret%s", list[i].name + 1);
		assert_in_range(position_of(list, name), 0, (unsigned)i - 1);
		pairs++;
	}
	assert_int_equal(pairs, 10);
}

/* How many programs see connect() of TCP begin, where these cases hold. */
static unsigned connects_seen(const struct pc_backend *backend, unsigned cases)
{
	static const char *const names[] = { "fentry_connect4", "kprobe_connect4",
					     "inet_sock_set_state" };
	unsigned seen = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int at = position_of(backend->programs, names[i]);

		seen += at >= 0 && backend->programs[at].when & cases;
	}
	if (!(cases & PC_WHEN_NO_CGROUP))
		seen += position_of(backend->cgroup, "connect4") >= 0;
	return seen;
}

static void one_program_sees_a_connect(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		assert_int_equal(connects_seen(&pc_backends[i], PC_WHEN_ALWAYS), 1);
		assert_int_equal(connects_seen(&pc_backends[i], PC_WHEN_ALWAYS | PC_WHEN_NO_CGROUP),
				 1);
	}
}

/* Only fentry does without them, and one program sees a connect() in each case. */
static void cgroup_programs_are_left_out_without_preemption(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		const struct pc_backend *backend = &pc_backends[i];
		enum pc_cgroup_use calm = pc_backend_cgroup_use(backend, true);

		assert_int_equal(pc_backend_cgroup_use(backend, false), PC_CGROUP_ALL);
		assert_int_equal(calm, backend->kind == PC_BACKEND_FENTRY ? PC_CGROUP_COOKIES :
									    PC_CGROUP_ALL);
		for (int use = PC_CGROUP_ALL; use <= PC_CGROUP_NONE; use++)
			assert_int_equal(
				connects_seen(backend, pc_backend_when((enum pc_cgroup_use)use)),
				1);
	}
	assert_int_equal(pc_backend_cgroup_when(PC_CGROUP_ALL), PC_WHEN_FIRST | PC_WHEN_ALWAYS);
	assert_int_equal(pc_backend_cgroup_when(PC_CGROUP_COOKIES), PC_WHEN_FIRST);
	assert_int_equal(pc_backend_cgroup_when(PC_CGROUP_NONE), PC_WHEN_NEVER);
}

/* Without its programs on control groups a back end says what it cannot see, unless there is nothing. */
static void what_is_not_seen_without_cgroup_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		const struct pc_backend *backend = &pc_backends[i];
		bool fentry = backend->kind == PC_BACKEND_FENTRY;

		assert_string_equal(pc_backend_cgroup_blind(backend, false, true),
				    backend->cgroup_blind);
		assert_int_equal(!*pc_backend_cgroup_blind(backend, true, true), fentry);
		assert_true(*pc_backend_cgroup_blind(backend, true, false));
	}
}

/* Every back end sees changes of state where both ends of claims are wanted. */
static void states_are_seen_for_the_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < PC_BACKENDS; i++) {
		int at = position_of(pc_backends[i].programs, "inet_sock_set_state");

		assert_in_range(at, 0, 64);
		assert_true(pc_backends[i].programs[at].when & PC_WHEN_ENDS);
		assert_false(pc_backends[i].programs[at].when & PC_WHEN_ALWAYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_in_the_order_of_their_kinds),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(every_hook_has_a_place_and_a_case),
		cmocka_unit_test(cookies_come_first),
		cmocka_unit_test(programs_of_ipv6_need_it),
		cmocka_unit_test(exits_know_the_number_of_arguments),
		cmocka_unit_test(exact_counts_the_optional_programs),
		cmocka_unit_test(return_probes_come_before_entry_probes),
		cmocka_unit_test(one_program_sees_a_connect),
		cmocka_unit_test(cgroup_programs_are_left_out_without_preemption),
		cmocka_unit_test(what_is_not_seen_without_cgroup_programs),
		cmocka_unit_test(states_are_seen_for_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
