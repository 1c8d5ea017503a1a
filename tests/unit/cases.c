// SPDX-License-Identifier: GPL-2.0-only
/* Refusals, holders and processes made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"

static struct pc_identity server = {
	.key = { .start_ns = 7000000000, .tgid = 4312, .exec_id = 2 },
	.netns = CASE_NETNS,
	.comm = "orders",
	.exe = "/usr/bin/orders",
	.cmdline = "/usr/bin/orders --port 35000",
	.cgroup = "/system.slice/orders.service",
	.unit = "orders.service",
};

static struct pc_identity thief = {
	.key = { .start_ns = 5000000000, .tgid = 4120, .exec_id = 1 },
	.uid = 1000,
	.netns = CASE_NETNS,
	.comm = "curl",
	.exe = "/usr/bin/curl",
	.cmdline = "curl https://192.0.2.7",
	.cgroup = "/user.slice",
};

static struct pc_identity other = {
	.key = { .start_ns = 6000000000, .tgid = 4200, .exec_id = 1 },
	.uid = 1001,
	.netns = CASE_NETNS,
	.comm = "backup",
};

const struct pc_identity *case_server(void)
{
	return &server;
}

const struct pc_identity *case_thief(void)
{
	return &thief;
}

const struct pc_identity *case_other(void)
{
	return &other;
}

struct pc_party case_party(const struct pc_identity *who)
{
	struct pc_party party = { .who = who, .fd = -1, .running = true };

	if (who) {
		party.key = who->key;
		party.tid = who->key.tgid;
		memcpy(party.comm, who->comm, sizeof(party.comm));
	}
	return party;
}

void case_refusal(struct pc_verdict *v)
{
	struct pc_request *r = &v->request;

	memset(v, 0, sizeof(*v));
	v->primary = -1;
	v->monitor_netns = CASE_NETNS;
	v->requester = case_party(&server);
	r->error = EADDRINUSE;
	r->op = PC_OP_BIND;
	r->proto = PC_PROTO_TCP;
	r->netns = CASE_NETNS;
	r->in_netns = true;
	v->settings.low = CASE_LOW;
	v->settings.high = CASE_HIGH;
	v->settings.unprivileged_start = 1024;
	r->wanted_port = CASE_PORT;
	r->wanted_family = PC_FAMILY_V4;
	v->settings.known = true;
	r->socket.family = PC_FAMILY_V4;
	r->socket.proto = PC_PROTO_TCP;
	r->socket.state = PC_STATE_CLOSE;
	r->socket.netns = CASE_NETNS;
}

void case_udp(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.proto = v->request.socket.proto = PC_PROTO_UDP;
}

static void cases_connect_to(struct pc_socket *s, const char *remote, uint16_t port)
{
	inet_pton(AF_INET, "10.0.0.5", s->local);
	inet_pton(AF_INET, remote, s->remote);
	memcpy(&s->v4_address, s->local, sizeof(s->v4_address));
	s->rport = port;
}

struct pc_holder *case_holder(struct pc_verdict *v, uint8_t state)
{
	struct pc_holder *h = &v->holders[v->holders_count++];
	struct pc_socket *s = &h->socket;

	s->proto = v->request.proto;
	s->family = PC_FAMILY_V4;
	s->state = state;
	s->lport = v->request.wanted_port;
	s->netns = v->request.netns;
	s->cookie = 100 + v->holders_count;
	s->userlocks = PC_LOCK_PORT;
	if (state != PC_STATE_LISTEN && state != PC_STATE_CLOSE)
		cases_connect_to(s, "192.0.2.7", 443);
	h->claimer = case_party(&thief);
	v->holders_total = v->holders_count;
	return h;
}

struct pc_holder *case_listener(struct pc_verdict *v)
{
	return case_holder(v, PC_STATE_LISTEN);
}

struct pc_holder *case_bound(struct pc_verdict *v)
{
	return case_holder(v, PC_STATE_CLOSE);
}

struct pc_holder *case_client(struct pc_verdict *v)
{
	struct pc_holder *h = case_holder(v, PC_STATE_ESTABLISHED);

	h->socket.userlocks = 0;
	h->socket.fastreuse = h->socket.fastreuseport = -1;
	return h;
}

struct pc_holder *case_accepted(struct pc_verdict *v)
{
	struct pc_holder *h = case_holder(v, PC_STATE_ESTABLISHED);

	h->socket.userlocks = 0;
	return h;
}

struct pc_holder *case_time_wait(struct pc_verdict *v)
{
	struct pc_holder *h = case_holder(v, PC_STATE_TIME_WAIT);

	h->socket.userlocks = 0;
	h->socket.substate = PC_STATE_TIME_WAIT;
	return h;
}

void case_duplicate(struct pc_verdict *v)
{
	static struct pc_identity twin;

	twin = server;
	twin.key.tgid = 4000;
	case_refusal(v);
	case_listener(v)->claimer = case_party(&twin);
}

void case_inherited(struct pc_verdict *v)
{
	case_refusal(v);
	case_listener(v)->claimer.running = false;
	v->holders[0].owners[0] = case_party(&other);
	v->holders[0].owners_count = 1;
}

void case_reuseport(struct pc_verdict *v)
{
	case_refusal(v);
	case_listener(v)->socket.flags = PC_SOCKET_REUSEPORT;
}

void case_wildcard(struct pc_verdict *v)
{
	case_refusal(v);
	memcpy(case_listener(v)->socket.local, (uint8_t[]){ 127, 0, 0, 1 }, 4);
	memcpy(&v->holders[0].socket.v4_address, v->holders[0].socket.local, 4);
}

void case_dual_stack(struct pc_verdict *v)
{
	case_refusal(v);
	case_listener(v)->socket.family = PC_FAMILY_V6;
}

void case_listen_race(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.op = PC_OP_LISTEN;
	case_listener(v)->socket.reuse = v->request.socket.reuse = 1;
}

void case_kernel(struct pc_verdict *v)
{
	case_refusal(v);
	case_listener(v)->socket.flags = PC_SOCKET_NO_FILE;
}

void case_privileged(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.error = EACCES;
	v->request.wanted_port = 80;
}

void case_not_local(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.error = EADDRNOTAVAIL;
	memcpy(v->request.wanted, (uint8_t[]){ 203, 0, 113, 9 }, 4);
}

void case_denied(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.error = EACCES;
}

void case_denied_capable(struct pc_verdict *v)
{
	case_privileged(v);
	v->request.capable = true;
}

void case_denied_by_cgroup(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.error = EPERM;
}

void case_not_seen(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.error = 0;
	v->request.late = true;
}

void case_late_address(struct pc_verdict *v)
{
	const uint8_t far[PC_ADDR_LEN] = { 203, 0, 113, 9 };

	case_not_seen(v);
	v->request.error = EADDRNOTAVAIL;
	memcpy(v->request.wanted, far, sizeof(far));
	v->address.state = PC_ADDRESS_MISSING;
}

void case_no_source(struct pc_verdict *v)
{
	const uint8_t far[PC_ADDR_LEN] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

	case_refusal(v);
	v->request.op = PC_OP_CONNECT;
	v->request.error = EADDRNOTAVAIL;
	v->request.no_source = true;
	v->request.wanted_family = PC_FAMILY_V6;
	memcpy(v->request.wanted, far, sizeof(far));
}

void case_connect_exhausted(struct pc_verdict *v)
{
	case_refusal(v);
	v->request.op = PC_OP_CONNECT;
	v->request.error = EADDRNOTAVAIL;
	v->request.own_low = 40000;
	v->request.own_high = 40009;
}

void case_send_exhausted(struct pc_verdict *v)
{
	case_udp(v);
	v->request.op = PC_OP_SEND;
	v->request.error = EAGAIN;
}

void case_connection_exists(struct pc_verdict *v)
{
	struct pc_holder *h;

	case_refusal(v);
	h = case_client(v);
	v->request.op = PC_OP_CONNECT;
	v->request.error = EADDRNOTAVAIL;
	v->request.socket.lport = h->socket.lport;
	v->request.wanted_port = h->socket.rport;
	memcpy(v->request.wanted, h->socket.remote, sizeof(v->request.wanted));
}

void case_transparent(struct pc_verdict *v)
{
	struct pc_socket *s;

	case_refusal(v);
	s = &case_holder(v, PC_STATE_ESTABLISHED)->socket;
	memcpy(v->request.wanted, (uint8_t[]){ 198, 0, 0, 7 }, 4);
	memcpy(s->local, v->request.wanted, sizeof(s->local));
	memcpy(&s->v4_address, s->local, sizeof(s->v4_address));
	v->request.socket.flags |= PC_SOCKET_TRANSPARENT;
	v->address.state = PC_ADDRESS_MISSING;
}

void case_transparent_server(struct pc_verdict *v)
{
	case_transparent(v);
	v->holders_count = 0;
	memset(&v->holders[0], 0, sizeof(v->holders[0]));
	case_listener(v);
}

bool case_advises(struct pc_verdict *v, const char *words)
{
	bool found = false;

	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
	for (unsigned i = 0; i < v->fixes_count; i++)
		found |= strstr(v->fixes[i].what, words) ||
			 (v->fixes[i].command && strstr(v->fixes[i].command, words));
	pc_verdict_clear(v);
	return found;
}
