// SPDX-License-Identifier: GPL-2.0-only
/* Random values and records of a storm. Ports, cookies and pids are few, so that what happens meets what
 * happened before. */
#include <errno.h>
#include <string.h>

#include "core/join/record.h"
#include "storm_private.h"

uint64_t storm_draw(struct storm *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * 0x2545f4914f6cdd1dULL;
}

uint32_t storm_pick(struct storm *s, uint32_t n)
{
	return (uint32_t)((storm_draw(s) >> 32) % n);
}

bool storm_one_in(struct storm *s, uint32_t n)
{
	return !storm_pick(s, n);
}

uint16_t storm_port(struct storm *s)
{
	static const uint16_t first[] = { 35000, 40000, 1018 };

	return storm_one_in(s, 8) ? 0 : (uint16_t)(first[storm_pick(s, 3)] + storm_pick(s, PORTS));
}

uint32_t storm_netns(struct storm *s)
{
	return storm_one_in(s, 4) ? FAKE_NETNS + storm_pick(s, 3) : FAKE_NETNS;
}

static uint8_t pick_proto(struct storm *s)
{
	return storm_one_in(s, 4) ? PC_PROTO_UDP : PC_PROTO_TCP;
}

static uint8_t pick_family(struct storm *s)
{
	return storm_one_in(s, 4) ? PC_FAMILY_V6 : PC_FAMILY_V4;
}

const char *storm_text(struct storm *s)
{
	static const char *const texts[] = {
		"nginx",
		"/usr/sbin/nginx -g daemon off;",
		"\x1b[31m\n\xff\"x\"",
		"",
		"/system.slice/a.service",
		"/kubepods.slice/kubepods-pod12345678_1234_1234_1234_123456789abc.slice/cri-containerd-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope",
		"python3.11",
		"python3.11 (deleted)",
	};

	if (!storm_one_in(s, 4))
		return texts[0];
	return storm_one_in(s, 6) ? NULL : texts[storm_pick(s, sizeof(texts) / sizeof(texts[0]))];
}

const struct fake_process *storm_process(struct storm *s)
{
	return &s->f->processes[storm_pick(s, s->f->processes_count)];
}

static void pick_address(struct storm *s, uint8_t *out)
{
	memset(out, 0, PC_ADDR_LEN);
	if (storm_one_in(s, 3))
		return;
	out[0] = storm_one_in(s, 2) ? 127 : 192;
	out[3] = (uint8_t)storm_pick(s, 3);
}

struct pc_socket_record storm_socket(struct storm *s)
{
	struct pc_socket_record r = {
		.cookie = storm_pick(s, COOKIES),
		.inode = storm_one_in(s, 5) ? 0 : 7000 + storm_pick(s, COOKIES),
		.netns = storm_netns(s),
		.lport = storm_port(s),
		.rport = storm_one_in(s, 2) ? storm_port(s) : 0,
		.family = pick_family(s),
		.proto = pick_proto(s),
		.state = (uint8_t)storm_pick(s, PC_STATE_COUNT),
		.flags = storm_one_in(s, 2) ? 0 : (uint16_t)storm_pick(s, 2048),
		.userlocks = (uint8_t)(4 * storm_pick(s, 8)),
		.reuse = (uint8_t)storm_pick(s, 3),
		.fastreuse = (int8_t)(storm_pick(s, 3) - 1),
		.fastreuseport = (int8_t)(storm_pick(s, 3) - 1),
		.seconds_left = (uint8_t)storm_pick(s, 61),
		.uid = storm_pick(s, 2),
	};

	pick_address(s, r.local);
	pick_address(s, r.remote);
	memcpy(&r.v4_address, r.local, sizeof(r.v4_address));
	return r;
}

void storm_put_record(struct storm *s, void *record)
{
	struct pc_header *h = record;
	uint8_t *bytes = record;

	if (storm_one_in(s, 30) && h->size > sizeof(*h))
		bytes[sizeof(*h) + storm_pick(s, h->size - sizeof(*h))] ^=
			(uint8_t)(1 << storm_pick(s, 8));
	if (storm_one_in(s, 200))
		h->size = sizeof(*h) + storm_pick(s, h->size - sizeof(*h));
	s->bad += pc_record_check(record, h->size) != 0;
	fake_put(s->f, record);
}

void storm_put_process(struct storm *s)
{
	const struct fake_process *p = storm_process(s);
	struct pc_process_record r = {
		.header = { PC_RECORD_PROCESS, sizeof(r) },
		.key = p->key,
		.netns = p->netns,
		.uid = storm_pick(s, 2),
		.args_len = (uint16_t)storm_pick(s, 60),
		.exe_len = (uint16_t)storm_pick(s, 60),
		.cgroup_len = (uint16_t)storm_pick(s, 60),
		.args_cut = storm_one_in(s, 4),
		.descendant = p->descendant,
	};

	strncpy(r.comm, p->comm, sizeof(r.comm) - 1);
	for (unsigned i = 0; i < 180; i++)
		r.text[i] = "\0ab/\x1b"[storm_pick(s, 5)];
	storm_put_record(s, &r);
}

void storm_describe(struct storm *s)
{
	fake_put_process(s->f, storm_process(s));
}

void storm_put_claim(struct storm *s)
{
	struct pc_claim_record c = fake_claim(storm_process(s), 1 + storm_pick(s, COOKIES),
					      storm_port(s), 1 + storm_pick(s, PC_HOW_COUNT - 1));

	c.time_ns = s->f->now_ns - storm_pick(s, 2000) * MS;
	c.netns = storm_netns(s);
	c.proto = pick_proto(s);
	c.family = pick_family(s);
	c.flags = (uint8_t)(storm_one_in(s, 2) ? storm_pick(s, 8) : 0);
	storm_put_record(s, &c);
}

void storm_put_ends(struct storm *s)
{
	struct pc_endpoints_record e = fake_ends(storm_pick(s, COOKIES), storm_port(s));

	e.closed = storm_one_in(s, 3);
	e.own_netns = !storm_one_in(s, 4);
	e.family = pick_family(s);
	storm_put_record(s, &e);
}

static void add_holder(struct storm *s, struct pc_refusal_record *r)
{
	struct pc_socket_record *h = fake_holder(r, 0, 0);

	*h = storm_socket(s);
	if (storm_one_in(s, 5))
		return;
	h->lport = r->op >= PC_OP_CONNECT ? r->socket.lport : r->wanted_port;
	h->proto = r->proto;
	h->netns = r->netns;
	if (storm_one_in(s, 3)) {
		h->state = PC_STATE_LISTEN;
		h->rport = 0;
	} else if (storm_one_in(s, 3)) { /* the connection that is asked for */
		h->rport = r->wanted_port;
		h->family = r->wanted_family;
		memcpy(h->remote, r->wanted, sizeof(h->remote));
	}
	if (storm_one_in(s, 12)) { /* connected with itself */
		h->rport = h->lport;
		memcpy(h->remote, h->local, sizeof(h->remote));
	}
}

void storm_put_refusal(struct storm *s)
{
	static const int errors[] = { EADDRINUSE,    EADDRINUSE, EADDRINUSE, EADDRNOTAVAIL,
				      EADDRNOTAVAIL, EACCES,	 EACCES,     EPERM };
	struct pc_refusal_record r = fake_refusal(storm_process(s), storm_port(s));
	unsigned holders =
		storm_one_in(s, 3) ? storm_pick(s, PC_HOLDERS_MAX + 1) : storm_pick(s, 3);

	r.time_ns = s->f->now_ns - storm_pick(s, 300) * MS;
	r.netns = storm_netns(s);
	r.netns_key = r.netns & 3;
	r.error = errors[storm_pick(s, sizeof(errors) / sizeof(errors[0]))];
	r.op = (uint8_t)(1 + storm_pick(s, PC_OP_COUNT - 1));
	r.proto = pick_proto(s);
	r.wanted_family = pick_family(s);
	r.walk = storm_one_in(s, 6) ? (uint8_t)storm_pick(s, 8) : PC_WALK_NETNS;
	r.marks = storm_one_in(s, 3) ? (uint8_t)storm_pick(s, 16) : 0;
	if (r.time_ns / MS % 16 == 3)
		r.marks |= PC_MARK_LATE;
	r.socket = storm_socket(s);
	pick_address(s, r.wanted);
	for (unsigned i = 0; i < holders; i++)
		add_holder(s, &r);
	storm_put_record(s, &r);
}

void storm_put_rivals(struct storm *s)
{
	const struct fake_process *holder = storm_process(s), *refused = storm_process(s);
	struct pc_claim_record c =
		fake_claim(holder, 1 + storm_pick(s, COOKIES), 8080, PC_HOW_BIND);
	struct pc_refusal_record r = fake_refusal(refused, 8080);

	fake_put_process(s->f, holder);
	fake_put(s->f, &c);
	fake_put_process(s->f, refused);
	fake_open(s->f, holder, fake_holder(&r, c.cookie, PC_STATE_LISTEN), 3);
	storm_put_record(s, &r);
}

void storm_put_end(struct storm *s)
{
	struct pc_end_record e = fake_end(storm_process(s), s->f->now_ns - storm_pick(s, 300) * MS,
					  (int)storm_pick(s, 65536));

	storm_put_record(s, &e);
}

void storm_put_flood(struct storm *s)
{
	const struct fake_process *p = storm_process(s);
	uint64_t first = storm_draw(s) >> 20;

	for (unsigned i = 0; i < 8192; i++) {
		struct pc_claim_record c = fake_claim(p, first + i, 0, PC_HOW_CONNECT);

		fake_put(s->f, &c);
	}
}

void storm_put_rush(struct storm *s)
{
	for (unsigned i = 0; i < 30; i++) {
		struct pc_claim_record c =
			fake_claim(storm_process(s), 1 + storm_pick(s, COOKIES),
				   (uint16_t)(35000 + storm_pick(s, PORTS)), PC_HOW_BIND_ZERO);

		fake_put(s->f, &c);
	}
}
