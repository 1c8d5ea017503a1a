// SPDX-License-Identifier: GPL-2.0-only
/* Processes, records and open sockets of a fake kernel side. */
#include <errno.h>
#include <string.h>

#include "fake_side.h"

void fake_put(struct fake *f, const void *record)
{
	const struct pc_header *h = record;
	bool refusal = h->type == PC_RECORD_REFUSAL || h->type == PC_RECORD_FOREIGN ||
		       h->type == PC_RECORD_MERGED;
	struct fake_ring *ring = &f->rings[refusal ? PC_RING_REFUSALS : PC_RING_CLAIMS];
	size_t padded = ((size_t)h->size + 7) & ~(size_t)7;

	if (ring->size + padded > sizeof(ring->data))
		return;
	memcpy(ring->data + ring->size, record, h->size);
	ring->size += padded;
}

struct fake_process *fake_process(struct fake *f, uint32_t pid, const char *comm)
{
	struct fake_process *p = &f->processes[f->processes_count++];

	*p = (struct fake_process){
		.key = { .start_ns = 1000000000ULL * f->processes_count, .tgid = pid },
		.comm = comm,
		.exe = comm,
		.cmdline = comm,
		.cgroup = "/x",
		.netns = FAKE_NETNS,
		.running = true,
	};
	return p;
}

void fake_put_process(struct fake *f, const struct fake_process *p)
{
	const char *exe = p->exe ? p->exe : "";
	struct pc_process_record r = {
		.header = { PC_RECORD_PROCESS, sizeof(r) },
		.key = p->key,
		.netns = p->netns,
		.uid = p->uid,
		.args_len = (uint16_t)(strlen(p->comm) + 1),
		.exe_len = (uint16_t)(strlen(exe) + 1),
		.descendant = p->descendant,
	};

	strncpy(r.comm, p->comm, sizeof(r.comm) - 1);
	memcpy(r.text, p->comm, r.args_len);
	memcpy(r.text + r.args_len, exe, r.exe_len);
	fake_put(f, &r);
}

struct pc_claim_record fake_claim(const struct fake_process *p, uint64_t cookie, uint16_t port,
				  enum pc_how how)
{
	struct pc_claim_record c = {
		.header = { PC_RECORD_CLAIM, sizeof(c) },
		.time_ns = 900000000000,
		.cookie = cookie,
		.process = p->key,
		.tid = p->key.tgid,
		.netns = FAKE_NETNS,
		.port = port,
		.how = (uint8_t)how,
		.proto = PC_PROTO_TCP,
		.family = PC_FAMILY_V4,
	};

	strncpy(c.comm, p->comm, sizeof(c.comm) - 1);
	return c;
}

struct pc_end_record fake_end(const struct fake_process *p, uint64_t time_ns, int status)
{
	return (struct pc_end_record){
		.header = { PC_RECORD_END, sizeof(struct pc_end_record) },
		.time_ns = time_ns,
		.process = p->key,
		.status = status,
	};
}

struct pc_endpoints_record fake_ends(uint64_t cookie, uint16_t lport)
{
	return (struct pc_endpoints_record){
		.header = { PC_RECORD_ENDPOINTS, sizeof(struct pc_endpoints_record) },
		.cookie = cookie,
		.local = { 127, 0, 0, 1 },
		.remote = { 192, 0, 2, 1 },
		.lport = lport,
		.rport = 443,
		.family = PC_FAMILY_V4,
		.state = PC_STATE_ESTABLISHED,
		.own_netns = 1,
	};
}

struct pc_endpoints_record fake_ended(uint64_t cookie, uint16_t lport)
{
	return (struct pc_endpoints_record){
		.header = { PC_RECORD_ENDPOINTS, sizeof(struct pc_endpoints_record) },
		.cookie = cookie,
		.local = { 127, 0, 0, 2 },
		.lport = lport,
		.family = PC_FAMILY_V4,
		.state = PC_STATE_CLOSE,
		.closed = 1,
		.own_netns = 1,
	};
}

struct pc_refusal_record fake_refusal(const struct fake_process *p, uint16_t port)
{
	struct pc_refusal_record r = {
		.header = { PC_RECORD_REFUSAL, PC_REFUSAL_SIZE(0) },
		.time_ns = 950000000000,
		.process = p->key,
		.tid = p->key.tgid,
		.uid = p->uid,
		.netns = FAKE_NETNS,
		.error = EADDRINUSE,
		.range_low = 32768,
		.range_high = 60999,
		.unprivileged_start = 1024,
		.wanted_port = port,
		.wanted_family = PC_FAMILY_V4,
		.op = PC_OP_BIND,
		.proto = PC_PROTO_TCP,
		.walk = PC_WALK_NETNS,
		.socket = { .family = PC_FAMILY_V4,
			    .proto = PC_PROTO_TCP,
			    .netns = FAKE_NETNS,
			    .state = PC_STATE_CLOSE },
	};

	strncpy(r.comm, p->comm, sizeof(r.comm) - 1);
	return r;
}

struct pc_socket_record *fake_holder(struct pc_refusal_record *r, uint64_t cookie, uint8_t state)
{
	struct pc_socket_record *s = &r->holders[r->holders_count++];

	*s = (struct pc_socket_record){
		.cookie = cookie,
		.inode = 7000 + cookie,
		.netns = r->netns,
		.lport = r->wanted_port,
		.family = PC_FAMILY_V4,
		.proto = r->proto,
		.state = state,
	};
	if (state != PC_STATE_LISTEN && state != PC_STATE_CLOSE) {
		s->rport = 443;
		memcpy(s->local, "\x7f\0\0\1", 4);
		memcpy(s->remote, "\xc0\0\2\1", 4);
		memcpy(&s->v4_address, s->local, 4);
		s->fastreuse = s->fastreuseport = -1;
	}
	r->header.size = PC_REFUSAL_SIZE(r->holders_count);
	r->holders_total = r->holders_count;
	return s;
}

void fake_open(struct fake *f, const struct fake_process *p, const struct pc_socket_record *s,
	       int fd)
{
	struct pc_owner_record *o = &f->owners[f->owners_count++];

	*o = (struct pc_owner_record){
		.header = { PC_RECORD_OWNER, sizeof(*o) },
		.process = p->key,
		.fd = (uint32_t)fd,
		.socket = *s,
	};
	strncpy(o->comm, p->comm, sizeof(o->comm) - 1);
}
