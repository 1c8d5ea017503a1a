// SPDX-License-Identifier: GPL-2.0-only
/* The sentence about what a kernel lacks: one for each lack, the one that matters most first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/support.h"

static void lockdown(void **state)
{
	(void)state;
	assert_int_equal(pc_lockdown_parse("none integrity [confidentiality]\n"),
			 PC_LOCKDOWN_CONFIDENTIALITY);
	assert_int_equal(pc_lockdown_parse("none [integrity] confidentiality\n"),
			 PC_LOCKDOWN_INTEGRITY);
	assert_int_equal(pc_lockdown_parse("[none] integrity confidentiality\n"), PC_LOCKDOWN_NONE);
	assert_int_equal(pc_lockdown_parse(""), PC_LOCKDOWN_NONE);
	assert_string_equal(pc_lockdown_name(PC_LOCKDOWN_INTEGRITY), "integrity");
}

static void sentences(void **state)
{
	static const struct {
		struct pc_support support;
		int error;
		const char *says;
	} examples[] = {
		{ { "5.4.0-42-generic", false, false, 0, true }, EINVAL, "5.10 or newer" },
		{ { "4.18.0-553.el8", true, true, 0, true }, EINVAL, "4.18.0-553.el8" },
		{ { "6.1.0", true, true, PC_LOCKDOWN_CONFIDENTIALITY, true },
		  EPERM,
		  "confidentiality" },
		{ { "6.1.0", true, true, PC_LOCKDOWN_INTEGRITY, true }, EPERM, "even to root" },
		{ { "5.10.0", false, true, 0, true }, ESRCH, "CONFIG_DEBUG_INFO_BTF" },
		{ { "6.1.0", true, false, 0, false }, EPERM, "run portclash as root" },
		{ { "6.1.0", true, false, 0, true }, EINVAL, "ring buffers" },
		{ { "6.1.0", true, true, 0, true }, EINVAL, "--verbose" },
		{ { "10.0.0", true, true, 0, true }, E2BIG, "--verbose" },
		{ { "strange", true, true, 0, true }, E2BIG, "--verbose" },
	};
	char text[768], small[16];

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		pc_support_explain(&examples[i].support, "fentry", examples[i].error, text,
				   sizeof(text));
		if (!strstr(text, examples[i].says))
			fail_msg("example %zu: \"%s\" does not say \"%s\"", i, text,
				 examples[i].says);
		assert_null(strchr(text, '\n'));
	}
	pc_support_explain(&examples[0].support, "fentry", EINVAL, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lockdown),
		cmocka_unit_test(sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
