// SPDX-License-Identifier: GPL-2.0-only
/* The record of reserved ports: who keeps what in which namespace, and its text with all that can be
 * wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cure/record.h"
#include "portset.h"

#define BOOT "0f3c5b0e-7d0a-4e58-a3a1-2f1d7c7f8a11"
#define OTHER_BOOT "0f3c5b0e-7d0a-4e58-a3a1-2f1d7c7f8a12"

static const struct pc_netns_id host = { 4026531840, 1 };
static const struct pc_netns_id blue = { 4026532200, 77 };

static void cure_record_add(struct pc_record *r, const struct pc_netns_id *netns,
			    enum pc_keeper keeper, const char *list)
{
	uint64_t set[PC_PORT_WORDS];

	portset_of(list, set);
	assert_int_equal(pc_record_add(r, netns, keeper, set), 0);
}

static void cure_record_take(struct pc_record *r, const struct pc_netns_id *netns,
			     enum pc_keeper keeper, const char *list)
{
	uint64_t set[PC_PORT_WORDS];

	portset_of(list, set);
	pc_record_take(r, netns, keeper, set);
}

static void expect(const struct pc_record *r, const struct pc_netns_id *netns,
		   enum pc_keeper keeper, const char *list)
{
	uint64_t set[PC_PORT_WORDS] = { 0 };
	char *text;

	pc_record_ports(r, netns, keeper, set);
	text = pc_ports_format(set);
	assert_string_equal(text, list);
	free(text);
}

static void keepers_have_names(void **state)
{
	(void)state;
	for (int i = PC_KEEPER_INVALID + 1; i < PC_KEEPER_COUNT; i++) {
		const char *name = pc_keeper_name((enum pc_keeper)i);

		assert_int_equal(pc_keeper_named(name, strlen(name)), i);
		assert_int_equal(pc_keeper_named(name, strlen(name) - 1), PC_KEEPER_INVALID);
	}
	assert_int_equal(pc_keeper_named("invalid", 7), PC_KEEPER_INVALID);
	assert_string_equal(pc_keeper_name(PC_KEEPER_COUNT), "unknown");
}

/* A port stays while one keeper keeps it; each namespace has its own. */
static void keepers_are_told_apart(void **state)
{
	struct pc_record r = { 0 };

	(void)state;
	cure_record_add(&r, &host, PC_KEEPER_RESERVE, "80,8080");
	cure_record_add(&r, &host, PC_KEEPER_GUARD, "8080,9000-9002");
	cure_record_add(&r, &host, PC_KEEPER_RESERVE, "81");
	cure_record_add(&r, &blue, PC_KEEPER_GUARD, "5000");
	cure_record_add(&r, &blue, PC_KEEPER_FREE, "");
	assert_int_equal(r.count, 3);
	expect(&r, &host, PC_KEEPER_RESERVE, "80-81,8080");
	expect(&r, &host, PC_KEEPER_GUARD, "8080,9000-9002");
	expect(&r, &host, PC_KEEPER_INVALID, "80-81,8080,9000-9002");
	cure_record_take(&r, &host, PC_KEEPER_GUARD, "8080,5000");
	expect(&r, &host, PC_KEEPER_INVALID, "80-81,8080,9000-9002");
	cure_record_take(&r, &host, PC_KEEPER_INVALID, "80-8080");
	expect(&r, &host, PC_KEEPER_INVALID, "9000-9002");
	expect(&r, &blue, PC_KEEPER_INVALID, "5000");
	assert_int_equal(r.count, 2);
	pc_record_free(&r);
}

/* The inode number of a namespace that has ended belongs to another one now. */
static void cookies_tell_namespaces(void **state)
{
	const struct pc_netns_id heir = { 4026532200, 78 }, unknown = { 4026532200, 0 };
	struct pc_record r = { 0 };

	(void)state;
	cure_record_add(&r, &blue, PC_KEEPER_RESERVE, "5000");
	expect(&r, &heir, PC_KEEPER_INVALID, "");
	expect(&r, &unknown, PC_KEEPER_INVALID, "5000");
	cure_record_add(&r, &heir, PC_KEEPER_RESERVE, "6000");
	expect(&r, &heir, PC_KEEPER_INVALID, "6000");
	expect(&r, &blue, PC_KEEPER_INVALID, "");
	assert_int_equal(r.count, 1);
	pc_record_free(&r);
}

static void what_others_removed_is_forgotten(void **state)
{
	uint64_t reserved[PC_PORT_WORDS];
	struct pc_record r = { 0 };

	(void)state;
	cure_record_add(&r, &host, PC_KEEPER_RESERVE, "80,90");
	cure_record_add(&r, &host, PC_KEEPER_GUARD, "90,100");
	cure_record_add(&r, &blue, PC_KEEPER_GUARD, "80");
	portset_of("22,100", reserved);
	assert_int_equal(pc_record_settle(&r, &host, reserved), 2);
	expect(&r, &host, PC_KEEPER_INVALID, "100");
	expect(&r, &blue, PC_KEEPER_INVALID, "80");
	assert_int_equal(pc_record_settle(&r, &host, reserved), 0);
	pc_record_free(&r);
}

static void limit_is_kept(void **state)
{
	uint64_t set[PC_PORT_WORDS];
	struct pc_netns_id netns = { 1, 1 };
	struct pc_record r = { 0 }, again;
	char *text;

	(void)state;
	portset_of("80", set);
	for (; netns.inode <= PC_RECORD_ENTRIES_MAX; netns.inode++)
		assert_int_equal(pc_record_add(&r,
					       &(struct pc_netns_id){ netns.inode, netns.inode },
					       PC_KEEPER_RESERVE, set),
				 0);
	netns.cookie = netns.inode;
	assert_int_equal(pc_record_add(&r, &netns, PC_KEEPER_RESERVE, set), -ENOSPC);
	text = pc_record_format(&r);
	assert_int_equal(pc_record_parse(text, strlen(text), "", &again), -EBADMSG);
	free(text);
	memcpy(r.boot, BOOT, sizeof(r.boot));
	text = pc_record_format(&r);
	assert_int_equal(pc_record_parse(text, strlen(text), BOOT, &again), 0);
	assert_int_equal(again.count, PC_RECORD_ENTRIES_MAX);
	free(text);
	pc_record_free(&again);
	pc_record_free(&r);
}

static char *cure_record_sample(void)
{
	struct pc_record r = { .boot = BOOT };
	char *text;

	cure_record_add(&r, &host, PC_KEEPER_RESERVE, "80,8080-8090");
	cure_record_add(&r, &blue, PC_KEEPER_GUARD, "5000");
	text = pc_record_format(&r);
	pc_record_free(&r);
	return text;
}

static void cure_record_text_and_back(void **state)
{
	char *text = cure_record_sample();
	struct pc_record r;

	(void)state;
	assert_string_equal(text, "portclash-reserved 1\n"
				  "boot " BOOT "\n"
				  "kept reserve 4026531840 1 80,8080-8090\n"
				  "kept guard 4026532200 77 5000\n"
				  "sum ccbc094a132c5dd2\n");
	assert_int_equal(pc_record_parse(text, strlen(text), BOOT, &r), 0);
	expect(&r, &host, PC_KEEPER_RESERVE, "80,8080-8090");
	expect(&r, &blue, PC_KEEPER_GUARD, "5000");
	assert_int_equal(r.count, 2);
	assert_string_equal(r.boot, BOOT);
	pc_record_free(&r);
	free(text);
}

/* Each byte changed, and the text cut off at each byte, is noticed. */
static void damage_is_noticed(void **state)
{
	char *text = cure_record_sample();
	size_t len = strlen(text);
	struct pc_record r;
	int err;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		text[i] ^= 1;
		err = pc_record_parse(text, len, BOOT, &r);
		assert_true(err == -EBADMSG || err == -EPROTONOSUPPORT);
		text[i] ^= 1;
	}
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		text[i] = '\0';
		err = pc_record_parse(text, i, BOOT, &r);
		assert_true(err == -EBADMSG || err == -EPROTONOSUPPORT);
		assert_int_equal(pc_record_parse(text, len, BOOT, &r), -EBADMSG);
		text[i] = c;
	}
	free(text);
}

static void other_boot_and_version(void **state)
{
	static const char newer[] = "portclash-reserved 2\nboot x\n";
	char *text = cure_record_sample();
	struct pc_record r;

	(void)state;
	assert_int_equal(pc_record_parse(text, strlen(text), OTHER_BOOT, &r), -ESTALE);
	assert_int_equal(pc_record_parse(newer, strlen(newer), BOOT, &r), -EPROTONOSUPPORT);
	free(text);
}

/* The sum is right, and the entry is not. */
static void bad_entries(void **state)
{
	static const char *const entries[] = {
		"kept nobody 1 1 80",	  "kept reserve -1 1 80",
		"kept reserve 1 80",	  "kept reserve 4294967296 1 80",
		"kept reserve 1 1 ",	  "kept reserve 1 18446744073709551616 80",
		"kept reserve 1 1 80,",	  "kept reserve 1 1 65536",
		"kept reserve  1 1 80",	  "kept invalid 1 1 80",
		"kept reserve 1 1 80 90", "",
		"sum 0000000000000000",	  "keep reserve 1 1 80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		uint64_t sum = 0xcbf29ce484222325;
		struct pc_record r;
		char text[256];
		int n = snprintf(text, sizeof(text), "portclash-reserved 1\nboot " BOOT "\n%s\n",
				 entries[i]);

		for (int j = 0; j < n; j++)
			sum = (sum ^ (unsigned char)text[j]) * 0x100000001b3;
		n += snprintf(text + n, sizeof(text) - (size_t)n, "sum %016lx\n",
			      (unsigned long)sum);
		assert_int_equal(pc_record_parse(text, (size_t)n, BOOT, &r), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepers_have_names),
		cmocka_unit_test(keepers_are_told_apart),
		cmocka_unit_test(cookies_tell_namespaces),
		cmocka_unit_test(what_others_removed_is_forgotten),
		cmocka_unit_test(limit_is_kept),
		cmocka_unit_test(cure_record_text_and_back),
		cmocka_unit_test(damage_is_noticed),
		cmocka_unit_test(other_boot_and_version),
		cmocka_unit_test(bad_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
