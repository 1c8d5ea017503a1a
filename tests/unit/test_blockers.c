// SPDX-License-Identifier: GPL-2.0-only
/* The advice is for all that keeps the port: every process once and the makers first, one filter for all
 * connections that no process has, and a word about the sockets that were not described. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/blockers.h"
#include "core/verdict/decide.h"

static struct pc_identity workers[PC_OWNERS_MAX];

static struct pc_party worker(unsigned i)
{
	workers[i] = *case_other();
	workers[i].key.tgid = 5000 + i;
	return case_party(&workers[i]);
}

static struct pc_holder *dead(struct pc_verdict *v, uint16_t rport)
{
	struct pc_holder *h = case_holder(v, PC_STATE_FIN_WAIT2);

	h->socket.flags |= PC_SOCKET_DEAD | PC_SOCKET_ORPHAN;
	h->socket.rport = rport;
	return h;
}

static void blockers_advise(struct pc_verdict *v)
{
	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
}

static const struct pc_fix *fix_of(const struct pc_verdict *v, const char *command)
{
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (v->fixes[i].command && !strncmp(v->fixes[i].command, command, strlen(command)))
			return &v->fixes[i];
	return NULL;
}

/* The maker comes first, whichever was found first; a process with two sockets is named once. */
static void makers_first(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_listener(&v);
	h->owners[0] = worker(0);
	h->owners[1] = h->claimer = case_party(case_thief());
	h->owners_count = 2;
	h = case_accepted(&v);
	h->owners[0] = worker(0);
	h->owners[1] = worker(1);
	h->owners_count = 2;
	blockers_advise(&v);
	assert_string_equal(fix_of(&v, "kill ")->command, "kill 4120 5000 5001");
	assert_non_null(strstr(fix_of(&v, "kill ")->what, "TIME_WAIT can keep the port"));
	assert_non_null(
		strstr(v.explanation, "one of 2 sockets that keep the port, of 3 processes"));
	pc_verdict_clear(&v);
}

/* A process that runs, but has closed its socket, need not be stopped. */
static void closed_by_a_living_process(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = dead(&v, 9);
	h->claimer = case_party(case_thief());
	h->how = PC_HOW_CONNECT;
	blockers_advise(&v);
	assert_null(fix_of(&v, "kill "));
	assert_non_null(fix_of(&v, "portclash free "));
	pc_verdict_clear(&v);
}

/* The connection alone is ended first, and then its process, as another way. What would stay in the way, or must not
 * be touched, leaves the process only. */
static void connection_before_process(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_client(&v);
	h->claimer = h->owners[0] = case_party(case_thief());
	h->owners_count = 1;
	blockers_advise(&v);
	assert_int_equal(v.cause, PC_CAUSE_EPHEMERAL_CLIENT);
	assert_string_equal(v.fixes[0].command, "portclash free 35000");
	assert_string_equal(v.fixes[1].command, "kill 4120");
	assert_memory_equal(v.fixes[1].what, "or stop pid 4120", 16);
	pc_verdict_clear(&v);

	h->how = PC_HOW_BIND; /* the kernel gives back only a port that it chose */
	blockers_advise(&v);
	assert_int_equal(v.cause, PC_CAUSE_EXPLICIT_CLIENT);
	assert_string_equal(v.fixes[0].command, "kill 4120");
	assert_memory_equal(v.fixes[0].what, "stop pid 4120", 13);
	pc_verdict_clear(&v);

	h->how = PC_HOW_CONNECT;
	dead(&v, 9);
	blockers_advise(&v);
	assert_string_equal(v.fixes[0].command, "kill 4120");
	pc_verdict_clear(&v);
}

static void one_command_for_all_dead(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	dead(&v, 1);
	dead(&v, 2);
	blockers_advise(&v);
	assert_non_null(strstr(fix_of(&v, "portclash free ")->what, "these 2 connections"));
	pc_verdict_clear(&v);

	case_time_wait(&v)->socket.seconds_left = 17;
	blockers_advise(&v);
	assert_non_null(strstr(fix_of(&v, "portclash free ")->what, "up to 17 s"));
	pc_verdict_clear(&v);
}

/* The last of several TIME_WAITs counts, and one that does not tell counts as the longest. */
static void longest_time_wait(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_time_wait(&v)->socket.seconds_left = 3;
	case_time_wait(&v)->socket.seconds_left = 41;
	blockers_advise(&v);
	assert_string_equal(v.fixes[0].what, "try again, they end by themselves within 41 s");
	pc_verdict_clear(&v);

	case_time_wait(&v)->socket.seconds_left = 0;
	blockers_advise(&v);
	assert_string_equal(v.fixes[0].what, "try again, they end by themselves within 60 s");
	pc_verdict_clear(&v);
}

/* Sockets that the kernel side left out block, unless it had room for a socket that does not. */
static void unseen_sockets(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	for (unsigned i = 0; i < PC_HOLDERS_MAX; i++)
		case_listener(&v);
	v.holders_total = 200;
	blockers_advise(&v);
	assert_string_equal(fix_of(&v, "portclash free")->command, "portclash free 35000 --stop");
	assert_non_null(strstr(v.explanation, "one of 200 sockets on the port, of which 16"));
	pc_verdict_clear(&v);

	v.monitor_netns = 1;
	blockers_advise(&v);
	assert_string_equal(fix_of(&v, "portclash free")->command,
			    "portclash free 35000 --stop --netns 4026531840");
	pc_verdict_clear(&v);

	case_refusal(&v);
	case_listener(&v);
	for (unsigned i = 1; i < PC_HOLDERS_MAX; i++)
		case_client(&v)->socket.reuse = 1;
	v.request.socket.reuse = 1;
	v.holders_total = 200;
	blockers_advise(&v);
	assert_null(fix_of(&v, "portclash free"));
	pc_verdict_clear(&v);
}

static void more_owners_than_named(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_listener(&v);
	for (unsigned i = 0; i < PC_OWNERS_MAX; i++)
		h->owners[i] = worker(i);
	h->claimer = h->owners[0];
	h->owners_count = PC_OWNERS_MAX;
	h->owners_more = 3;
	blockers_advise(&v);
	assert_non_null(strstr(v.explanation, "more than 8 processes have its socket open"));
	assert_non_null(fix_of(&v, "kill 5000 5001 5002 5003 5004 5005 5006 5007"));
	assert_non_null(strstr(v.fixes[1].what, "then try again"));
	pc_verdict_clear(&v);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(makers_first),
		cmocka_unit_test(closed_by_a_living_process),
		cmocka_unit_test(one_command_for_all_dead),
		cmocka_unit_test(connection_before_process),
		cmocka_unit_test(longest_time_wait),
		cmocka_unit_test(unseen_sockets),
		cmocka_unit_test(more_owners_than_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
