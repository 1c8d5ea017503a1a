// SPDX-License-Identifier: GPL-2.0-only
/* The thing that a refused call asked for, in text: an address and port, the name of a Unix socket, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/text.h"
#include "out/text_parts.h"

static void assert_wanted(const struct pc_request *r, const char *want)
{
	struct pc_text text;
	char *got;

	assert_int_equal(pc_text_open(&text), 0);
	pc_put_wanted(text.out, r);
	got = pc_text_close(&text);
	assert_string_equal(got, want);
	free(got);
}

static void wanted_port(void **state)
{
	const struct pc_request r = {
		.wanted_family = AF_INET,
		.wanted_port = 8080,
		.wanted = { 127, 0, 0, 1 },
	};

	(void)state;
	assert_wanted(&r, " 127.0.0.1:8080");
}

static void wanted_names(void **state)
{
	struct pc_request r = { .foreign = { .family = AF_UNIX, .abstract = true, .name_len = 3 } };

	(void)state;
	memcpy(r.foreign.name, "a\x1b\n", 3);
	assert_wanted(&r, " @a\\x1b\\x0a");
	r = (struct pc_request){ .foreign = { .family = AF_NETLINK } };
	assert_wanted(&r, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wanted_port),
		cmocka_unit_test(wanted_names),
	};

	return cmocka_run_group_tests_name("text_wanted", tests, NULL, NULL);
}
