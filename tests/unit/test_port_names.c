// SPDX-License-Identifier: GPL-2.0-only
/* Ports of services by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/port_names.h"

#define FILE_TEXT                                                                    \
	"# comment\n\nhttp\t80/tcp\t\twww # WorldWideWeb\n"                          \
	"https\t\t443/tcp\n#hidden 1/tcp\nbroken\nhttps 443/udp\nnegative -1/tcp\n"  \
	"wraps 4294967376/tcp\nlarge 65536/tcp\nlargest 65535/tcp\nsigned +80/tcp\n" \
	"bare 80\nlast 9/udp"

static char path[] = "/tmp/portclash-services-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, FILE_TEXT, sizeof(FILE_TEXT) - 1), sizeof(FILE_TEXT) - 1);
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void known_names(void **state)
{
	static const struct {
		const char *name;
		unsigned port;
	} cases[] = {
		{ "https", 443 }, { "http", 80 },	{ "www", 80 },
		{ "last", 9 },	  { "largest", 65535 },
	};
	unsigned port;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(pc_port_names_port(path, cases[i].name, &port));
		assert_int_equal(port, cases[i].port);
	}
}

static void unknown_names(void **state)
{
	static const char *const names[] = { "hidden", "nosuch",     "broken",	 "HTTPS", "https ",
					     "",       "http-https", "negative", "wraps", "large",
					     "signed", "bare",	     "#",	 "80" };
	unsigned port;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(pc_port_names_port(path, names[i], &port));
	assert_false(pc_port_names_port("/nonexistent", "https", &port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_names),
		cmocka_unit_test(unknown_names),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
