// SPDX-License-Identifier: GPL-2.0-only
/* Facts about SIGTERM and about capabilities of files, of a /proc/PID/status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/process/procfile.h"

static struct pc_procfile_manner manner_of(const char *text)
{
	struct pc_procfile_manner m;

	pc_procfile_manner(text, &m);
	return m;
}

/* Signal 15 is bit 14. */
static void term(void **state)
{
	(void)state;
	assert_false(manner_of("Name:\tx\nSigIgn:\t0000000000001000\n").ignores_term);
	assert_true(manner_of("Name:\tx\nSigIgn:\t0000000000384004\nSigCgt:\t0\n").ignores_term);
	assert_false(manner_of("Name:\tx\nSigCgt:\t0000000000000002\n").handles_term);
	assert_true(manner_of("Name:\tx\nSigCgt:\t0000000000004002\n").handles_term);
}

/* Another thread may take what the first one blocks. */
static void blocked_term(void **state)
{
	(void)state;
	assert_true(manner_of("Name:\tx\nThreads:\t1\nSigBlk:\t0000000000004000\n").ignores_term);
	assert_false(manner_of("Name:\tx\nThreads:\t2\nSigBlk:\t0000000000004000\n").ignores_term);
}

static void first(void **state)
{
	(void)state;
	assert_true(manner_of("Name:\tx\nNSpid:\t70\t1\n").first);
	assert_false(manner_of("Name:\tx\nNSpid:\t71\t11\n").first);
	assert_false(manner_of("Name:\tx\nNSpid:\t1\n").first);
}

/* A list of groups stands before the line, and can push it out of what is read. */
static void apart(void **state)
{
	(void)state;
	assert_false(manner_of("Name:\tx\nNSpid:\t71\nNSpgid:\t71\t1\n").apart);
	assert_true(manner_of("Name:\tx\nNSpid:\t71\t11\n").apart);
	assert_true(manner_of("Name:\tx\nNSpid:\t71\t11\t1\n").apart);
	assert_true(manner_of("Name:\tx\nGroups:\t1 2 3").apart);
}

/* CAP_NET_BIND_SERVICE is bit 10. */
static void file_capability(void **state)
{
	(void)state;
	assert_true(manner_of("Name:\tx\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\n").takes_bind);
	assert_false(manner_of("Name:\tx\nCapBnd:\t000001fffffffbff\nNoNewPrivs:\t0\n").takes_bind);
	assert_false(manner_of("Name:\tx\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\n").takes_bind);
	assert_false(manner_of("Name:\tx\n").takes_bind);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(term),
		cmocka_unit_test(blocked_term),
		cmocka_unit_test(first),
		cmocka_unit_test(apart),
		cmocka_unit_test(file_capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
