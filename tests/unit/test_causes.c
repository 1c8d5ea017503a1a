// SPDX-License-Identifier: GPL-2.0-only
/* The table of causes is complete, and the builder keeps a fix and its command together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core/base/names.h"
#include "core/verdict/advice.h"
#include "core/verdict/advice_builder.h"
#include "core/verdict/causes.h"

/* A row that lacks one of these would be found by a user. */
static void rows_complete(void **state)
{
	(void)state;
	for (int cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++) {
		const struct pc_cause_row *row = pc_cause_row(cause);

		assert_true(cause == PC_CAUSE_UNKNOWN || row != &pc_cause_unknown);
		assert_string_equal(row->name, pc_cause_name(cause));
		assert_in_range(row->kind, PC_KIND_NO_HOLDER, PC_KIND_SERVER);
		assert_in_range(row->usual.op, PC_OP_INVALID + 1, PC_OP_COUNT - 1);
		assert_non_null(pc_errno_name(row->usual.error));
		assert_non_null(row->explain);
		assert_non_null(row->fix);
	}
}

static void no_cause(void **state)
{
	(void)state;
	assert_ptr_equal(pc_cause_row(PC_CAUSE_INVALID), &pc_cause_unknown);
	assert_ptr_equal(pc_cause_row(PC_CAUSE_COUNT), &pc_cause_unknown);
	assert_ptr_equal(pc_cause_row((enum pc_cause) - 1), &pc_cause_unknown);
}

/* The functions of most causes read the holder. A verdict without one is of no such cause. */
static void cause_without_holder(void **state)
{
	struct pc_verdict v;

	(void)state;
	for (int cause = PC_CAUSE_INVALID; cause <= PC_CAUSE_COUNT; cause++) {
		case_refusal(&v);
		v.cause = cause;
		assert_int_equal(pc_advise(&v), 0);
		assert_true(strlen(v.explanation) > 0);
		if (pc_cause_row(cause)->kind != PC_KIND_NO_HOLDER)
			assert_int_equal(v.fixes_count, 0);
		pc_verdict_clear(&v);
	}
}

static void expect_fix(const struct pc_fix *fix, enum pc_when when, const char *what,
		       const char *command)
{
	assert_int_equal(fix->when, when);
	assert_string_equal(fix->what, what);
	if (command)
		assert_string_equal(fix->command, command);
	else
		assert_null(fix->command);
}

static void builds_in_order(void **state)
{
	struct pc_verdict v;
	struct pc_advice a;

	(void)state;
	case_refusal(&v);
	assert_int_equal(pc_advice_begin(&a, &v), 0);
	assert_null(a.holder);
	pc_advice_explain(&a, "%s is ", "this");
	pc_advice_fix(&a, PC_NOW, "or stop pid %u", 7);
	pc_advice_command(&a, "kill");
	pc_advice_explain(&a, "why");
	pc_advice_command(&a, " %u", 7);
	pc_advice_fix(&a, PC_NOW, "or wait");
	pc_advice_fix(&a, PC_LASTING, "or, better, move it");
	pc_advice_command(&a, "mv ");
	pc_advice_command_word(&a, "a 'b");
	assert_int_equal(pc_advice_end(&a), 0);
	assert_string_equal(v.explanation, "this is why");
	assert_int_equal(v.fixes_count, 3);
	expect_fix(&v.fixes[0], PC_NOW, "stop pid 7", "kill 7");
	expect_fix(&v.fixes[1], PC_NOW, "or wait", NULL);
	expect_fix(&v.fixes[2], PC_LASTING, "better, move it", "mv 'a '\\''b'");
	pc_verdict_clear(&v);
}

static void command_enters_netns(void **state)
{
	struct pc_verdict v;
	struct pc_advice a;

	(void)state;
	case_refusal(&v);
	v.request.netns++;
	assert_int_equal(pc_advice_begin(&a, &v), 0);
	pc_advice_fix(&a, PC_NOW, "nobody is known there");
	pc_advice_command_enter(&a);
	pc_advice_command(&a, "ip address");
	v.netns_pid = 9;
	pc_advice_fix(&a, PC_NOW, "a process is known there");
	pc_advice_command_enter(&a);
	pc_advice_command(&a, "ip address");
	v.request.netns = v.monitor_netns;
	pc_advice_fix(&a, PC_NOW, "it is here");
	pc_advice_command_enter(&a);
	pc_advice_command(&a, "ip address");
	assert_int_equal(pc_advice_end(&a), 0);
	assert_string_equal(v.fixes[0].command, "nsenter -t PID_IN_THAT_NAMESPACE -n ip address");
	assert_string_equal(v.fixes[1].command, "nsenter -t 9 -n ip address");
	assert_string_equal(v.fixes[2].command, "ip address");
	pc_verdict_clear(&v);
}

/* The command of a fix that found no room must not end up with another fix. */
static void fixes_beyond_limit(void **state)
{
	struct pc_verdict v;
	struct pc_advice a;

	(void)state;
	case_refusal(&v);
	assert_int_equal(pc_advice_begin(&a, &v), 0);
	pc_advice_command(&a, "before any fix");
	for (unsigned i = 0; i < PC_FIXES_MAX + 3; i++) {
		pc_advice_fix(&a, PC_NOW, "fix %u", i);
		if (i >= PC_FIXES_MAX)
			pc_advice_command(&a, "beyond");
	}
	assert_int_equal(pc_advice_end(&a), 0);
	assert_int_equal(v.fixes_count, PC_FIXES_MAX);
	for (unsigned i = 0; i < PC_FIXES_MAX; i++) {
		assert_null(v.fixes[i].command);
		assert_int_equal(strtoul(v.fixes[i].what + 4, NULL, 10), i);
	}
	pc_verdict_clear(&v);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_complete),	cmocka_unit_test(no_cause),
		cmocka_unit_test(cause_without_holder), cmocka_unit_test(builds_in_order),
		cmocka_unit_test(command_enters_netns), cmocka_unit_test(fixes_beyond_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
