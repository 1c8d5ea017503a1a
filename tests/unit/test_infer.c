// SPDX-License-Identifier: GPL-2.0-only
/* Inference from the kernel's flags of a holder whose claim was not seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/decide.h"
#include "core/base/names.h"
#include "core/verdict/causes.h"

static enum pc_cause infer_decide(struct pc_verdict *v)
{
	pc_decide(v);
	return v->cause;
}

/* The kernel's flags of one holder, and what follows. */
struct flags_example {
	const char *name;
	uint8_t proto;
	uint8_t state;
	uint8_t userlocks;
	int8_t fastreuse; /* of both marks of the bucket */
	uint16_t flags;
	bool older;
	bool connected; /* UDP: has a remote end; TCP's state says it */
	bool out_of_range;
	enum pc_how how;
	enum pc_cause cause;
};

#define TCP PC_PROTO_TCP
#define UDP PC_PROTO_UDP
#define STATE(name) PC_STATE_##name
#define NONE PC_HOW_UNKNOWN

/* clang-format off */
static const struct flags_example flags_examples[] = {
	{ "client, bucket made by connect()", TCP, STATE(ESTABLISHED), 0, -1, 0, 0, 0, 0,
	  PC_HOW_CONNECT, PC_CAUSE_EPHEMERAL_CLIENT },
	{ "the same, older", TCP, STATE(ESTABLISHED), 0, -1, 0, 1, 0, 0,
	  PC_HOW_CONNECT, PC_CAUSE_EPHEMERAL_CLIENT },
	{ "client, 6.18's lock", TCP, STATE(ESTABLISHED), PC_LOCK_CONNECT, 0, 0, 1, 0, 0,
	  PC_HOW_CONNECT, PC_CAUSE_EPHEMERAL_CLIENT },
	{ "client, address bound", TCP, STATE(ESTABLISHED), PC_LOCK_ADDR, -1, 0, 1, 0, 0,
	  PC_HOW_CONNECT, PC_CAUSE_EPHEMERAL_CLIENT },
	{ "client without an answer", TCP, STATE(SYN_SENT), 0, -1, 0, 0, 0, 0,
	  PC_HOW_CONNECT, PC_CAUSE_EPHEMERAL_CLIENT },
	{ "client that was closed", TCP, STATE(FIN_WAIT2), 0, -1, PC_SOCKET_ORPHAN | PC_SOCKET_DEAD,
	  0, 0, 0, PC_HOW_CONNECT, PC_CAUSE_EPHEMERAL_CLIENT },
	{ "client after bind(0)", TCP, STATE(SYN_SENT), 0, 0, 0, 0, 0, 0,
	  PC_HOW_BIND_ZERO, PC_CAUSE_EPHEMERAL_BIND },
	{ "client after bind()", TCP, STATE(ESTABLISHED), PC_LOCK_PORT, 0, 0, 0, 0, 0,
	  PC_HOW_BIND, PC_CAUSE_EXPLICIT_CLIENT },
	{ "the same, older", TCP, STATE(CLOSE_WAIT), PC_LOCK_PORT | PC_LOCK_ADDR, 1, 0, 1, 0, 0,
	  PC_HOW_BIND, PC_CAUSE_EXPLICIT_CLIENT },
	{ "accepted", TCP, STATE(ESTABLISHED), 0, 0, 0, 0, 0, 0,
	  PC_HOW_ACCEPT, PC_CAUSE_LINGERING_CONNECTION },
	{ "accepted, address locked", TCP, STATE(CLOSE_WAIT), PC_LOCK_ADDR, 1, 0, 0, 0, 0,
	  PC_HOW_ACCEPT, PC_CAUSE_LINGERING_CONNECTION },
	{ "accepted, closed", TCP, STATE(LAST_ACK), 0, 0, PC_SOCKET_ORPHAN, 0, 0, 0,
	  PC_HOW_ACCEPT, PC_CAUSE_LINGERING_CONNECTION },
	{ "accepted, closed first", TCP, STATE(FIN_WAIT1), 0, 0, PC_SOCKET_ORPHAN, 0, 0, 0,
	  PC_HOW_ACCEPT, PC_CAUSE_LINGERING_CONNECTION },
	{ "accepted or bind(0), older", TCP, STATE(ESTABLISHED), 0, 0, 0, 1, 0, 0,
	  NONE, PC_CAUSE_UNKNOWN },
	{ "accepted, older, port not from the range", TCP, STATE(ESTABLISHED), 0, 0, 0, 1, 0, 1,
	  PC_HOW_ACCEPT, PC_CAUSE_LINGERING_CONNECTION },
	{ "listener", TCP, STATE(LISTEN), PC_LOCK_PORT, 0, 0, 0, 0, 0,
	  PC_HOW_BIND, PC_CAUSE_LISTENER },
	{ "the same, older", TCP, STATE(LISTEN), PC_LOCK_PORT | PC_LOCK_ADDR, 0, 0, 1, 0, 0,
	  PC_HOW_BIND, PC_CAUSE_LISTENER },
	{ "listener on the kernel's choice", TCP, STATE(LISTEN), 0, 0, 0, 1, 0, 0,
	  NONE, PC_CAUSE_EPHEMERAL_BIND },
	{ "bound", TCP, STATE(CLOSE), PC_LOCK_PORT, 0, 0, 0, 0, 0,
	  PC_HOW_BIND, PC_CAUSE_BOUND_NOT_LISTENING },
	{ "bound to port 0", TCP, STATE(CLOSE), PC_LOCK_ADDR, 0, 0, 1, 0, 0,
	  PC_HOW_BIND_ZERO, PC_CAUSE_EPHEMERAL_BIND },
	{ "TIME_WAIT of a client", TCP, STATE(TIME_WAIT), 0, -1, 0, 0, 0, 0,
	  PC_HOW_CONNECT, PC_CAUSE_TIME_WAIT },
	{ "TIME_WAIT of a client, 6.18's flag", TCP, STATE(TIME_WAIT), 0, 0, PC_SOCKET_TW_CONNECT,
	  1, 0, 0, PC_HOW_CONNECT, PC_CAUSE_TIME_WAIT },
	{ "TIME_WAIT of a server", TCP, STATE(TIME_WAIT), 0, 0, 0, 0, 0, 0,
	  PC_HOW_ACCEPT, PC_CAUSE_TIME_WAIT },
	{ "TIME_WAIT of a server, older", TCP, STATE(TIME_WAIT), 0, 1, 0, 1, 0, 1,
	  NONE, PC_CAUSE_TIME_WAIT },
	{ "UDP server", UDP, STATE(CLOSE), PC_LOCK_PORT, 0, 0, 0, 0, 0,
	  PC_HOW_BIND, PC_CAUSE_LISTENER },
	{ "UDP client that bound", UDP, STATE(ESTABLISHED), PC_LOCK_PORT, 0, 0, 0, 1, 0,
	  PC_HOW_BIND, PC_CAUSE_EXPLICIT_CLIENT },
	{ "UDP bound to port 0", UDP, STATE(CLOSE), PC_LOCK_ADDR, 0, 0, 1, 0, 0,
	  PC_HOW_BIND_ZERO, PC_CAUSE_EPHEMERAL_BIND },
	{ "UDP sender, or any-address bind(0)", UDP, STATE(CLOSE), 0, 0, 0, 1, 0, 0,
	  NONE, PC_CAUSE_EPHEMERAL_BIND },
	{ "UDP client", UDP, STATE(ESTABLISHED), 0, 0, 0, 1, 1, 0,
	  NONE, PC_CAUSE_EPHEMERAL_BIND },
};
/* clang-format on */

static void prepare(const struct flags_example *e, struct pc_verdict *v)
{
	struct pc_holder *h;

	case_refusal(v);
	v->request.proto = v->request.socket.proto = e->proto;
	if (e->out_of_range)
		v->request.wanted_port = 8080;
	h = case_holder(v, e->state);
	h->socket.userlocks = e->userlocks;
	h->socket.fastreuse = h->socket.fastreuseport = e->fastreuse;
	h->socket.flags = e->flags;
	h->older = e->older;
	h->socket.rport = e->proto == UDP ? (e->connected ? 53 : 0) : h->socket.rport;
}

static void inference(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flags_examples) / sizeof(flags_examples[0]); i++) {
		const struct flags_example *e = &flags_examples[i];
		struct pc_verdict v;

		prepare(e, &v);
		if (infer_decide(&v) == e->cause && v.holders[0].how == e->how &&
		    v.holders[0].how_inferred == (e->how != NONE) && v.primary == 0)
			continue;
		print_error("%s: %s, %s; not %s, %s\n", e->name, pc_cause_name(v.cause),
			    pc_how_name(v.holders[0].how), pc_cause_name(e->cause),
			    pc_how_name(e->how));
		fail();
	}
}

/* The range includes both its ends; what connect() made has both marks. */
static void boundaries(void **state)
{
	static const struct {
		uint16_t port;
		int8_t fastreuse, fastreuseport;
		enum pc_how how;
	} examples[] = {
		{ CASE_LOW, 0, 0, NONE },
		{ CASE_LOW - 1, 0, 0, PC_HOW_ACCEPT },
		{ CASE_HIGH, 0, 0, NONE },
		{ CASE_HIGH + 1, 0, 0, PC_HOW_ACCEPT },
		{ CASE_LOW, -1, -1, PC_HOW_CONNECT },
		{ CASE_LOW, -1, 0, NONE },
		{ CASE_LOW, 0, -1, NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;
		struct pc_holder *h;

		case_refusal(&v);
		v.request.wanted_port = examples[i].port;
		h = case_accepted(&v);
		h->older = true;
		h->socket.fastreuse = examples[i].fastreuse;
		h->socket.fastreuseport = examples[i].fastreuseport;
		infer_decide(&v);
		assert_int_equal(h->how, examples[i].how);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inference),
		cmocka_unit_test(boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
