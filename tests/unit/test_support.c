// SPDX-License-Identifier: GPL-2.0-only
/* The sentence about what a kernel lacks: one for each lack, the one that matters most first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/config/support.h"

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
		{ { .release = "5.4.0-42-generic", .root = true },
		  EINVAL,
		  "CONFIG_DEBUG_INFO_BTF" },
		{ { .release = "5.4.0-42-generic", .root = true }, EINVAL, "--btf FILE" },
		{ { .btf = true, .root = true, .lockdown = PC_LOCKDOWN_CONFIDENTIALITY },
		  EPERM,
		  "confidentiality" },
		{ { .btf = true, .root = true, .lockdown = PC_LOCKDOWN_INTEGRITY },
		  EPERM,
		  "even to root" },
		{ { .btf = true, .root = true, .filtered = true },
		  EPERM,
		  "add CAP_SYS_ADMIN, without which" },
		{ { .btf = true }, EPERM, "run portclash with sudo" },
		{ { .btf = true, .root = true, .lack = PC_KERNEL_RING }, EINVAL, "ring buffers" },
		{ { .btf = true, .root = true, .lack = PC_KERNEL_RUN }, EPERM, "Linux 5.10" },
		{ { .btf = true, .root = true, .lack = PC_KERNEL_NETNS },
		  EINVAL,
		  "struct possible_net_t.net" },
		{ { .btf = true, .root = true, .lack = PC_KERNEL_BIND_TABLE },
		  EINVAL,
		  "struct inet_bind_bucket.owners or struct inet_bind_bucket.bhash2" },
		{ { .btf = true, .root = true, .field = "struct sock_common.skc_num" },
		  EINVAL,
		  "types lack struct sock_common.skc_num" },
		{ { .btf = true, .root = true }, ESRCH, "lacks a function that fentry hooks" },
		/* The number of a release decides nothing. */
		{ { .release = "4.18.0-553.el8", .btf = true, .root = true }, EINVAL, "--verbose" },
		{ { .release = "strange", .btf = true, .root = true }, E2BIG, "--verbose" },
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
