// SPDX-License-Identifier: GPL-2.0-only
/* The text of `who`: what a server would get, in one row where one is enough, and the command that frees the port. */
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

#include "cases.h"
#include "core/base/time.h"
#include "out/who.h"

static const struct pc_clock clock_read = { .now_ns = 100 * PC_NS_PER_SECOND };
static struct pc_socket found[2];

static struct pc_who_entry who_entry_of(uint8_t proto, bool own)
{
	return (struct pc_who_entry){
		.port = CASE_PORT,
		.proto = proto,
		.netns = CASE_NETNS,
		.own = own,
		.verdict.settings.low = CASE_LOW,
		.verdict.settings.high = CASE_HIGH,
	};
}

static struct pc_socket listening_socket(void)
{
	return (struct pc_socket){
		.inode = 1000,
		.netns = CASE_NETNS,
		.lport = CASE_PORT,
		.family = PC_FAMILY_V4,
		.proto = PC_PROTO_TCP,
		.state = PC_STATE_LISTEN,
		.userlocks = PC_LOCK_PORT,
	};
}

static struct pc_socket client_socket(void)
{
	struct pc_socket s = {
		.inode = 1001,
		.netns = CASE_NETNS,
		.lport = CASE_PORT,
		.rport = 443,
		.family = PC_FAMILY_V4,
		.proto = PC_PROTO_TCP,
		.state = PC_STATE_ESTABLISHED,
		.local = { 127, 0, 0, 1 },
		.remote = { 127, 0, 0, 1 },
		.fastreuse = -1,
		.fastreuseport = -1,
	};

	memcpy(&s.v4_address, s.local, sizeof(s.v4_address));
	return s;
}

static void decide_who(struct pc_who_entry *e, size_t count, bool owned)
{
	pc_who_begin(e, found, count);
	pc_who_decide(e);
	for (unsigned i = 0; i < e->verdict.holders_count && owned; i++) {
		e->verdict.holders[i].owners[0] = case_party(case_thief());
		e->verdict.holders[i].owners_count = 1;
	}
}

static char *written_who(struct pc_who_entry *entries, size_t count)
{
	const struct pc_who_list list = { .entries = entries, .count = count };
	struct pc_log log = { .fd = memfd_create("who", MFD_CLOEXEC) };
	char *text = calloc(1, 16384);

	assert_non_null(text);
	assert_int_equal(pc_who_text_entries(&log, &clock_read, &list, false), 0);
	assert_true(pread(log.fd, text, 16383, 0) > 0);
	close(log.fd);
	return text;
}

static void expect_who(struct pc_who_entry *entries, size_t count, const char *words)
{
	char *text = written_who(entries, count);

	if (!strstr(text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, text);
	free(text);
}

static void expect_not_who(struct pc_who_entry *e, const char *words)
{
	char *text = written_who(e, 1);

	if (strstr(text, words))
		fail_msg("\"%s\" is in \"%s\"", words, text);
	free(text);
}

static void a_listener(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_TCP, true);

	(void)state;
	found[0] = listening_socket();
	decide_who(&e, 1, true);
	expect_who(
		&e, 1,
		"is refused, whatever address and options it has: listener, reuseport-mismatch, dual-stack; by ");
	expect_who(&e, 1, "\n                portclash free 35000 --stop\n");
	expect_who(&e, 1, "; its process started ");
	expect_not_who(&e, "without options");
}

static void a_client(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_TCP, true);

	(void)state;
	found[0] = client_socket();
	decide_who(&e, 1, true);
	expect_who(&e, 1, "\n                portclash free 35000\n");
	expect_not_who(&e, "--stop");
}

/* A client asked for the port by number: no end of its connection gives the port back. */
static void a_client_by_number(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_TCP, true);

	(void)state;
	found[0] = client_socket();
	found[0].userlocks = PC_LOCK_PORT;
	decide_who(&e, 1, true);
	expect_who(&e, 1, "portclash free 35000 --stop\n");
}

/* The command has to say all that `free` would not assume. */
static void elsewhere_and_udp(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_UDP, false);

	(void)state;
	found[0] = listening_socket();
	found[0].proto = PC_PROTO_UDP;
	found[0].state = PC_STATE_CLOSE;
	e.wanted_family = PC_FAMILY_V4;
	e.wanted[0] = 127;
	e.wanted[3] = 1;
	decide_who(&e, 1, true);
	expect_who(&e, 1,
		   "portclash free 35000/udp --stop --address 127.0.0.1 --netns 4026531840\n");
	expect_who(&e, 1, "whatever options it sets: wildcard-overlap; by ");
}

/* Two processes, or an option that lets the server in: each row is needed. */
static void answers_that_differ(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_TCP, true);

	(void)state;
	found[0] = client_socket();
	found[0].state = PC_STATE_TIME_WAIT;
	found[0].reuse = 1;
	decide_who(&e, 1, false);
	expect_who(&e, 1, "    without options  refused: time-wait\n");
	expect_who(&e, 1, "    SO_REUSEADDR     allowed\n");
}

static void held_by_no_process(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_TCP, true);

	(void)state;
	found[0] = listening_socket();
	decide_who(&e, 1, false);
	expect_who(&e, 1, "`portclash explain kernel-socket`");
	expect_not_who(&e, "portclash free");
}

/* Without root the advice would be a guess. */
static void seen_in_part(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_TCP, true);

	(void)state;
	found[0] = listening_socket();
	e.blind = true;
	decide_who(&e, 1, false);
	expect_not_who(&e, "what to do");
}

static void held_elsewhere(void **state)
{
	struct pc_who_entry e[3] = { who_entry_of(PC_PROTO_TCP, false),
				     who_entry_of(PC_PROTO_TCP, false),
				     who_entry_of(PC_PROTO_UDP, false) };

	(void)state;
	found[0] = listening_socket();
	e[0].elsewhere = true;
	e[0].netns = e[2].netns = 0;
	decide_who(&e[1], 1, true);
	expect_who(e, 3,
		   "tcp port 35000: nobody holds it in this network namespace; a server gets it\n"
		   "elsewhere: tcp port 35000 in network namespace 4026531840");
	expect_who(e, 3, "\nudp port 35000: nobody holds it\n");
	e[0].uid = 65534;
	e[0].unprivileged_start = CASE_PORT + 1;
	expect_who(e, 3, "in this network namespace, but the kernel refuses it to a server of uid");
	expect_not_who(e, "gets it");
}

static void refused_to_the_user(void **state)
{
	struct pc_who_entry e = who_entry_of(PC_PROTO_TCP, true);

	(void)state;
	e.netns = 0;
	e.uid = 65534;
	e.unprivileged_start = CASE_PORT + 1;
	expect_who(&e, 1, "nobody holds it, but the kernel refuses it to a server of uid 65534");
	expect_who(&e, 1, "CAP_NET_BIND_SERVICE: privileged-port\n");
	e.unprivileged_start = CASE_PORT;
	expect_not_who(&e, "refuses");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener),	       cmocka_unit_test(a_client),
		cmocka_unit_test(a_client_by_number),  cmocka_unit_test(elsewhere_and_udp),
		cmocka_unit_test(answers_that_differ), cmocka_unit_test(held_by_no_process),
		cmocka_unit_test(seen_in_part),	       cmocka_unit_test(held_elsewhere),
		cmocka_unit_test(refused_to_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
