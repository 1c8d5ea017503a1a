// SPDX-License-Identifier: GPL-2.0-only
/* Open sockets are given to holders, as owners or as the other end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "core/verdict/holder_owners.h"

#define INODE 4711
#define RPORT 40001

static const uint8_t loopback[4] = { 127, 0, 0, 1 }, elsewhere[4] = { 192, 0, 2, 1 };
static struct pc_identity processes[PC_OWNERS_MAX + 2];

/* Names all processes but number 0. */
static bool name(void *context, const struct pc_open_socket *o, struct pc_party *out)
{
	unsigned *asked = context;

	++*asked;
	if (!o->process.tgid)
		return false;
	processes[o->process.tgid].key = o->process;
	*out = (struct pc_party){ .who = &processes[o->process.tgid], .fd = -1 };
	return true;
}

static struct pc_open_socket open_by(uint32_t pid, uint32_t fd)
{
	return (struct pc_open_socket){ .process.tgid = pid, .fd = fd };
}

/* A holder that is connected over loopback with a socket of this machine. */
static struct pc_holder *connected(struct pc_verdict *v)
{
	struct pc_holder *h;

	case_refusal(v);
	h = case_client(v);
	h->socket.inode = INODE;
	memcpy(h->socket.local, loopback, sizeof(loopback));
	memcpy(h->socket.remote, loopback, sizeof(loopback));
	h->socket.rport = RPORT;
	return h;
}

static struct pc_open_socket other_end(const struct pc_holder *h, uint32_t pid)
{
	struct pc_open_socket o = open_by(pid, 5);

	o.socket = h->socket;
	o.socket.inode = INODE + 1;
	o.socket.lport = h->socket.rport;
	o.socket.rport = h->socket.lport;
	return o;
}

static struct pc_open_socket listener_of(const struct pc_holder *h, uint32_t pid)
{
	struct pc_open_socket o = other_end(h, pid);

	o.socket.state = PC_STATE_LISTEN;
	o.socket.rport = 0;
	memset(o.socket.remote, 0, sizeof(o.socket.remote));
	return o;
}

static void holder_owners_keys(void **state)
{
	uint64_t got[PC_HOLDER_OWNERS_KEYS];
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);

	(void)state;
	assert_int_equal(pc_holder_owners_keys(&v, got), 3);
	assert_int_equal(got[0], pc_wanted_inode(INODE));
	assert_int_equal(got[1], pc_wanted_ports(RPORT, CASE_PORT));
	assert_int_equal(got[2], pc_wanted_ports(RPORT, 0));
	memcpy(h->socket.remote, elsewhere, sizeof(elsewhere));
	assert_int_equal(pc_holder_owners_keys(&v, got), 1);
	h->socket.inode = 0;
	assert_int_equal(pc_holder_owners_keys(&v, got), 0);
}

/* Each process once, whatever descriptors it has, as many as there is room for. */
static void holder_owners_owners(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);
	unsigned asked = 0;

	(void)state;
	for (uint32_t pid = 0; pid <= PC_OWNERS_MAX + 1; pid++) {
		struct pc_open_socket o = open_by(pid, 10 + pid);

		o.socket = h->socket;
		o.socket.cookie = h->socket.cookie = 99;
		pc_holder_owners_give(&v, &o, name, &asked);
		o.fd = 900;
		pc_holder_owners_give(&v, &o, name, &asked);
	}
	assert_int_equal(h->owners_count, PC_OWNERS_MAX);
	assert_int_equal(asked, PC_OWNERS_MAX + 2); /* number 0 twice, in vain */
	assert_int_equal(h->file_cookie, 99);
	for (unsigned i = 0; i < PC_OWNERS_MAX; i++) {
		assert_int_equal(h->owners[i].who->key.tgid, i + 1);
		assert_int_equal(h->owners[i].fd, 11 + i);
	}
	assert_null(h->peer.who);
}

/* Another socket can have the same inode number. */
static void same_inode_of_another(void **state)
{
	static const struct {
		const char *what;
		uint64_t holder, open; /* cookies */
		uint16_t port;	       /* of the open socket */
		uint32_t netns;
		uint16_t flags;
		bool is;
	} cases[] = {
		{ "the holder", 7, 7, CASE_PORT, 1, 0, true },
		{ "another cookie", 7, 8, CASE_PORT, 1, 0, false },
		{ "another namespace", 7, 7, CASE_PORT, 2, 0, false },
		{ "no cookies", 0, 0, CASE_PORT, 1, 0, true },
		{ "no cookies, another port", 0, 0, CASE_PORT + 1, 1, 0, false },
		{ "a cookie made meanwhile", 0, 7, CASE_PORT, 1, 0, true },
		{ "no cookie any more", 7, 0, CASE_PORT, 1, 0, true },
		{ "one cookie, another port", 0, 7, CASE_PORT + 1, 1, 0, false },
		{ "a port given up meanwhile", 7, 7, 0, 1, 0, true },
		{ "the socket of a subflow", 7, 8, CASE_PORT, 1, PC_SOCKET_MPTCP, true },
		{ "of a joined subflow", 7, 8, CASE_PORT + 1, 1, PC_SOCKET_MPTCP, true },
		{ "of a subflow elsewhere", 7, 8, CASE_PORT, 2, PC_SOCKET_MPTCP, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_open_socket o = open_by(1, 3);
		struct pc_verdict v;
		struct pc_holder *h = connected(&v);
		unsigned asked = 0;

		h->socket.cookie = cases[i].holder;
		h->socket.netns = 1;
		o.socket = h->socket;
		o.socket.cookie = cases[i].open;
		o.socket.lport = cases[i].port;
		o.socket.netns = cases[i].netns;
		o.socket.flags = cases[i].flags;
		pc_holder_owners_give(&v, &o, name, &asked);
		if (h->owners_count != cases[i].is)
			fail_msg("%s: %u owners", cases[i].what, h->owners_count);
	}
}

/* A UDP socket with the inode number and the port of a TCP socket, both without a cookie. */
static void same_inode_of_another_protocol(void **state)
{
	struct pc_open_socket o = open_by(1, 3);
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);
	unsigned asked = 0;

	(void)state;
	o.socket = h->socket;
	h->socket.cookie = o.socket.cookie = 0;
	o.socket.proto = PC_PROTO_UDP;
	pc_holder_owners_give(&v, &o, name, &asked);
	assert_int_equal(h->owners_count, 0);
}

/* A socket without an inode is nobody's, and is not that of all others without one. */
static void no_inode(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);
	struct pc_open_socket o = open_by(1, 3);
	unsigned asked = 0;

	(void)state;
	h->socket.inode = 0;
	pc_holder_owners_give(&v, &o, name, &asked);
	assert_int_equal(h->owners_count, 0);
	assert_int_equal(asked, 0);
}

static void peers(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);
	struct pc_open_socket listens = listener_of(h, 1), listens_too = listener_of(h, 2);
	struct pc_open_socket nameless = other_end(h, 0), accepted = other_end(h, 3);
	struct pc_open_socket accepted_too = other_end(h, 4);
	unsigned asked = 0;

	(void)state;
	pc_holder_owners_give(&v, &listens, name, &asked);
	pc_holder_owners_give(&v, &listens_too, name, &asked);
	assert_int_equal(h->peer.who->key.tgid, 1);
	assert_true(h->peer_listens);
	pc_holder_owners_give(&v, &nameless, name, &asked);
	assert_int_equal(h->peer.who->key.tgid, 1);
	assert_true(h->peer_listens);
	pc_holder_owners_give(&v, &accepted, name, &asked);
	pc_holder_owners_give(&v, &accepted_too, name, &asked);
	pc_holder_owners_give(&v, &listens, name, &asked);
	assert_int_equal(h->peer.who->key.tgid, 3);
	assert_false(h->peer_listens);
	assert_int_equal(asked, 3);
	assert_int_equal(h->owners_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holder_owners_keys),
		cmocka_unit_test(holder_owners_owners),
		cmocka_unit_test(same_inode_of_another),
		cmocka_unit_test(same_inode_of_another_protocol),
		cmocka_unit_test(no_inode),
		cmocka_unit_test(peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
