// SPDX-License-Identifier: GPL-2.0-only
/* The words and the JSON of a flight recorder's answer: what they claim about a socket whose end nobody saw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/ports.h"
#include "core/base/time.h"
#include "core/flight/flight.h"
#include "out/flight.h"

static const struct pc_flight_losses nothing_lost;

#define NOW (UINT64_C(1796045400) * PC_NS_PER_SECOND)
#define SLOTS 64
#define SIZE (PC_FLIGHT_SLOTS_AT + SLOTS * PC_FLIGHT_SLOT)
#define KEEP (3600 * PC_NS_PER_SECOND)
#define AT(seconds) (NOW + (seconds)*PC_NS_PER_SECOND)

struct recorder {
	_Alignas(8) uint8_t map[SIZE];
	struct pc_flight *flight;
	uint64_t ports[PC_PORT_WORDS];
	struct pc_flight_question q;
	struct pc_flight_answer a;
	char *text;
};

static int setup_recorder(void **state)
{
	struct recorder *r = calloc(1, sizeof(*r));

	r->flight = pc_flight_new(r->map, SIZE, KEEP, NOW);
	pc_flight_begin(r->flight, NOW);
	r->q.ports = r->ports;
	pc_ports_add(r->ports, 8080);
	setenv("TZ", "UTC", 1);
	*state = r;
	return 0;
}

static int teardown_recorder(void **state)
{
	struct recorder *r = *state;

	pc_flight_free(r->flight);
	free(r->text);
	free(r);
	return 0;
}

/* A claim of port 8080 by user 1000; its cookie is the time. */
static void claim_8080(struct recorder *r, uint8_t proto, enum pc_how how, uint64_t seconds)
{
	struct pc_identity who = { .key = { .tgid = 77 }, .uid = 1000, .comm = "srv" };
	struct pc_claim c = {
		.time_ns = seconds * PC_NS_PER_SECOND,
		.cookie = seconds,
		.netns = 7,
		.how = how,
		.proto = proto,
		.family = PC_FAMILY_V4,
		.claimer = { .who = &who, .key = who.key },
		.ends_known = true,
		.ends = { .lport = 8080, .family = PC_FAMILY_V4 },
	};

	c.ends.rport = how == PC_HOW_CONNECT ? 443 : 0;
	pc_flight_claim(r->flight, &c, NOW);
}

/* The agent is killed at its last sign of life, and another one begins so long after NOW. */
static void another_agent(struct recorder *r, uint64_t seconds)
{
	pc_flight_free(r->flight);
	r->flight = pc_flight_new(r->map, SIZE, KEEP, AT(seconds));
	pc_flight_begin(r->flight, AT(seconds));
}

static void ask_8080(struct recorder *r, uint64_t seconds, bool json)
{
	const struct pc_flight_view v = { "8080", "flight", &r->q, &r->a };
	struct pc_log log = { .fd = memfd_create("flight", MFD_CLOEXEC) };
	const struct pc_clock clock = { 0, NOW };

	r->q.from_ns = AT(seconds);
	r->q.to_ns = AT(seconds + 1) - 1;
	assert_null(pc_flight_wrong(r->map, SIZE));
	pc_flight_ask(r->map, SIZE, &r->q, &r->a);
	free(r->text);
	r->text = calloc(1, 65536);
	assert_int_equal(json ? pc_flight_json(&log, &clock, &v) : pc_flight_text(&log, &v), 0);
	assert_true(pread(log.fd, r->text, 65535, 0) > 0);
	close(log.fd);
}

static void expect_flight_words(const struct recorder *r, const char *words)
{
	if (!strstr(r->text, words))
		fail_msg("expected \"%s\" in: %s", words, r->text);
}

static void expect_no_flight_words(const struct recorder *r, const char *words)
{
	if (strstr(r->text, words))
		fail_msg("did not expect \"%s\" in: %s", words, r->text);
}

/* Three processes bound the port one after the other and closed it: nothing reports the end of such a socket. */
static void sockets_without_an_end_are_perhaps(void **state)
{
	static const uint8_t protos[] = { PC_PROTO_TCP, PC_PROTO_UDP };
	struct recorder *r = *state;

	for (unsigned i = 0; i < 3; i++)
		claim_8080(r, protos[i % 2], PC_HOW_BIND, 10 + i);
	pc_flight_round(r->flight, &nothing_lost, AT(60));
	ask_8080(r, 30, false);
	expect_flight_words(r, ": 3 claims that may have had it\n");
	expect_flight_words(r, "\n  perhaps     srv[77], user 1000");
	expect_flight_words(r, "no end is recorded: it may have been closed before");
	expect_no_flight_words(r, "held by");
	expect_no_flight_words(r, "still open");
	assert_int_equal(r->a.certain, 0);
	ask_8080(r, 30, true);
	expect_flight_words(r, "\"when\":\"perhaps\"");
	expect_flight_words(r, "\"claims\":3,\"certain\":0");
	expect_no_flight_words(r, "\"when\":\"then\"");
}

static void a_server_still_listens(void **state)
{
	struct recorder *r = *state;

	claim_8080(r, PC_PROTO_TCP, PC_HOW_BIND, 10);
	pc_flight_listens(r->flight, 10, true);
	pc_flight_round(r->flight, &nothing_lost, AT(60));
	ask_8080(r, 30, false);
	expect_flight_words(r, ": 1 claim\n  held by     srv[77]");
	expect_flight_words(r, "still open at ");
	assert_int_equal(r->a.certain, 1);
	pc_flight_end(r->flight, 10, PC_STATE_LISTEN, AT(70));
	ask_8080(r, 80, false);
	expect_flight_words(r, "closed at ");
	assert_int_equal(r->a.certain, 0);
	assert_ptr_equal(r->a.listener, r->a.before);
	assert_non_null(r->a.listener);
}

/* shutdown() ends the listening, and not the claim. */
static void a_server_that_listens_no_more_is_perhaps(void **state)
{
	static const uint8_t hows[] = { PC_HOW_BIND, PC_HOW_AUTOBIND };
	struct recorder *r = *state;

	for (unsigned i = 0; i < 2; i++) {
		claim_8080(r, PC_PROTO_TCP, hows[i], 10 + i);
		pc_flight_listens(r->flight, 10 + i, true);
		pc_flight_listens(r->flight, 10 + i, false);
	}
	pc_flight_round(r->flight, &nothing_lost, AT(60));
	ask_8080(r, 30, false);
	expect_flight_words(r, ": 2 claims that may have had it\n");
	assert_int_equal(r->a.certain, 0);
	pc_flight_listens(r->flight, 10, true);
	ask_8080(r, 30, false);
	assert_int_equal(r->a.certain, 1);
}

static void a_connection_is_still_open(void **state)
{
	struct recorder *r = *state;

	claim_8080(r, PC_PROTO_TCP, PC_HOW_CONNECT, 10);
	claim_8080(r, PC_PROTO_UDP, PC_HOW_BIND, 11);
	pc_flight_round(r->flight, &nothing_lost, AT(60));
	ask_8080(r, 30, false);
	expect_flight_words(r, ": 2 claims, 1 of them that may have had it\n  held by     srv[77]");
	expect_flight_words(r, "still open at ");
	assert_int_equal(r->a.certain, 1);
	pc_flight_round(r->flight, &(struct pc_flight_losses){ .records = 3 }, AT(61));
	ask_8080(r, 30, false);
	expect_flight_words(r, "still open at ");
	expect_flight_words(r, "3 records lost by the kernel side");
	/* The record of its end may be one of those that were lost. */
	pc_flight_round(r->flight, &(struct pc_flight_losses){ 5, 5 }, AT(62));
	ask_8080(r, 30, false);
	expect_flight_words(r, ": 2 claims that may have had it\n");
	expect_flight_words(r, "no end is recorded, but records were lost");
}

/* The agent was killed, then the process: the next agent cannot know of its end. */
static void after_a_gap_it_is_perhaps(void **state)
{
	struct recorder *r = *state;

	claim_8080(r, PC_PROTO_TCP, PC_HOW_CONNECT, 10);
	pc_flight_round(r->flight, &nothing_lost, AT(20));
	another_agent(r, 100);
	pc_flight_round(r->flight, &nothing_lost, AT(200));
	ask_8080(r, 150, false);
	expect_flight_words(r, ": 1 claim that may have had it\n  perhaps     srv[77]");
	expect_flight_words(r, "last seen open at ");
	assert_int_equal(r->a.certain, 0);
	ask_8080(r, 15, false);
	expect_flight_words(r, "held by     srv[77]");
	assert_int_equal(r->a.certain, 1);
}

/* A connection that the listener accepted outlives it, and makes no claim of its own. */
static void a_closed_listener_may_have_left_connections(void **state)
{
	static const char note[] = "connections that it accepted may have kept the port";
	struct recorder *r = *state;

	claim_8080(r, PC_PROTO_TCP, PC_HOW_BIND, 10);
	pc_flight_end(r->flight, 10, PC_STATE_LISTEN, AT(20));
	claim_8080(r, PC_PROTO_TCP, PC_HOW_CONNECT, 30);
	pc_flight_end(r->flight, 30, PC_STATE_LAST_ACK, AT(40));
	pc_flight_round(r->flight, &nothing_lost, AT(100));
	ask_8080(r, 15, false);
	expect_flight_words(r, "held by     srv[77]");
	ask_8080(r, 25, false);
	expect_flight_words(
		r,
		": no claim is recorded, but connections of an earlier listener may have had it\n");
	expect_flight_words(r, note);
	ask_8080(r, 50, false);
	expect_flight_words(r, note);
	assert_ptr_not_equal(r->a.listener, r->a.before);
	ask_8080(r, 50, true);
	expect_flight_words(r, "\"listened\":true");
	ask_8080(r, 5, false);
	expect_flight_words(r, ": no claim is recorded\n");
	assert_null(r->a.listener);
}

/* The attack: newer claims that may have had the port hide the one that had it. */
static void claims_without_an_end_hide_no_holder(void **state)
{
	struct recorder *r = *state;

	claim_8080(r, PC_PROTO_TCP, PC_HOW_CONNECT, 1);
	for (unsigned i = 0; i < PC_FLIGHT_ANSWERS + 4; i++)
		claim_8080(r, PC_PROTO_UDP, PC_HOW_BIND, 2 + i);
	pc_flight_round(r->flight, &nothing_lost, AT(100));
	ask_8080(r, 60, false);
	expect_flight_words(r, "claims, 36 of them that may have had it\n  held by     srv[77]");
	expect_flight_words(r, "and 5 further claims\n");
	expect_no_flight_words(r, "older claims");
}

/* A recorder from elsewhere, with checks that fit. */
static void numbers_that_json_lacks_are_clamped(void **state)
{
	struct recorder *r = *state;
	struct pc_flight_state *s = (void *)(r->map + PC_FLIGHT_STATE_AT);
	struct pc_claim c = { .port = 8080, .how = PC_HOW_BIND, .proto = PC_PROTO_TCP };

	c.time_ns = PC_NS_PER_SECOND;
	pc_flight_claim(r->flight, &c, NOW);
	pc_flight_round(r->flight, &nothing_lost, AT(10));
	for (unsigned copy = 0; copy < 2; copy++) {
		s->losers[0] = (struct pc_flight_loser){ UINT64_MAX, UINT64_MAX };
		s->expired = UINT64_MAX;
		s->check = pc_flight_sum(s, offsetof(struct pc_flight_state, check));
		s = (void *)((uint8_t *)s + PC_FLIGHT_STATE_STEP);
	}
	ask_8080(r, 5, true);
	expect_flight_words(
		r, "\"overwritten_users\":[{\"uid\":null,\"overwritten\":9223372036854775807}]");
	expect_flight_words(r, "\"expired\":9223372036854775807");
	expect_flight_words(r, "\"uid\":null,\"unit\":null");
	expect_no_flight_words(r, ":-1");
	ask_8080(r, 5, false);
	expect_flight_words(r, "perhaps     [0], user unknown\n");
	expect_flight_words(r, "at most 18446744073709551615, user unknown\n");
}

/* The slot with a claim of this port; NULL: there is none. */
static const struct pc_flight_slot *slot_of_port(const struct recorder *r, uint16_t port)
{
	const struct pc_flight_slot *slots = (const void *)(r->map + PC_FLIGHT_SLOTS_AT);

	for (unsigned i = 0; i < SLOTS; i++)
		if (slots[i].port == port)
			return &slots[i];
	return NULL;
}

/* A claim of a service with long names, by `container` where it is not NULL. */
static void claim_named(struct recorder *r, uint16_t port, const char *unit, const char *inner,
			const char *container)
{
	struct pc_identity who = { .key = { .tgid = 1 }, .uid = 0, .comm = "srv" };
	struct pc_claim c = {
		.time_ns = PC_NS_PER_SECOND,
		.cookie = port,
		.how = PC_HOW_BIND,
		.proto = PC_PROTO_TCP,
		.port = port,
		.claimer = { .who = &who, .key = who.key },
	};

	who.unit = (char *)unit;
	who.inner_unit = (char *)inner;
	who.container = (char *)container;
	who.container_word = container ? PC_WORD_SYSTEM : PC_WORD_NONE;
	who.exe = (char *)"/opt/a/very/long/path/to/the/executable/of/it/server";
	pc_flight_claim(r->flight, &c, NOW);
}

static void a_text_that_is_cut_says_so(void **state)
{
	struct recorder *r = *state;
	static const char id[] = "4a2f00000000000000000000000000000000000000000000000000000000beef";
	char scope[PC_UNIT_NAME], umlauts[PC_UNIT_NAME] = "";
	const struct pc_flight_slot *s;

	snprintf(scope, sizeof(scope), "docker-%s.scope", id);
	claim_named(r, 1, scope, NULL, id);
	s = slot_of_port(r, 1);
	assert_string_equal(s->unit, "docker-4a2f00000000000000000000000000000000000000000\u2026");
	assert_string_equal(s->container, "4a2f000000000000000000000000\u2026");
	assert_string_equal(s->exe, "\u2026long/path/to/the/executable/of/it/server");
	claim_named(r, 2, "user@1000.service",
		    "app-gnome-org.example.LongNameOfAnApplication-4711.scope", NULL);
	s = slot_of_port(r, 2);
	assert_string_equal(s->unit, "\u2026gnome-org.example.LongNameOfAnApplication-4711.scope");
	/* No character is cut in the middle. */
	for (unsigned i = 0; i < 60; i++)
		strcat(umlauts, "\u00fc");
	claim_named(r, 3, umlauts, NULL, NULL);
	s = slot_of_port(r, 3);
	assert_int_equal(strlen(s->unit), 2 * 26 + strlen("\u2026"));
}

/* Containers whose names begin alike are two users: the flood of one pushes out nothing of the other. */
static void containers_of_like_names_have_two_shares(void **state)
{
	static const char quiet[] = "k8s_web_web-0000000000-aaaaa_shop_1",
			  loud[] = "k8s_web_web-0000000000-aaaaa_shop_2";
	struct recorder *r = *state;

	for (uint16_t i = 0; i < 8; i++)
		claim_named(r, 100 + i, NULL, NULL, quiet);
	for (uint16_t i = 0; i < 4 * SLOTS; i++)
		claim_named(r, 1000 + i, NULL, NULL, loud);
	for (uint16_t i = 0; i < 8; i++)
		assert_non_null(slot_of_port(r, 100 + i));
}

/* A process that is not known is no claim of root, and takes no room of root's. */
static void an_unknown_process_is_not_root(void **state)
{
	struct recorder *r = *state;
	struct pc_claim c = { .how = PC_HOW_BIND, .proto = PC_PROTO_TCP };

	for (uint16_t i = 0; i < 8; i++)
		claim_named(r, 100 + i, NULL, NULL, NULL);
	c.time_ns = 2 * PC_NS_PER_SECOND;
	for (c.port = 1000; c.port < 1000 + 4 * SLOTS; c.port++)
		pc_flight_claim(r->flight, &c, NOW);
	for (uint16_t i = 0; i < 8; i++)
		assert_non_null(slot_of_port(r, 100 + i));
	assert_true(slot_of_port(r, 1000 + 4 * SLOTS - 1)->uid == PC_FLIGHT_NOBODY);
	pc_flight_round(r->flight, &nothing_lost, AT(5));
	ask_8080(r, 1, true);
	expect_flight_words(r, "\"overwritten_users\":[{\"uid\":null,");
	expect_no_flight_words(r, "{\"uid\":0,");
}

#define ON_RECORDER(test) cmocka_unit_test_setup_teardown(test, setup_recorder, teardown_recorder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_RECORDER(sockets_without_an_end_are_perhaps),
		ON_RECORDER(a_server_still_listens),
		ON_RECORDER(a_server_that_listens_no_more_is_perhaps),
		ON_RECORDER(a_connection_is_still_open),
		ON_RECORDER(after_a_gap_it_is_perhaps),
		ON_RECORDER(a_closed_listener_may_have_left_connections),
		ON_RECORDER(claims_without_an_end_hide_no_holder),
		ON_RECORDER(numbers_that_json_lacks_are_clamped),
		ON_RECORDER(a_text_that_is_cut_says_so),
		ON_RECORDER(containers_of_like_names_have_two_shares),
		ON_RECORDER(an_unknown_process_is_not_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
