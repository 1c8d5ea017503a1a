// SPDX-License-Identifier: GPL-2.0-only
/* Instances of one program, sockets that outlive their claimer, and where the two sides live. */
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
#define UNIT "orders.service"

/* All in one: exe, cmdline, unit, container of the one and the other. */
struct pair {
	const char *exe[2];
	const char *cmdline[2];
	const char *unit[2];
	const char *container[2];
	enum pc_twin twin;
};

static struct pc_identity identity(const struct pair *p, int which)
{
	return (struct pc_identity){
		.key = { .tgid = 10 + (uint32_t)which, .start_ns = 1000000000 },
		.comm = "prog",
		.exe = (char *)p->exe[which],
		.cmdline = (char *)p->cmdline[which],
		.unit = (char *)p->unit[which],
		.container = (char *)p->container[which],
	};
}

static void party_twins(void **state)
{
	static const struct pair pairs[] = {
		{ { "/bin/a", "/bin/a" }, { "a -p 1", "a -p 1" }, .twin = PC_TWIN_ARGUMENTS },
		{ { "/bin/a", "/bin/a" }, { "a -p 1", "a -p 2" }, .twin = PC_TWIN_NONE },
		{ { "/bin/a (deleted)", "/bin/a" }, { "a", "a" }, .twin = PC_TWIN_ARGUMENTS },
		{ { "/bin/a", "/bin/b" }, { "a", "a" }, .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/opt/a" }, { "a", "a" }, .twin = PC_TWIN_NONE },
		{ { NULL, NULL }, { "a", "a" }, .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" }, { NULL, NULL }, .twin = PC_TWIN_NONE },
		/* Two scripts are two programs; one script twice is one. */
		{ { "/usr/bin/python3.11", "/usr/bin/python3.11" },
		  { "python3 a.py", "python3 b.py" },
		  { UNIT, UNIT },
		  .twin = PC_TWIN_NONE },
		{ { "/usr/bin/python3.11", "/usr/bin/python3.11" },
		  { "python3 a.py", "python3 a.py" },
		  .twin = PC_TWIN_ARGUMENTS },
		{ { "/usr/bin/node", "/usr/bin/node" },
		  { "node a.js", "node b.js" },
		  .container = { ID, ID },
		  .twin = PC_TWIN_NONE },
		/* One service: an upgrade or other options make it no other program. */
		{ { "/bin/a", "/bin/a" },
		  { "a -w 2", "a -w 4" },
		  { UNIT, UNIT },
		  .twin = PC_TWIN_UNIT },
		{ { "/opt/a-1/a", "/opt/a-2/a" },
		  { "a", "a" },
		  { UNIT, UNIT },
		  .twin = PC_TWIN_UNIT },
		{ { "/bin/a", "/bin/b" }, { "a", "b" }, { UNIT, UNIT }, .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -p 1", "a -p 2" },
		  { "session-3.scope", "session-3.scope" },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -p 1", "a -p 2" },
		  { "user@1000.service", "user@1000.service" },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -p 1", "a -p 2" },
		  { UNIT, "other.service" },
		  .twin = PC_TWIN_NONE },
		/* One container; in two of them the same path is not the same file. */
		{ { "/bin/a", "/bin/a" },
		  { "a -w 2", "a -w 4" },
		  .container = { ID, ID },
		  .twin = PC_TWIN_CONTAINER },
		{ { "/bin/a", "/bin/a" },
		  { "a", "a" },
		  .container = { ID, OTHER },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a", "a" },
		  .container = { ID, NULL },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -1", "a -2" },
		  { UNIT, "other.service" },
		  { "lxc", "lxc" },
		  .twin = PC_TWIN_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct pc_identity a = identity(&pairs[i], 0), b = identity(&pairs[i], 1);

		print_message("pair %zu\n", i);
		assert_int_equal(pc_identity_twin(&a, &b), pairs[i].twin);
		assert_int_equal(pc_identity_twin(&b, &a), pairs[i].twin);
	}
}

/* A port that changed hands was taken again only by the same program. */
static void same_programs(void **state)
{
	static const struct {
		struct pair pair;
		bool same;
	} rows[] = {
		{ { .exe = { "/bin/a", "/bin/a" }, .cmdline = { "a -p 1", "a -p 2" } }, true },
		{ { .exe = { "/bin/a", "/bin/b" }, .cmdline = { "a", "a" } }, false },
		{ { .exe = { "/bin/perl5", "/bin/perl5" }, .cmdline = { "x a", "x b" } }, false },
		{ { .exe = { "/bin/perl5", "/bin/perl5" }, .cmdline = { "x a", "x a" } }, true },
		{ { .exe = { "/bin/sh", "/bin/sleep" }, .unit = { UNIT, UNIT } }, true },
		/* A login runs anything. */
		{ { .exe = { "/bin/a", "/bin/b" },
		    .unit = { "user@1000.service", "user@1000.service" } },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pc_identity a = identity(&rows[i].pair, 0), b = identity(&rows[i].pair, 1);

		assert_int_equal(pc_identity_same_program(&a, &b), rows[i].same);
		assert_int_equal(pc_identity_same_program(&b, &a), rows[i].same);
	}
}

/* Arguments that were cut may differ behind the cut. */
static void cut_arguments(void **state)
{
	struct pair p = { .exe = { "/bin/a", "/bin/a" }, .cmdline = { "a", "a" } };
	struct pc_identity a = identity(&p, 0), b = identity(&p, 1);

	(void)state;
	b.cmdline_cut = true;
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_NONE);
}

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
	v.requester.who = NULL;
	assert_int_equal(pc_surroundings_of(&v, &v.holders[0]), PC_SURROUNDINGS_UNREMARKABLE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(party_twins),	 cmocka_unit_test(same_programs),
		cmocka_unit_test(cut_arguments), cmocka_unit_test(duplicate),
		cmocka_unit_test(inherited),	 cmocka_unit_test(handed_to_a_helper),
		cmocka_unit_test(forked),	 cmocka_unit_test(inherited_before_duplicate),
		cmocka_unit_test(places),	 cmocka_unit_test(heirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
