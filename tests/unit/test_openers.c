// SPDX-License-Identifier: GPL-2.0-only
/* Which open socket is given to which holder, as owner or as the other end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "core/openers.h"

#define INODE 4711
#define RPORT 40001

static const uint8_t loopback[4] = { 127, 0, 0, 1 }, elsewhere[4] = { 192, 0, 2, 1 };
static struct pc_identity processes[PC_OWNERS_MAX + 2];

/* Names all processes but number 0. */
static bool name(void *context, const struct pc_owner *o, struct pc_party *out)
{
	unsigned *asked = context;

	++*asked;
	if (!o->process.tgid)
		return false;
	processes[o->process.tgid].key = o->process;
	*out = (struct pc_party){ .who = &processes[o->process.tgid], .fd = -1 };
	return true;
}

static struct pc_owner opener(uint32_t pid, uint32_t fd)
{
	return (struct pc_owner){ .process.tgid = pid, .fd = fd };
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

static struct pc_owner other_end(const struct pc_holder *h, uint32_t pid)
{
	struct pc_owner o = opener(pid, 5);

	o.socket = h->socket;
	o.socket.inode = INODE + 1;
	o.socket.lport = h->socket.rport;
	o.socket.rport = h->socket.lport;
	return o;
}

static struct pc_owner listener_of(const struct pc_holder *h, uint32_t pid)
{
	struct pc_owner o = other_end(h, pid);

	o.socket.state = PC_STATE_LISTEN;
	o.socket.rport = 0;
	memset(o.socket.remote, 0, sizeof(o.socket.remote));
	return o;
}

static void keys(void **state)
{
	uint64_t got[PC_OPENERS_KEYS];
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);

	(void)state;
	assert_int_equal(pc_openers_keys(&v, got), 3);
	assert_int_equal(got[0], pc_wanted_inode(INODE));
	assert_int_equal(got[1], pc_wanted_ports(RPORT, CASE_PORT));
	assert_int_equal(got[2], pc_wanted_ports(RPORT, 0));
	memcpy(h->socket.remote, elsewhere, sizeof(elsewhere));
	assert_int_equal(pc_openers_keys(&v, got), 1);
	h->socket.inode = 0;
	assert_int_equal(pc_openers_keys(&v, got), 0);
}

/* Each process once, whatever descriptors it has, as many as there is room for. */
static void owners(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);
	unsigned asked = 0;

	(void)state;
	for (uint32_t pid = 0; pid <= PC_OWNERS_MAX + 1; pid++) {
		struct pc_owner o = opener(pid, 10 + pid);

		o.socket.inode = INODE;
		o.socket.cookie = 99;
		pc_openers_give(&v, &o, name, &asked);
		o.fd = 900;
		pc_openers_give(&v, &o, name, &asked);
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

/* A socket without an inode is nobody's, and is not that of all others without one. */
static void no_inode(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);
	struct pc_owner o = opener(1, 3);
	unsigned asked = 0;

	(void)state;
	h->socket.inode = 0;
	pc_openers_give(&v, &o, name, &asked);
	assert_int_equal(h->owners_count, 0);
	assert_int_equal(asked, 0);
}

static void peers(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h = connected(&v);
	struct pc_owner listens = listener_of(h, 1), listens_too = listener_of(h, 2);
	struct pc_owner nameless = other_end(h, 0), accepted = other_end(h, 3);
	struct pc_owner accepted_too = other_end(h, 4);
	unsigned asked = 0;

	(void)state;
	pc_openers_give(&v, &listens, name, &asked);
	pc_openers_give(&v, &listens_too, name, &asked);
	assert_int_equal(h->peer.who->key.tgid, 1);
	assert_true(h->peer_listens);
	pc_openers_give(&v, &nameless, name, &asked);
	assert_int_equal(h->peer.who->key.tgid, 1);
	assert_true(h->peer_listens);
	pc_openers_give(&v, &accepted, name, &asked);
	pc_openers_give(&v, &accepted_too, name, &asked);
	pc_openers_give(&v, &listens, name, &asked);
	assert_int_equal(h->peer.who->key.tgid, 3);
	assert_false(h->peer_listens);
	assert_int_equal(asked, 3);
	assert_int_equal(h->owners_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(owners),
		cmocka_unit_test(no_inode),
		cmocka_unit_test(peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
