// SPDX-License-Identifier: GPL-2.0-only
/* The key of a collision: the differences that count, and those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/decide.h"
#include "core/memory/repeat_key.h"

static void repeat_key_collision(struct pc_verdict *v)
{
	case_refusal(v);
	case_client(v);
	pc_decide(v);
	v->requester.key = v->requester.who->key;
}

static bool same(const struct pc_verdict *a, const struct pc_verdict *b)
{
	struct pc_repeat_key one = { 0 }, two = { 0 };
	bool equal;

	assert_int_equal(pc_repeat_key(a, &one), 0);
	assert_int_equal(pc_repeat_key(b, &two), 0);
	equal = one.len == two.len && !memcmp(one.bytes, two.bytes, one.len);
	free(one.bytes);
	free(two.bytes);
	return equal;
}

static struct pc_identity changed;

static void other_port(struct pc_verdict *v)
{
	v->request.wanted_port++;
}
static void other_address(struct pc_verdict *v)
{
	v->request.wanted[0] = 127;
}
static void other_proto(struct pc_verdict *v)
{
	v->request.proto = PC_PROTO_UDP;
}
static void other_op(struct pc_verdict *v)
{
	v->request.op = PC_OP_LISTEN;
}
static void other_errno(struct pc_verdict *v)
{
	v->request.error = EACCES;
}
/* The inode number was used again. */
static void later_netns(struct pc_verdict *v)
{
	v->request.netns_key++;
}

static void other_netns(struct pc_verdict *v)
{
	v->request.netns++;
}
static void other_uid(struct pc_verdict *v)
{
	v->request.uid = 1000;
}
static void other_option(struct pc_verdict *v)
{
	v->request.socket.reuse = 1;
}
static void reserved_since(struct pc_verdict *v)
{
	v->settings.wanted_reserved = 1;
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

static void other_claimer(struct pc_verdict *v)
{
	v->holders[0].claimer = case_party(case_other());
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
		other_port,   other_address, other_proto,     other_op,	    other_errno,
		other_netns,  later_netns,   other_uid,	      other_option, reserved_since,
		other_cause,  other_socket,  other_state,     no_holder,    other_claimer,
		other_owner,  other_exe,     other_arguments, other_unit,   moved_string,
		nobody_known,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		struct pc_verdict v, other;

		changed = *case_server();
		repeat_key_collision(&v);
		other = v;
		assert_true(same(&v, &other));
		change[i](&other);
		if (same(&v, &other))
			fail_msg("difference %zu is not seen", i);
	}
}

/* Differences from time to time that say nothing else. */
static void no_differences(void **state)
{
	struct pc_identity again = *case_server();
	struct pc_verdict v, other;

	(void)state;
	repeat_key_collision(&v);
	other = v;
	again.key.tgid++;
	again.key.start_ns++;
	other.requester = case_party(&again);
	other.requester.comm[0] = 'x';
	other.requester.running = false;
	other.requester.key = again.key;
	other.requester.tid++;
	other.time_ns++;
	other.holders_total++;
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
	repeat_key_collision(&v);
	v.requester.who = &who;
	other = v;
	again = who;
	new_container(&again);
	other.requester.who = &again;
	assert_true(same(&v, &other));
	again.pod = NULL;
	assert_false(same(&v, &other));
}

/* Two processes of which nothing is known are never one program. */
static void unknown_requesters(void **state)
{
	struct pc_verdict v, other;

	(void)state;
	repeat_key_collision(&v);
	v.requester.who = NULL;
	other = v;
	assert_true(same(&v, &other));
	other.requester.key.tgid++;
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
