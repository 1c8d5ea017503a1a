// SPDX-License-Identifier: GPL-2.0-only
/* Holders of a record: the ones that are taken, and the ones that block whatever the rule says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cases.h"
#include "core/join/decode.h"
#include "core/verdict/decide.h"

#define TCP PC_PROTO_TCP

static void holders_assert_cause(struct pc_verdict *v, enum pc_cause want)
{
	pc_decide(v);
	assert_int_equal(v->cause, want);
}

/* Entries of the kernel's table that were freed while they were read are left out, alone. */
static void changed_holders(void **state)
{
	struct pc_refusal_record r = {
		.proto = TCP, .netns = 7, .wanted_port = 80, .holders_count = 6
	};
	struct pc_verdict v;

	(void)state;
	for (int i = 0; i < 6; i++)
		r.holders[i] = (struct pc_socket_record){
			.cookie = (uint64_t)i + 1,
			.family = PC_FAMILY_V4,
			.proto = TCP,
			.state = PC_STATE_LISTEN,
			.netns = 7,
			.lport = 80,
		};
	r.holders[0].lport = 0; /* closed */
	r.holders[2].netns = 8; /* another socket by now */
	r.holders[3].state = PC_STATE_COUNT;
	r.holders[4].proto = 132;
	pc_verdict_decode(&r, &v);
	assert_int_equal(v.holders_count, 2);
	assert_int_equal(v.holders_changed, 4);
	assert_int_equal(v.holders[0].socket.cookie, 2);
	assert_int_equal(v.holders[1].socket.cookie, 6);
}

/* The rule is not asked where the kernel's own check stopped. */
static void kernel_said_so(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_holder(&v, PC_STATE_LISTEN)->socket.ifindex = 3;
	v.request.socket.ifindex = 4;
	holders_assert_cause(&v, PC_CAUSE_UNKNOWN);
	v.holders[0].socket.flags |= PC_SOCKET_EXACT;
	holders_assert_cause(&v, PC_CAUSE_LISTENER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_holders),
		cmocka_unit_test(kernel_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
