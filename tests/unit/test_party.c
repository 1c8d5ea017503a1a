// SPDX-License-Identifier: GPL-2.0-only
/* Verdicts about instances of one program, sockets that outlive their claimer, and where the two sides live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/base/time.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "core/process/party.h"
#include "core/verdict/causes.h"
#include "core/verdict/surroundings.h"

#define ID "3f4e8a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7"
#define OTHER "aaaabbbbccccddddeeeeffff00001111aaaabbbbccccddddeeeeffff00001111"

static void party_assert_cause(struct pc_verdict *v, enum pc_cause want, const char *words)
{
	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
	if (v->cause != want || !strstr(v->explanation, words)) {
		print_error("%s: %s; wanted %s with \"%s\"\n", pc_cause_name(v->cause),
			    v->explanation, pc_cause_name(want), words);
		fail();
	}
	pc_verdict_clear(v);
}

/* A second instance of the server that is refused. */
static struct pc_identity second(void)
{
	struct pc_identity who = *case_server();

	who.key.tgid = 4000;
	who.key.start_ns = 1000000000;
	return who;
}

/* The explanation says why the two are no two instances. */
static void listener_of_other_directory(void **state)
{
	struct pc_identity server = *case_server(), twin = server;
	struct pc_verdict v;

	(void)state;
	server.cmdline = (char *)"orders a.conf";
	server.folder = (char *)"/srv/a";
	twin = server;
	twin.key.tgid = 4000;
	case_refusal(&v);
	v.requester.who = &server;
	case_listener(&v)->claimer = case_party(&twin);
	party_assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "both belong to");
	twin.folder = (char *)"/srv/b";
	party_assert_cause(&v, PC_CAUSE_LISTENER,
			   "in different working directories, /srv/b and /srv/a");
	assert_false(case_advises(&v, "start it in one place only"));
	twin.folder = NULL;
	party_assert_cause(&v, PC_CAUSE_LISTENER, "perhaps in different working directories");
	twin.cmdline = NULL;
	party_assert_cause(&v, PC_CAUSE_LISTENER, "both run /usr/bin/orders");
}

static void duplicate(void **state)
{
	struct pc_identity twin = second();
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.time_ns = 601000000000;
	case_listener(&v)->claimer = case_party(&twin);
	v.holders[0].claimer.place.role = PC_ROLE_STRAY;
	party_assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "orders[4000], started 10 min before");
	party_assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "both belong to orders.service");
	assert_true(case_advises(&v, "kill 4000"));
	assert_false(case_advises(&v, "systemctl stop")); /* it would stop the refused one too */

	twin.unit = NULL;
	party_assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE,
			   "/usr/bin/orders with the same arguments");
	twin.cmdline = (char *)"/usr/bin/orders --port 35000 -v";
	party_assert_cause(&v, PC_CAUSE_LISTENER, "with different arguments");
	twin.cmdline = case_server()->cmdline;
	twin.unit = (char *)"orders2.service";
	party_assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "the one that runs belongs to orders2");
	v.holders[0].claimer.place.role = PC_ROLE_MAIN;
	assert_true(case_advises(&v, "systemctl stop orders2.service"));
	v.holders[0].claimer.place.users_word = true; /* a user named the group so */
	assert_true(case_advises(&v, "kill 4000"));
	assert_false(case_advises(&v, "orders2"));
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_null(strstr(v.explanation, "orders2"));
	pc_verdict_clear(&v);
	v.holders[0].claimer.place.users_word = false;

	/* Processes of one instance: a worker that binds what its sister has. */
	v.holders[0].kin = true;
	party_assert_cause(&v, PC_CAUSE_LISTENER, "processes of one running instance");
	v.holders[0].kin = false;
	v.holders[0].claimer = v.requester; /* its own */
	party_assert_cause(&v, PC_CAUSE_LISTENER, "this very process");
	v.holders[0].claimer = case_party(&twin);
	v.holders[0].claimer.running = false;
	party_assert_cause(&v, PC_CAUSE_LISTENER, "listens");
}

static void party_give(struct pc_verdict *v, const struct pc_identity *who)
{
	struct pc_holder *h = &v->holders[0];

	h->owners[h->owners_count++] = case_party(who);
}

static void inherited(void **state)
{
	struct pc_identity worker = *case_thief();
	struct pc_verdict v;

	(void)state;
	worker.key.tgid = 4121;
	case_refusal(&v);
	case_listener(&v)->claimer.running = false;
	party_give(&v, case_other());
	party_assert_cause(&v, PC_CAUSE_INHERITED_LISTENER,
			   "made by curl[4120], which has exited, but it lives on in backup[4200]");
	assert_true(case_advises(&v, "kill 4200"));
	assert_true(case_advises(&v, "SOCK_CLOEXEC"));
	party_give(&v, &worker);
	party_assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "backup[4200] and curl[4121]");
	assert_true(case_advises(&v, "kill 4200 4121"));

	v.holders[0].claimer.running = true; /* it has closed its own descriptor */
	party_assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "which has closed it");
	party_give(&v, case_thief());
	party_assert_cause(&v, PC_CAUSE_LISTENER, "curl[4120] already listens");
	v.holders[0].owners_count = 0;
	v.holders[0].claimer.running = false;
	party_assert_cause(&v, PC_CAUSE_LISTENER, "listens");
}

/* The end of the claimer tells an heir in a session of its own from a daemon. */
static void maker_ends(struct pc_verdict *v)
{
	struct pc_identity maker = *case_thief(), *child = (void *)v->holders[0].owners[0].who;

	child->key.start_ns = maker.key.start_ns + PC_NS_PER_SECOND;
	v->holders[0].claimer.who = &maker;
	maker.ended_ns = child->key.start_ns + 90 * PC_NS_PER_SECOND;
	party_assert_cause(v, PC_CAUSE_INHERITED_LISTENER, "it lives on in curl[4121]");
	maker.ended_ns--; /* a daemon's parent waits until its child has started */
	party_assert_cause(v, PC_CAUSE_LISTENER, "listens");
	maker.status = 9; /* and is not killed */
	party_assert_cause(v, PC_CAUSE_INHERITED_LISTENER, "it lives on in curl[4121]");
	v->holders[0].claimer.who = case_thief();
	party_assert_cause(v, PC_CAUSE_LISTENER, "listens");
}

/* Heirs of heirs are said to be that. */
static void heirs(void **state)
{
	struct pc_identity child = *case_thief();
	struct pc_verdict v;

	(void)state;
	child.key.tgid = 4121;
	case_refusal(&v);
	case_listener(&v)->claimer.running = false;
	party_give(&v, &child);
	party_give(&v, case_other());
	v.holders[0].owners[0].parent = 1;
	v.holders[0].owners[1].parent = 4121;
	party_assert_cause(
		&v, PC_CAUSE_INHERITED_LISTENER,
		"lives on in curl[4121] and backup[4200] (started by curl[4121]), which");
	v.holders[0].owners_more = 3;
	party_assert_cause(
		&v, PC_CAUSE_INHERITED_LISTENER,
		"lives on in curl[4121], backup[4200] (started by curl[4121]) and 3 more, which");
}

/* A child that was only forked: close-on-exec would not have helped, and is not advised. */
static void forked(void **state)
{
	struct pc_identity child = *case_thief();
	struct pc_verdict v;

	(void)state;
	child.key.tgid = 4121;
	case_refusal(&v);
	case_listener(&v)->claimer.running = false;
	party_give(&v, &child);
	party_assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "curl[4121]");
	assert_true(case_advises(&v, "PR_SET_PDEATHSIG"));
	assert_false(case_advises(&v, "SOCK_CLOEXEC"));
	v.holders[0].owners[0].daemon = true; /* daemon(3): what its parent made is its own */
	party_assert_cause(&v, PC_CAUSE_LISTENER, "listens");
	maker_ends(&v);
	child.exe = (char *)"/usr/bin/cgi"; /* another program, in whatever session */
	party_assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "curl[4121]");
	v.holders[0].older = true; /* who made it was not seen */
	party_assert_cause(&v, PC_CAUSE_LISTENER, "listens");
}

/* podman ends when conmon has the published port's socket: on purpose, and closed on exec by all others. */
static void handed_to_a_helper(void **state)
{
	struct pc_identity conmon = *case_other();
	struct pc_verdict v;

	(void)state;
	strcpy(conmon.comm, "conmon");
	conmon.exe = (char *)"/usr/bin/conmon";
	conmon.uid = 0;
	case_refusal(&v);
	case_listener(&v)->claimer.running = false;
	party_give(&v, &conmon);
	party_assert_cause(
		&v, PC_CAUSE_LISTENER,
		"conmon[4200] already listens on this port; conmon[4200] holds the port for a container");
	conmon.exe = (char *)"/home/x/conmon";
	conmon.uid = 1000;
	party_assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "lives on in conmon[4200]");
}

/* An earlier run's child holds the port of the new run: that is the leak, not a second one. */
static void inherited_before_duplicate(void **state)
{
	struct pc_identity claimer = second(), child = second();
	struct pc_verdict v;

	(void)state;
	child.key.tgid = 4001;
	case_refusal(&v);
	case_listener(&v)->claimer = case_party(&claimer);
	v.holders[0].claimer.running = false;
	party_give(&v, &child);
	party_assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "orders[4001]");
	v.holders[0].owners[0].daemon = true;
	party_assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "orders[4001]");
}

static void places(void **state)
{
	struct pc_identity server = *case_server(), thief = *case_thief();
	struct pc_verdict v;

	(void)state;
	server.unit = NULL;
	case_refusal(&v);
	case_client(&v)->claimer = case_party(&thief);
	v.requester = case_party(&server);
	assert_int_equal(pc_surroundings_of(&v, &v.holders[0]), PC_SURROUNDINGS_UNREMARKABLE);
	server.container = (char *)ID;
	party_assert_cause(
		&v, PC_CAUSE_EPHEMERAL_CLIENT,
		"in container 3f4e8a0b1c2d, the holder in no container, and both use the host's");
	thief.container = (char *)ID;
	assert_int_equal(pc_surroundings_of(&v, &v.holders[0]), PC_SURROUNDINGS_UNREMARKABLE);
	thief.container = (char *)OTHER;
	server.pod = (char *)"pod-1";
	thief.pod = (char *)"pod-2";
	party_assert_cause(
		&v, PC_CAUSE_EPHEMERAL_CLIENT,
		"in container 3f4e8a0b1c2d of pod pod-1, the holder in container aaaabbbbcccc of pod pod-2, and both use the host's");
	assert_false(case_advises(&v, "delete the pod"));
	v.monitor_netns = 1;
	party_assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT, "no restart of the refused one");
	thief.pod = server.pod;
	party_assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT, "both of pod pod-1");
	assert_true(case_advises(&v, "delete the pod"));
	server.container_word = PC_WORD_SYSTEM;
	thief.container_word = PC_WORD_USER; /* who has named it so is a user */
	thief.manager_user = 1000;
	party_assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT, "of pod pod-1 (so named by user 1000)");
	assert_false(case_advises(&v, "delete the pod"));
	assert_false(case_advises(&v, "kubectl"));
	assert_true(case_advises(&v, "kill 4120"));
	v.requester.who = NULL;
	assert_int_equal(pc_surroundings_of(&v, &v.holders[0]), PC_SURROUNDINGS_UNREMARKABLE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(listener_of_other_directory),
		cmocka_unit_test(duplicate),
		cmocka_unit_test(inherited),
		cmocka_unit_test(handed_to_a_helper),
		cmocka_unit_test(forked),
		cmocka_unit_test(inherited_before_duplicate),
		cmocka_unit_test(places),
		cmocka_unit_test(heirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
