// SPDX-License-Identifier: GPL-2.0-only
/* Checking and handing out records. */
#include "core/join/record.h"

#include <errno.h>
#include <stdbool.h>

static bool family_ok(unsigned family)
{
	return family == PC_FAMILY_V4 || family == PC_FAMILY_V6;
}

static bool proto_ok(unsigned proto)
{
	return proto == PC_PROTO_TCP || proto == PC_PROTO_UDP;
}

static bool socket_ok(const struct pc_socket_record *s)
{
	return family_ok(s->family) && proto_ok(s->proto) && s->state < PC_STATE_COUNT;
}

static bool unix_ok(const struct pc_socket_record *s)
{
	return s->family == PC_FAMILY_UNIX && s->proto == PC_PROTO_UNIX &&
	       s->state < PC_STATE_COUNT && !s->lport && !s->rport;
}

static bool process_ok(const struct pc_process_record *p, size_t size)
{
	return size >= offsetof(struct pc_process_record, text) &&
	       (size_t)p->args_len + p->exe_len + p->cgroup_len <=
		       p->header.size - offsetof(struct pc_process_record, text);
}

static bool claim_ok(const struct pc_claim_record *c, size_t size)
{
	return size >= sizeof(*c) && c->cookie && c->how > PC_HOW_UNKNOWN &&
	       c->how < PC_HOW_COUNT && proto_ok(c->proto) && family_ok(c->family);
}

bool pc_record_logged_ok(const struct pc_logged_claim *c)
{
	return c->cookie && c->how > PC_HOW_UNKNOWN && c->how < PC_HOW_COUNT &&
	       proto_ok(c->proto) && family_ok(c->family);
}

void pc_record_of_logged(const struct pc_logged_claim *c, uint8_t flags, struct pc_claim_record *out)
{
	*out = (struct pc_claim_record){
		.header = { PC_RECORD_CLAIM, sizeof(*out) },
		.time_ns = c->time_ns,
		.cookie = c->cookie,
		.process = c->process,
		.tid = c->tid,
		.netns = c->netns,
		.port = c->port,
		.how = c->how,
		.proto = c->proto,
		.family = c->family,
		.flags = c->flags | flags,
	};
}

static bool endpoints_ok(const struct pc_endpoints_record *e, size_t size)
{
	return size >= sizeof(*e) && family_ok(e->family) && e->state < PC_STATE_COUNT;
}

static bool end_ok(const struct pc_end_record *e, size_t size)
{
	return size >= sizeof(*e) && e->process.tgid;
}

static bool refusal_ok(const struct pc_refusal_record *r, size_t size)
{
	if (size < PC_REFUSAL_SIZE(0) || r->holders_count > PC_HOLDERS_MAX ||
	    size < PC_REFUSAL_SIZE(r->holders_count))
		return false;
	if (r->op <= PC_OP_INVALID || r->op >= PC_OP_COUNT)
		return false;
	if (!proto_ok(r->proto) || !family_ok(r->wanted_family))
		return false;
	if (r->error < 0 || (!r->error && !(r->marks & PC_MARK_LATE)))
		return false;
	return socket_ok(&r->socket);
}

static bool foreign_ok(const struct pc_foreign_record *r, size_t size)
{
	return size >= sizeof(*r) && r->op == PC_OP_BIND && r->error > 0 && r->family &&
	       r->address_len <= sizeof(r->address) &&
	       (size_t)r->root_len + r->cwd_len <= sizeof(r->text);
}

static bool merged_call_ok(const struct pc_merged_record *m)
{
	if (m->proto == PC_PROTO_UNIX || m->proto == PC_PROTO_OTHER)
		return m->wanted_family && m->scope != PC_SCOPE_PORT && m->op == PC_OP_BIND;
	return proto_ok(m->proto) && family_ok(m->wanted_family);
}

static bool merged_ok(const struct pc_merged_record *m, size_t size)
{
	return size >= sizeof(*m) && m->count && m->scope > PC_SCOPE_INVALID &&
	       m->scope < PC_SCOPE_UNWRITTEN && m->op > PC_OP_INVALID && m->op < PC_OP_COUNT &&
	       m->error >= 0 && merged_call_ok(m);
}

static bool header_ok(const struct pc_header *h, size_t size)
{
	return size >= sizeof(*h) && h->size >= sizeof(*h) && h->size <= size;
}

int pc_record_check(const void *data, size_t size)
{
	const struct pc_header *header = data;

	if (!header_ok(header, size))
		return -EBADMSG;
	size = header->size;
	switch (header->type) {
	case PC_RECORD_PROCESS:
		return process_ok(data, size) ? 0 : -EBADMSG;
	case PC_RECORD_CLAIM:
		return claim_ok(data, size) ? 0 : -EBADMSG;
	case PC_RECORD_ENDPOINTS:
		return endpoints_ok(data, size) ? 0 : -EBADMSG;
	case PC_RECORD_REFUSAL:
		return refusal_ok(data, size) ? 0 : -EBADMSG;
	case PC_RECORD_FOREIGN:
		return foreign_ok(data, size) ? 0 : -EBADMSG;
	case PC_RECORD_MERGED:
		return merged_ok(data, size) ? 0 : -EBADMSG;
	case PC_RECORD_END:
		return end_ok(data, size) ? 0 : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

int pc_record_dispatch(const void *data, size_t size, const struct pc_record_handler *h)
{
	const struct pc_header *header = data;
	int err;

	/* Nearly all records are claims. */
	if (header_ok(header, size) && header->type == PC_RECORD_CLAIM &&
	    claim_ok(data, header->size)) {
		h->claim(h->context, data);
		return 0;
	}
	err = pc_record_check(data, size);
	if (err)
		return err;
	switch (header->type) {
	case PC_RECORD_PROCESS:
		h->process(h->context, data);
		break;
	case PC_RECORD_ENDPOINTS:
		h->endpoints(h->context, data);
		break;
	case PC_RECORD_REFUSAL:
		h->refusal(h->context, data);
		break;
	case PC_RECORD_FOREIGN:
		h->foreign(h->context, data);
		break;
	case PC_RECORD_MERGED:
		h->merged(h->context, data);
		break;
	case PC_RECORD_END:
		h->end(h->context, data);
		break;
	}
	return 0;
}

int pc_record_check_owner(const void *data, size_t size)
{
	const struct pc_owner_record *o = data;

	if (!header_ok(&o->header, size) || size < sizeof(*o))
		return -EBADMSG;
	return o->header.type == PC_RECORD_OWNER && (socket_ok(&o->socket) || unix_ok(&o->socket)) ?
		       0 :
		       -EBADMSG;
}
