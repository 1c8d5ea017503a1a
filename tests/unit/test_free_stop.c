// SPDX-License-Identifier: GPL-2.0-only
/* `free` repeats no name that a user gave to a control group of his own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/cure/stop.h"

/* The name is that of somebody else's container, pod or unit. */
static void names_of_users_are_not_repeated(void **state)
{
	struct pc_identity who = { .key.tgid = 77,
				   .comm = "evil",
				   .unit = (char *)"user@1000.service",
				   .below_user = true,
				   .manager_user = 1000,
				   .container = (char *)"3f2a",
				   .container_word = PC_WORD_USER };
	struct pc_stop_facts facts = { 0 };
	struct pc_stop stop;

	(void)state;
	pc_stop_judge(&who, &facts, &stop);
	assert_int_equal(stop.way, PC_STOP_NEVER);
	assert_null(stop.name);
	who.pod = (char *)"1f3c9a52";
	pc_stop_judge(&who, &facts, &stop);
	assert_null(strstr(stop.why, "stop the pod"));
	who.container_word = PC_WORD_UNIT;
	pc_stop_judge(&who, &facts, &stop);
	assert_null(stop.name);
	assert_null(strstr(stop.why, "stop the pod"));

	who = (struct pc_identity){ .key.tgid = 77, .comm = "evil" };
	facts = (struct pc_stop_facts){ .main_pid = 77, .users_word = true };
	who.unit = (char *)"nginx.service";
	pc_stop_judge(&who, &facts, &stop);
	assert_int_equal(stop.way, PC_STOP_PROCESS);
	who.container = (char *)"3f2a";
	who.container_word = PC_WORD_SYSTEM;
	pc_stop_judge(&who, &facts, &stop);
	assert_int_equal(stop.way, PC_STOP_PROCESS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_users_are_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
