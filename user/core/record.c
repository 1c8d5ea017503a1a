// SPDX-License-Identifier: GPL-2.0-only
/* Checking and handing out records. */
#include "core/record.h"

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

static bool socket_ok(const struct pc_socket *s)
{
	return family_ok(s->family) && proto_ok(s->proto) && s->state < PC_STATE_COUNT;
}

static bool process_ok(const struct pc_process *p, size_t size)
{
	return size >= offsetof(struct pc_process, text) &&
	       (size_t)p->args_len + p->exe_len + p->cgroup_len <=
		       p->header.size - offsetof(struct pc_process, text);
}

static bool claim_ok(const struct pc_claim *c, size_t size)
{
	return size >= sizeof(*c) && c->cookie && c->how > PC_HOW_UNKNOWN &&
	       c->how < PC_HOW_COUNT && proto_ok(c->proto) && family_ok(c->family);
}

static bool endpoints_ok(const struct pc_endpoints *e, size_t size)
{
	return size >= sizeof(*e) && family_ok(e->family) && e->state < PC_STATE_COUNT;
}

static bool refusal_ok(const struct pc_refusal *r, size_t size)
{
	if (size < PC_REFUSAL_SIZE(0) || r->holders_count > PC_HOLDERS_MAX ||
	    size < PC_REFUSAL_SIZE(r->holders_count))
		return false;
	if (r->op <= PC_OP_INVALID || r->op >= PC_OP_COUNT)
		return false;
	if (!proto_ok(r->proto) || !family_ok(r->wanted_family) || r->error <= 0)
		return false;
	return socket_ok(&r->socket);
}

static bool header_ok(const struct pc_header *h, size_t size)
{
	return size >= sizeof(*h) && h->size >= sizeof(*h) && h->size <= size;
}

int pc_record_dispatch(const void *data, size_t size, const struct pc_record_handler *h)
{
	const struct pc_header *header = data;

	if (!header_ok(header, size))
		return -EBADMSG;
	size = header->size;
	switch (header->type) {
	case PC_RECORD_PROCESS:
		if (!process_ok(data, size))
			return -EBADMSG;
		h->process(h->context, data);
		return 0;
	case PC_RECORD_CLAIM:
		if (!claim_ok(data, size))
			return -EBADMSG;
		h->claim(h->context, data);
		return 0;
	case PC_RECORD_ENDPOINTS:
		if (!endpoints_ok(data, size))
			return -EBADMSG;
		h->endpoints(h->context, data);
		return 0;
	case PC_RECORD_REFUSAL:
		if (!refusal_ok(data, size))
			return -EBADMSG;
		h->refusal(h->context, data);
		return 0;
	default:
		return -EBADMSG;
	}
}

int pc_record_check_owner(const void *data, size_t size)
{
	const struct pc_owner *o = data;

	if (!header_ok(&o->header, size) || size < sizeof(*o))
		return -EBADMSG;
	return o->header.type == PC_RECORD_OWNER && socket_ok(&o->socket) ? 0 : -EBADMSG;
}
