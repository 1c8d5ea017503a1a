// SPDX-License-Identifier: GPL-2.0-only
/* Instances of one program, sockets that outlive their maker, and where the two sides live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/advice.h"
#include "core/decide.h"
#include "core/names.h"
#include "core/party.h"
#include "core/place.h"

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

static void twins(void **state)
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

/* What was cut may differ behind the cut. */
static void cut_arguments(void **state)
{
	struct pair p = { .exe = { "/bin/a", "/bin/a" }, .cmdline = { "a", "a" } };
	struct pc_identity a = identity(&p, 0), b = identity(&p, 1);

	(void)state;
	b.cmdline_cut = true;
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_NONE);
}

static void assert_cause(struct pc_verdict *v, enum pc_cause want, const char *words)
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
	v.refusal.time_ns = 601000000000;
	case_listener(&v)->maker = case_party(&twin);
	assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "orders[4000], started 10 min before");
	assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "both belong to orders.service");
	assert_true(case_advises(&v, "kill 4000"));
	assert_false(case_advises(&v, "systemctl stop")); /* it would stop the refused one too */

	twin.unit = NULL;
	assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "/usr/bin/orders with the same arguments");
	twin.cmdline = (char *)"/usr/bin/orders --port 35000 -v";
	assert_cause(&v, PC_CAUSE_LISTENER, "with different arguments");
	twin.cmdline = case_server()->cmdline;
	twin.unit = (char *)"orders2.service";
	assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "the one that runs belongs to orders2");
	assert_true(case_advises(&v, "systemctl stop orders2.service"));

	/* Processes of one instance: a worker that binds what its sister has. */
	v.holders[0].kin = true;
	assert_cause(&v, PC_CAUSE_LISTENER, "processes of one running instance");
	v.holders[0].kin = false;
	v.holders[0].maker = v.requester; /* its own */
	assert_cause(&v, PC_CAUSE_LISTENER, "this very process");
	v.holders[0].maker = case_party(&twin);
	v.holders[0].maker.running = false;
	assert_cause(&v, PC_CAUSE_LISTENER, "listens");
}

static void give(struct pc_verdict *v, const struct pc_identity *who)
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
	case_listener(&v)->maker.running = false;
	give(&v, case_other());
	assert_cause(&v, PC_CAUSE_INHERITED_LISTENER,
		     "made by curl[4120], which has exited, but it lives on in backup[4200]");
	assert_true(case_advises(&v, "kill 4200"));
	assert_true(case_advises(&v, "SOCK_CLOEXEC"));
	give(&v, &worker);
	assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "backup[4200] and curl[4121]");
	assert_true(case_advises(&v, "kill 4200 4121"));

	v.holders[0].maker.running = true; /* it has closed its own descriptor */
	assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "which has closed it");
	give(&v, case_thief());
	assert_cause(&v, PC_CAUSE_LISTENER, "curl[4120] already listens");
	v.holders[0].owners_count = 0;
	v.holders[0].maker.running = false;
	assert_cause(&v, PC_CAUSE_LISTENER, "listens");
}

/* A child that was only forked: close-on-exec would not have helped, and is not advised. */
static void forked(void **state)
{
	struct pc_identity child = *case_thief();
	struct pc_verdict v;

	(void)state;
	child.key.tgid = 4121;
	case_refusal(&v);
	case_listener(&v)->maker.running = false;
	give(&v, &child);
	assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "curl[4121]");
	assert_true(case_advises(&v, "PR_SET_PDEATHSIG"));
	assert_false(case_advises(&v, "SOCK_CLOEXEC"));
	v.holders[0].owners[0].daemon = true; /* daemon(3): what its parent made is its own */
	assert_cause(&v, PC_CAUSE_LISTENER, "listens");
	child.exe = (char *)"/usr/bin/cgi"; /* another program, in whatever session */
	assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "curl[4121]");
	v.holders[0].older = true; /* who made it was not seen */
	assert_cause(&v, PC_CAUSE_LISTENER, "listens");
}

/* An earlier run's child holds the port of the new run: that is the leak, not a second one. */
static void inherited_before_duplicate(void **state)
{
	struct pc_identity maker = second(), child = second();
	struct pc_verdict v;

	(void)state;
	child.key.tgid = 4001;
	case_refusal(&v);
	case_listener(&v)->maker = case_party(&maker);
	v.holders[0].maker.running = false;
	give(&v, &child);
	assert_cause(&v, PC_CAUSE_INHERITED_LISTENER, "orders[4001]");
	v.holders[0].owners[0].daemon = true;
	assert_cause(&v, PC_CAUSE_DUPLICATE_INSTANCE, "orders[4001]");
}

static void places(void **state)
{
	struct pc_identity server = *case_server(), thief = *case_thief();
	struct pc_verdict v;

	(void)state;
	server.unit = NULL;
	case_refusal(&v);
	case_client(&v)->maker = case_party(&thief);
	v.requester = case_party(&server);
	assert_int_equal(pc_place_of(&v, &v.holders[0]), PC_PLACE_UNREMARKABLE);
	server.container = (char *)ID;
	assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT,
		     "in container 3f4e8a0b1c2d, the holder in no container, and both use the "
		     "host's");
	thief.container = (char *)ID;
	assert_int_equal(pc_place_of(&v, &v.holders[0]), PC_PLACE_UNREMARKABLE);
	thief.container = (char *)OTHER;
	server.pod = (char *)"pod-1";
	thief.pod = (char *)"pod-2";
	assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT,
		     "in container 3f4e8a0b1c2d of pod pod-1, the holder in container "
		     "aaaabbbbcccc of pod pod-2, and both use the host's");
	assert_false(case_advises(&v, "delete the pod"));
	v.monitor_netns = 1;
	assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT, "no restart of the refused one");
	thief.pod = server.pod;
	assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT, "both of pod pod-1");
	assert_true(case_advises(&v, "delete the pod"));
	v.requester.who = NULL;
	assert_int_equal(pc_place_of(&v, &v.holders[0]), PC_PLACE_UNREMARKABLE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(twins),     cmocka_unit_test(cut_arguments),
		cmocka_unit_test(duplicate), cmocka_unit_test(inherited),
		cmocka_unit_test(forked),    cmocka_unit_test(inherited_before_duplicate),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
