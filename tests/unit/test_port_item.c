// SPDX-License-Identifier: GPL-2.0-only
/* Ports as a person writes them: every form that is accepted, and a reason for all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/nearest.h"
#include "core/base/port_item.h"
#include "core/base/ports.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

#define SHAPE "expected PORT, PORT/tcp or PORT/udp, not "

static bool known_service(const char *name, unsigned *port)
{
	*port = !strcmp(name, "https") ? 443 : !strcmp(name, "9pfs") ? 564 : 8080;
	return !strcmp(name, "https") || !strcmp(name, "9pfs") || !strcmp(name, "http-alt");
}

static const struct pc_port_reader reader = { .service = known_service, .least = 1 };

/* "8000-8010 tcp 127.0.0.1" */
static void show_port_item(const struct pc_port_item *item, char *out, size_t size)
{
	char address[INET6_ADDRSTRLEN] = "";

	if (item->family)
		inet_ntop(item->family, item->address, address, sizeof(address));
	snprintf(out, size, "%u-%u%s%s%s%s", item->low, item->high, item->tcp ? " tcp" : "",
		 item->udp ? " udp" : "", *address ? " " : "", address);
}

static void accepted(void **state)
{
	static const struct {
		const char *text, *want;
	} all[] = {
		{ "8080", "8080-8080 tcp udp" },
		{ "1", "1-1 tcp udp" },
		{ "65535", "65535-65535 tcp udp" },
		{ "00080", "80-80 tcp udp" },
		{ ":8080", "8080-8080 tcp udp" },
		{ "*:8080", "8080-8080 tcp udp" },
		{ "127.0.0.1:8080", "8080-8080 tcp udp 127.0.0.1" },
		{ "0.0.0.0:8080", "8080-8080 tcp udp 0.0.0.0" },
		{ "[::1]:8080", "8080-8080 tcp udp ::1" },
		{ "[::]:8080", "8080-8080 tcp udp ::" },
		{ "[::ffff:1.2.3.4]:80", "80-80 tcp udp ::ffff:1.2.3.4" },
		{ "8080/tcp", "8080-8080 tcp" },
		{ "8080/UDP", "8080-8080 udp" },
		{ "tcp/8080", "8080-8080 tcp" },
		{ "udp/8000-8010", "8000-8010 udp" },
		{ "8000-8010", "8000-8010 tcp udp" },
		{ "8000-8000/tcp", "8000-8000 tcp" },
		{ "1-65535", "1-65535 tcp udp" },
		{ "https", "443-443 tcp udp" },
		{ "https/tcp", "443-443 tcp" },
		{ "tcp/https", "443-443 tcp" },
		{ "http-alt", "8080-8080 tcp udp" },
		{ "9pfs", "564-564 tcp udp" },
		{ "127.0.0.1:https/tcp", "443-443 tcp 127.0.0.1" },
		{ "tcp/[::1]:8000-8010", "8000-8010 tcp ::1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		char reason[PC_PORT_REASON] = "", have[128];
		struct pc_port_item item;

		if (pc_port_item_parse(all[i].text, strlen(all[i].text), &reader, &item, reason))
			fail_msg("\"%s\": %s", all[i].text, reason);
		show_port_item(&item, have, sizeof(have));
		assert_string_equal(have, all[i].want);
	}
}

static void rejected(void **state)
{
	static const struct {
		const char *text, *reason;
	} all[] = {
		{ "", SHAPE "\"\"" },
		{ "x:y:z", "\"x:y:z\" is unclear: write an IPv6 address as [::1]:8080" },
		{ "80x", SHAPE "\"80x\"" },
		{ "-80", SHAPE "\"-80\"" },
		{ "+80", SHAPE "\"+80\"" },
		{ "80-", SHAPE "\"80-\"" },
		{ "80-90-100", SHAPE "\"80-90-100\"" },
		{ "0x50", SHAPE "\"0x50\"" },
		{ "80/sctp", SHAPE "\"80/sctp\"" },
		{ "80/", SHAPE "\"80/\"" },
		{ "/tcp", SHAPE "\"/tcp\"" },
		{ "tcp/", SHAPE "\"tcp/\"" },
		{ "tcp/80/tcp", SHAPE "\"tcp/80/tcp\"" },
		{ "tcp/80/udp", SHAPE "\"tcp/80/udp\"" },
		{ "http://localhost:80/", SHAPE "\"http://localhost:80/\"" },
		{ ":", SHAPE "\":\"" },
		{ "127.0.0.1:", SHAPE "\"127.0.0.1:\"" },
		{ "[::1]", SHAPE "\"[::1]\"" },
		{ "[::1]:", SHAPE "\"[::1]:\"" },
		{ "8 0", SHAPE "\"8 0\"" },
		{ "80\t", SHAPE "\"80\t\"" },
		{ "\xd9\xa8\xd9\xa0", SHAPE "\"\xd9\xa8\xd9\xa0\"" },
		{ "0", "port 0 is out of range: expected 1 to 65535" },
		{ "65536", "port 65536 is out of range: expected 1 to 65535" },
		{ "4294967376", "port 4294967376 is out of range: expected 1 to 65535" },
		{ "18446744073709551696",
		  "port 18446744073709551696 is out of range: expected 1 to 65535" },
		{ "0-10", "port 0 is out of range: expected 1 to 65535" },
		{ "10-70000", "port 70000 is out of range: expected 1 to 65535" },
		{ "8010-8000", "range 8010-8000 runs backwards: write 8000-8010" },
		{ "htps", "\"htps\" is not a service in /etc/services: write the port's number" },
		{ "localhost:80",
		  "\"localhost\" is not an IP address: write 127.0.0.1:8080 or [::1]:8080" },
		{ "300.1.1.1:80",
		  "\"300.1.1.1\" is not an IP address: write 127.0.0.1:8080 or [::1]:8080" },
		{ "[::g]:80", "\"::g\" is not an IP address: write 127.0.0.1:8080 or [::1]:8080" },
		{ "[fe80::1%eth0]:80",
		  "\"fe80::1%eth0\" is not an IP address: write 127.0.0.1:8080 or [::1]:8080" },
		{ "::1", "\"::1\" has no port: write [::1]:8080" },
		{ "fe80::1:8080", "\"fe80::1:8080\" has no port: write [::1]:8080" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		char reason[PC_PORT_REASON] = "";
		struct pc_port_item item = { .low = 7 };

		assert_int_equal(pc_port_item_parse(all[i].text, strlen(all[i].text), &reader,
						    &item, reason),
				 -EINVAL);
		assert_string_equal(reason, all[i].reason);
		assert_true(strlen(reason) <= 100);
		assert_int_equal(item.low, 7);
	}
}

static void without_names(void **state)
{
	static const struct pc_port_reader numbers = { .least = 0 };
	char reason[PC_PORT_REASON];
	struct pc_port_item item;

	(void)state;
	assert_int_equal(pc_port_item_parse("https", 5, &numbers, &item, reason), -EINVAL);
	assert_int_equal(pc_port_item_parse("0", 1, &numbers, &item, reason), 0);
	assert_int_equal(item.low, 0);
}

static int unite(void *set, const struct pc_port_item *item)
{
	pc_port_item_add(item, set);
	return 0;
}

static void lists(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: rejected */
	} all[] = {
		{ "80", "80" },
		{ "80,81 , 90-92", "80-81,90-92" },
		{ " https,\t127.0.0.1:http-alt/tcp", "443,8080" },
		{ "1-65535", "1-65535" },
		{ "", NULL },
		{ ",", NULL },
		{ "80,", NULL },
		{ ",80", NULL },
		{ "80,,90", NULL },
		{ "80 90", NULL },
		{ "80;90", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		uint64_t set[PC_PORT_WORDS] = { 0 };
		char reason[PC_PORT_REASON] = "", *have;
		int err = pc_port_items_parse(all[i].text, &reader, unite, set, reason);

		assert_int_equal(err, all[i].want ? 0 : -EINVAL);
		if (err) {
			assert_true(*reason);
			continue;
		}
		have = pc_ports_format(set);
		assert_string_equal(have, all[i].want);
		free(have);
	}
}

static int refuse_second(void *context, const struct pc_port_item *item)
{
	(void)item;
	return ++*(int *)context == 2 ? -E2BIG : 0;
}

static void taker_ends_the_list(void **state)
{
	char reason[PC_PORT_REASON];
	int calls = 0;

	(void)state;
	assert_int_equal(pc_port_items_parse("1,2,wrong", &reader, refuse_second, &calls, reason),
			 -E2BIG);
	assert_int_equal(calls, 2);
}

/* Text of any length and any bytes ends in an item or in a short reason. */
static void port_items_hostile(void **state)
{
	static const char bytes[] = "0123456789-/:[].,*tcpudhs \xff\xc3\n";
	char text[400];

	(void)state;
	srand(14);
	for (int round = 0; round < 20000; round++) {
		uint64_t set[PC_PORT_WORDS] = { 0 };
		size_t len = (size_t)rand() % (round % 100 ? 24 : sizeof(text));
		char reason[PC_PORT_REASON] = "", *exact;
		int err;

		for (size_t i = 0; i < len; i++)
			text[i] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		exact = strndup(text, len);
		assert_non_null(exact);
		err = pc_port_items_parse(exact, &reader, unite, set, reason);
		assert_true(err == 0 || err == -EINVAL);
		assert_int_equal(!err, !*reason);
		assert_int_equal(!err, !pc_ports_is_empty(set) && !err);
		assert_true(strlen(reason) <= 120);
		free(exact);
	}
}

static const char *nearest_word_at(const void *words, size_t index)
{
	return ((const char *const *)words)[index];
}

static void nearest(void **state)
{
	static const char *const words[] = { "netns", NULL, "json", "no-reserve", "reserve" };
	static const struct {
		const char *word, *want;
	} all[] = {
		{ "nets", "netns" },
		{ "jsn", "json" },
		{ "reserv", "reserve" },
		{ "json", "json" },
		{ "norreserve", "no-reserve" },
		{ "x", NULL },
		{ "", NULL },
		{ "something", NULL },
		{ "jsonjsonjsonjsonjsonjsonjsonjsonjsonjsonjsonjsonjsonjson", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		const char *have = pc_nearest(all[i].word, nearest_word_at, words, COUNT_OF(words));

		if (all[i].want)
			assert_string_equal(have, all[i].want);
		else
			assert_null(have);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(rejected),
		cmocka_unit_test(without_names),
		cmocka_unit_test(lists),
		cmocka_unit_test(taker_ends_the_list),
		cmocka_unit_test(port_items_hostile),
		cmocka_unit_test(nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
