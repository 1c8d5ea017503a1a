// SPDX-License-Identifier: GPL-2.0-only
/* Addresses with pseudonyms: each stays in its kind, and no two become one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/model.h"
#include "core/recording/pseudonyms.h"

static void expect_address(struct pc_pseudonyms *p, uint16_t family, const char *from,
			   const char *to)
{
	uint8_t address[PC_ADDR_LEN] = { 0 };

	memcpy(address, from, family == PC_FAMILY_V4 ? 4 : PC_ADDR_LEN);
	pc_pseudonym_address(p, family, address);
	assert_memory_equal(address, to, family == PC_FAMILY_V4 ? 4 : PC_ADDR_LEN);
}

static void kinds_of_addresses_stay(void **state)
{
	static const char loopback[PC_ADDR_LEN] = { [15] = 1 };
	struct pc_pseudonyms *p = pc_pseudonyms_new();

	(void)state;
	expect_address(p, PC_FAMILY_V4, "\x7f\0\0\x01", "\x7f\0\0\x01");
	expect_address(p, PC_FAMILY_V4, "\0\0\0\0", "\0\0\0\0");
	expect_address(p, PC_FAMILY_V4, "\xc0\xa8\x07\x09", "\x0a\0\0\x01");
	expect_address(p, PC_FAMILY_V4, "\x08\x08\x08\x08", "\xc6\x12\0\x02");
	expect_address(p, PC_FAMILY_V4, "\xc0\xa8\x07\x09", "\x0a\0\0\x01");
	expect_address(p, PC_FAMILY_V4, "\xa9\xfe\x07\x09", "\xa9\xfe\0\x03");
	expect_address(p, PC_FAMILY_V6, loopback, loopback);
	expect_address(p, PC_FAMILY_V6, "\xfe\x80\0\0\0\0\0\0\1\2\3\4\5\6\7\x08",
		       "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
	expect_address(p, PC_FAMILY_V6, "\x2a\1\2\3\0\0\0\0\0\0\0\0\0\0\0\x09",
		       "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02");
	expect_address(p, PC_FAMILY_V6, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\xa8\x07\x09",
		       "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01");
	pc_pseudonyms_free(p);
}

static int pseudonyms_compare(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

/* More addresses than their kinds have room for: each still is another one. Half of them are link-local. */
static void no_two_addresses_become_one(void **state)
{
	const uint32_t count = (1 << 17) + 2;
	uint8_t(*all)[4] = calloc(count, sizeof(*all));
	struct pc_pseudonyms *p = pc_pseudonyms_new();

	(void)state;
	assert_non_null(all);
	for (uint32_t i = 0; i < count; i++) {
		memcpy(all[i], i & 1 ? "\xa9\xfe" : "\x08\x08", 2);
		all[i][1] = (uint8_t)(all[i][1] + (i >> 17));
		all[i][2] = (uint8_t)(i >> 9);
		all[i][3] = (uint8_t)(i >> 1);
		pc_pseudonym_address(p, PC_FAMILY_V4, all[i]);
	}
	qsort(all, count, sizeof(*all), pseudonyms_compare);
	for (uint32_t i = 1; i < count; i++)
		assert_memory_not_equal(all[i - 1], all[i], 4);
	assert_false(pc_pseudonyms_failed(p));
	free(all);
	pc_pseudonyms_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_addresses_stay),
		cmocka_unit_test(no_two_addresses_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
