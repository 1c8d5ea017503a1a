// SPDX-License-Identifier: GPL-2.0-only
/* What makes two verdicts the same collision, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core/decide.h"
#include "core/repeat_key.h"

static void collision(struct pc_verdict *v)
{
	case_refusal(v);
	case_client(v);
	pc_decide(v);
	v->refusal.process = v->requester.who->key;
}

static bool same(const struct pc_verdict *a, const struct pc_verdict *b)
{
	char *one = pc_repeat_key(a), *two = pc_repeat_key(b);
	bool equal = !strcmp(one, two);

	free(one);
	free(two);
	return equal;
}

static struct pc_identity changed;

static void other_port(struct pc_verdict *v)
{
	v->refusal.wanted_port++;
}
static void other_address(struct pc_verdict *v)
{
	v->refusal.wanted[0] = 127;
}
static void other_proto(struct pc_verdict *v)
{
	v->refusal.proto = PC_PROTO_UDP;
}
static void other_op(struct pc_verdict *v)
{
	v->refusal.op = PC_OP_LISTEN;
}
static void other_errno(struct pc_verdict *v)
{
	v->refusal.error = EACCES;
}
static void other_netns(struct pc_verdict *v)
{
	v->refusal.netns++;
}
static void other_uid(struct pc_verdict *v)
{
	v->refusal.uid = 1000;
}
static void other_option(struct pc_verdict *v)
{
	v->refusal.socket.reuse = 1;
}
static void reserved_since(struct pc_verdict *v)
{
	v->refusal.reserved = 1;
}
static void other_cause(struct pc_verdict *v)
{
	v->cause = PC_CAUSE_TIME_WAIT;
}
static void other_socket(struct pc_verdict *v)
{
	v->holders[0].socket.cookie++;
}
static void other_state(struct pc_verdict *v)
{
	v->holders[0].socket.state = PC_STATE_CLOSE_WAIT;
}
static void no_holder(struct pc_verdict *v)
{
	v->primary = -1;
}

static void other_maker(struct pc_verdict *v)
{
	v->holders[0].maker = case_party(case_other());
}

static void other_owner(struct pc_verdict *v)
{
	v->holders[0].owners[0] = case_party(case_other());
	v->holders[0].owners_count = 1;
}

static void other_exe(struct pc_verdict *v)
{
	changed.exe = (char *)"/usr/bin/orders2";
	v->requester.who = &changed;
}

static void other_arguments(struct pc_verdict *v)
{
	changed.cmdline = (char *)"/usr/bin/orders --port 35001";
	v->requester.who = &changed;
}

static void other_unit(struct pc_verdict *v)
{
	changed.unit = (char *)"orders2.service";
	v->requester.who = &changed;
}

static void moved_string(struct pc_verdict *v)
{
	changed.exe = (char *)"/usr/bin/orders 28:/usr/bin/orders";
	changed.cmdline = (char *)"--port 35000";
	v->requester.who = &changed;
}

static void nobody_known(struct pc_verdict *v)
{
	v->requester.who = NULL;
}

/* Whatever a reader would have been told otherwise makes it another collision. */
static void differences(void **state)
{
	static void (*const change[])(struct pc_verdict *) = {
		other_port,   other_address,   other_proto,  other_op,	     other_errno,
		other_netns,  other_uid,       other_option, reserved_since, other_cause,
		other_socket, other_state,     no_holder,    other_maker,    other_owner,
		other_exe,    other_arguments, other_unit,   moved_string,   nobody_known,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		struct pc_verdict v, other;

		changed = *case_server();
		collision(&v);
		other = v;
		assert_true(same(&v, &other));
		change[i](&other);
		if (same(&v, &other))
			fail_msg("difference %zu is not seen", i);
	}
}

/* What differs from time to time, and says nothing else. */
static void no_differences(void **state)
{
	struct pc_identity again = *case_server();
	struct pc_verdict v, other;

	(void)state;
	collision(&v);
	other = v;
	again.key.tgid++;
	again.key.start_ns++;
	other.requester = case_party(&again);
	other.requester.comm[0] = 'x';
	other.requester.running = false;
	other.refusal.process = again.key;
	other.refusal.tid++;
	other.refusal.time_ns++;
	other.refusal.holders_total++;
	other.holders[0].since_ns++;
	assert_true(same(&v, &other));
}

static void new_container(struct pc_identity *who)
{
	who->container = (char *)"another";
	who->cgroup = (char *)"/kubepods.slice/another.scope";
	who->unit = (char *)"another.scope";
}

/* A pod's container is made anew after each crash; the pod is the same. */
static void same_pod(void **state)
{
	struct pc_identity who = *case_server(), again;
	struct pc_verdict v, other;

	(void)state;
	who.pod = (char *)"1b4e28ba-2fa1-11d2-883f-0016d3cca427";
	who.container = (char *)"one";
	collision(&v);
	v.requester.who = &who;
	other = v;
	again = who;
	new_container(&again);
	other.requester.who = &again;
	assert_true(same(&v, &other));
	again.pod = NULL;
	assert_false(same(&v, &other));
}

/* Of processes of which nothing is known, two are never one program. */
static void unknown_requesters(void **state)
{
	struct pc_verdict v, other;

	(void)state;
	collision(&v);
	v.requester.who = NULL;
	other = v;
	assert_true(same(&v, &other));
	other.refusal.process.tgid++;
	assert_false(same(&v, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),
		cmocka_unit_test(no_differences),
		cmocka_unit_test(same_pod),
		cmocka_unit_test(unknown_requesters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
