// SPDX-License-Identifier: GPL-2.0-only
/* Names of services in a list of ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/services.h"

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

static void expands(void **state)
{
	static const struct {
		const char *list, *want;
	} cases[] = {
		{ "80,90-95", "80,90-95" },
		{ "https", "443" },
		{ "1,https,www,http,last", "1,443,80,80,9" },
		{ "largest", "65535" },
		{ "", "" },
		{ "80,,90", "80,,90" },
		{ "80,", "80," },
		{ "-5", "-5" },
		{ "1x", "1x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out, *bad = NULL;

		assert_int_equal(pc_services_expand(path, cases[i].list, &out, &bad), 0);
		assert_string_equal(out, cases[i].want);
		free(out);
	}
}

static void says_which_is_unknown(void **state)
{
	static const struct {
		const char *list, *bad;
	} cases[] = {
		{ "hidden", "hidden" },	    { "80,nosuch,90", "nosuch" },
		{ "broken", "broken" },	    { "HTTPS", "HTTPS" },
		{ "https ", "https " },	    { "http-https", "http-https" },
		{ "negative", "negative" }, { "wraps", "wraps" },
		{ "large", "large" },	    { "signed", "signed" },
		{ "bare", "bare" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = NULL, *bad = NULL;

		assert_int_equal(pc_services_expand(path, cases[i].list, &out, &bad), -ENOENT);
		assert_string_equal(bad, cases[i].bad);
		assert_null(out);
		free(bad);
	}
}

static void without_the_file_numbers_still_work(void **state)
{
	char *out, *bad = NULL;

	(void)state;
	assert_int_equal(pc_services_expand("/nonexistent", "80", &out, &bad), 0);
	assert_string_equal(out, "80");
	free(out);
	assert_int_equal(pc_services_expand("/nonexistent", "http", &out, &bad), -ENOENT);
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands),
		cmocka_unit_test(says_which_is_unknown),
		cmocka_unit_test(without_the_file_numbers_still_work),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
