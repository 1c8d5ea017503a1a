// SPDX-License-Identifier: GPL-2.0-only
/* Sets of ports: the lists that are read, the lists that are refused and where exactly, and
 * that what is printed reads back as the same set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"

static void parses(void **state)
{
	static const struct {
		const char *list;
		const char *shortest;
	} lists[] = {
		{ "80", "80" },
		{ "0", "0" },
		{ "65535", "65535" },
		{ "8000-8010", "8000-8010" },
		{ "22,8000-8010,443", "22,443,8000-8010" },
		{ "1,2,3", "1-3" },
		{ "3,2,1,2", "1-3" },
		{ "1-5,3-8", "1-8" },
		{ "7-7", "7" },
		{ "0-65535", "0-65535" },
		{ "0080", "80" },
		{ "80\n", "80" }, /* as read from /proc */
		{ "62,63,64,65,127,128", "62-65,127-128" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		uint64_t set[PC_PORT_WORDS];
		const char *bad;
		char *text;

		assert_int_equal(pc_ports_parse(lists[i].list, false, set, &bad), 0);
		text = pc_ports_format(set);
		assert_string_equal(text, lists[i].shortest);
		free(text);
	}
}

/* `at`: where it is wrong. Of a number that is too large, and of a range that runs backwards,
 * that is its beginning. */
static const struct {
	const char *list;
	size_t at;
} wrong[] = {
	{ "x", 0 },
	{ ",80", 0 },
	{ "-80", 0 },
	{ " 80", 0 },
	{ "+80", 0 },
	{ "80x", 2 },
	{ "80 ", 2 },
	{ "80,,90", 3 },
	{ "80,x", 3 },
	{ "80,90x", 5 },
	{ "80;90", 2 },
	{ "1-2-3", 3 },
	{ "80,90,-5", 6 },
	{ "70000", 0 },
	{ "65536", 0 },
	{ "80,65536", 3 },
	{ "80,9-5", 3 },
	{ "0x50", 1 },
	{ "4294967376", 0 },
	{ "18446744073709551696", 0 },
	{ "80\xff", 2 },
	{ "80.5", 2 },
	{ "99999999999999999999999", 0 },
};

static void refuses(void **state)
{
	uint64_t before[PC_PORT_WORDS], set[PC_PORT_WORDS];

	(void)state;
	memset(before, 0x5a, sizeof(before));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *bad = NULL;

		memcpy(set, before, sizeof(set));
		assert_int_equal(pc_ports_parse(wrong[i].list, true, set, &bad), -EINVAL);
		if (bad != wrong[i].list + wrong[i].at) {
			print_error("\"%s\": wrong at %td, not %zu\n", wrong[i].list,
				    bad - wrong[i].list, wrong[i].at);
			fail();
		}
		assert_memory_equal(set, before, sizeof(set));
	}
}

/* A range whose end is missing or no number: "1-" is fine as far as it goes. */
static void half_ranges(void **state)
{
	static const struct {
		const char *list;
		size_t at;
	} lists[] = { { "1-", 2 }, { "1-x", 2 }, { "80,1-,90", 5 }, { "80-70000", 3 } };
	uint64_t set[PC_PORT_WORDS];
	const char *bad;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(pc_ports_parse(lists[i].list, true, set, &bad), -EINVAL);
		if (bad != lists[i].list + lists[i].at)
			fail_msg("\"%s\": wrong at %td, not %zu", lists[i].list,
				 bad - lists[i].list, lists[i].at);
	}
}

/* A comma at the end: either it, or the end behind it, is where it goes wrong. */
static void comma_at_end(void **state)
{
	uint64_t set[PC_PORT_WORDS];
	const char *list = "80,", *bad;

	(void)state;
	assert_int_equal(pc_ports_parse(list, true, set, &bad), -EINVAL);
	assert_in_range(bad - list, 2, 3);
}

static void ports_nothing(void **state)
{
	uint64_t set[PC_PORT_WORDS];
	const char *lists[] = { "", "\n" }, *bad;
	char *text;

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(set, 0xff, sizeof(set));
		assert_int_equal(pc_ports_parse(lists[i], false, set, &bad), -EINVAL);
		assert_ptr_equal(bad, lists[i]);
		assert_int_equal(pc_ports_parse(lists[i], true, set, &bad), 0);
		text = pc_ports_format(set);
		assert_string_equal(text, "");
		free(text);
	}
}

static void ports_counts(void **state)
{
	uint64_t set[PC_PORT_WORDS] = { 0 };

	(void)state;
	assert_int_equal(pc_ports_count(set, 0, 65535), 0);
	pc_ports_add(set, 0);
	pc_ports_add(set, 63);
	pc_ports_add(set, 64);
	pc_ports_add(set, 65535);
	assert_int_equal(pc_ports_count(set, 0, 65535), 4);
	assert_int_equal(pc_ports_count(set, 1, 65534), 2);
	assert_int_equal(pc_ports_count(set, 63, 63), 1);
	assert_int_equal(pc_ports_count(set, 65535, 65535), 1);
	assert_int_equal(pc_ports_count(set, 100, 50), 0);
	memset(set, 0xff, sizeof(set));
	assert_int_equal(pc_ports_count(set, 0, 65535), 65536);
}

static void random_set(uint64_t *set)
{
	int ranges = rand() % 200;

	memset(set, 0, PC_PORT_WORDS * sizeof(*set));
	for (int i = 0; i < ranges; i++) {
		unsigned low = (unsigned)rand() % PC_PORTS;
		unsigned len = rand() % 4 ? 1 : (unsigned)rand() % 3000;

		for (unsigned port = low; port < low + len && port < PC_PORTS; port++)
			pc_ports_add(set, (uint16_t)port);
	}
}

static unsigned count_slowly(const uint64_t *set)
{
	unsigned count = 0;

	for (unsigned port = 0; port < PC_PORTS; port++)
		count += pc_ports_has(set, (uint16_t)port);
	return count;
}

static void round_trip(void **state)
{
	(void)state;
	srand(4);
	for (int i = 0; i < 200; i++) {
		uint64_t set[PC_PORT_WORDS], again[PC_PORT_WORDS];
		const char *bad;
		char *text;

		random_set(set);
		text = pc_ports_format(set);
		assert_int_equal(pc_ports_parse(text, true, again, &bad), 0);
		assert_memory_equal(set, again, sizeof(set));
		assert_int_equal(pc_ports_count(set, 0, PC_PORTS - 1), count_slowly(set));
		free(text);
	}
}

/* Any text at all: read or refused, and then at a place in it. */
static void random_text(void **state)
{
	uint64_t set[PC_PORT_WORDS];
	char text[24];

	(void)state;
	srand(5);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand() % (sizeof(text) - 1);
		const char *bad = NULL;

		for (size_t j = 0; j < len; j++)
			text[j] = "0123456789,-- \nx"[rand() % 16];
		text[len] = '\0';
		if (pc_ports_parse(text, rand() % 2, set, &bad))
			assert_in_range(bad - text, 0, len);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),	 cmocka_unit_test(refuses),
		cmocka_unit_test(half_ranges),	 cmocka_unit_test(comma_at_end),
		cmocka_unit_test(ports_nothing), cmocka_unit_test(ports_counts),
		cmocka_unit_test(round_trip),	 cmocka_unit_test(random_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
