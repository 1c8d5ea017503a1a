// SPDX-License-Identifier: GPL-2.0-only
/* A plan for the sockets on a port, by the kernel's rules of who keeps a port. */
#include "core/cure/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/rule/conflict.h"

static const char *const kind_names[] = {
	[PC_FREE_INVALID] = "invalid", [PC_FREE_PASSES] = "passes", [PC_FREE_END] = "end",
	[PC_FREE_SERVER] = "server",   [PC_FREE_BOUND] = "bound",   [PC_FREE_KERNEL] = "kernel",
	[PC_FREE_LEFT] = "left",
};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == PC_FREE_KIND_COUNT,
	       "each kind has a name");

const char *pc_free_kind_name(enum pc_free_kind kind)
{
	return (unsigned)kind < PC_FREE_KIND_COUNT ? kind_names[kind] : "unknown";
}

void pc_free_request(uint8_t proto, uint16_t port, uint16_t family, const uint8_t *address,
		     struct pc_request *out)
{
	*out = (struct pc_request){
		.op = PC_OP_BIND,
		.error = EADDRINUSE,
		.proto = proto,
		.wanted_family = family,
		.wanted_port = port,
		.socket = { .family = family, .proto = proto },
	};
	memcpy(out->wanted, address, family == PC_FAMILY_V6 ? 16 : 4);
}

static bool plan_is_in_the_way(const struct pc_socket *s, const struct pc_request *server)
{
	struct pc_side asking, holding;

	pc_side_of_requester(server, &asking);
	pc_side_of_holder(s, &holding);
	return pc_conflict(server->proto, &asking, &holding);
}

/* A socket that its process has closed leaves its port when it ends, however it came by it. */
static bool is_orphan(const struct pc_socket *s)
{
	return !s->inode && s->state != PC_STATE_CLOSE && s->state != PC_STATE_LISTEN;
}

/* Does the kernel still have something to send for a process that is gone? A minisock (TIME_WAIT, and
 * FIN_WAIT2 as a rule) has not: it only waits, and says how long. */
static bool is_ending(const struct pc_socket *s)
{
	return !s->inode && !s->seconds_left &&
	       (s->state == PC_STATE_FIN_WAIT1 || s->state == PC_STATE_FIN_WAIT2 ||
		s->state == PC_STATE_CLOSING || s->state == PC_STATE_LAST_ACK);
}

static enum pc_free_kind udp_kind(const struct pc_listed_socket *s)
{
	const struct pc_socket *u = &s->socket;

	if (u->rport)
		return s->kernel_chose ? PC_FREE_END : PC_FREE_BOUND;
	/* Without a number and an address it has sent, no more: its next send gets another port. */
	return s->kernel_chose && pc_address_is_any(u->family, u->local) ? PC_FREE_END :
									   PC_FREE_SERVER;
}

enum pc_free_kind pc_free_kind_of(const struct pc_listed_socket *s, const struct pc_request *server)
{
	const struct pc_socket *t = &s->socket;

	if (!plan_is_in_the_way(t, server))
		return PC_FREE_PASSES;
	if (t->proto == PC_PROTO_UDP)
		return udp_kind(s);
	if (t->state == PC_STATE_LISTEN)
		return PC_FREE_SERVER;
	/* Bound and idle: sock_diag finds it in no table that SOCK_DESTROY looks into. */
	if (t->state == PC_STATE_CLOSE)
		return PC_FREE_BOUND;
	return s->kernel_chose || is_orphan(t) ? PC_FREE_END : PC_FREE_BOUND;
}

static int kind_order(enum pc_free_kind kind)
{
	static const int order[PC_FREE_KIND_COUNT] = {
		[PC_FREE_KERNEL] = 0, [PC_FREE_SERVER] = 1, [PC_FREE_BOUND] = 2,
		[PC_FREE_LEFT] = 3,   [PC_FREE_END] = 4,    [PC_FREE_PASSES] = 5,
	};

	return order[kind];
}

/* TIME_WAITs after what somebody has open; then always the same order. */
static int plan_compare(const void *a, const void *b)
{
	const struct pc_free_socket *x = a, *y = b;
	const struct pc_socket *s = &x->s.socket, *t = &y->s.socket;
	int by = kind_order(x->kind) - kind_order(y->kind);

	if (!by)
		by = !s->inode - !t->inode;
	if (!by)
		by = (s->cookie > t->cookie) - (s->cookie < t->cookie);
	return by;
}

static void plan_count(struct pc_free_plan *plan)
{
	memset(plan->counts, 0, sizeof(plan->counts));
	plan->seconds = 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct pc_free_socket *f = &plan->list[i];

		plan->counts[f->kind]++;
		if (f->kind == PC_FREE_END && f->s.socket.seconds_left > plan->seconds)
			plan->seconds = f->s.socket.seconds_left;
	}
}

static void plan_sort(struct pc_free_plan *plan)
{
	if (plan->count)
		qsort(plan->list, plan->count, sizeof(*plan->list), plan_compare);
	plan_count(plan);
}

int pc_free_plan_make(const struct pc_socket_list *sockets, const struct pc_request *server,
		      bool orphans_end, struct pc_free_plan *out)
{
	*out = (struct pc_free_plan){ 0 };
	out->list = calloc(sockets->count + 1, sizeof(*out->list));
	if (!out->list)
		return -ENOMEM;
	for (size_t i = 0; i < sockets->count; i++) {
		struct pc_free_socket *f = &out->list[out->count];

		if (sockets->list[i].socket.lport != server->wanted_port ||
		    sockets->list[i].socket.proto != server->proto)
			continue;
		f->s = sockets->list[i];
		f->kind = pc_free_kind_of(&f->s, server);
		if (f->kind == PC_FREE_END && !orphans_end && is_ending(&f->s.socket))
			f->kind = PC_FREE_LEFT;
		out->count++;
	}
	plan_sort(out);
	return 0;
}

void pc_free_plan_owners(struct pc_free_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct pc_free_socket *f = &plan->list[i];

		if ((f->kind == PC_FREE_SERVER || f->kind == PC_FREE_BOUND) && !f->owners_count)
			f->kind = PC_FREE_KERNEL;
	}
	plan_sort(plan);
}

void pc_free_plan_agree(struct pc_free_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		plan->list[i].agreed = plan->list[i].kind == PC_FREE_END;
}

/* A socket keeps its cookie when its process disconnects it and connects it elsewhere: it can come in the way
 * after it was shown as one that is not. */
bool pc_free_plan_is_news(const struct pc_free_plan *shown, const struct pc_free_socket *now)
{
	const struct pc_free_socket *before = pc_free_plan_find(shown, now->s.socket.cookie);

	if (now->kind == PC_FREE_PASSES)
		return false;
	return !before || before->kind == PC_FREE_PASSES ||
	       (now->kind == PC_FREE_END && !before->agreed);
}

struct pc_free_socket *pc_free_plan_find(const struct pc_free_plan *plan, uint64_t cookie)
{
	for (size_t i = 0; cookie && i < plan->count; i++)
		if (plan->list[i].s.socket.cookie == cookie)
			return &plan->list[i];
	return NULL;
}

void pc_free_plan_free(struct pc_free_plan *plan)
{
	free(plan->list);
	*plan = (struct pc_free_plan){ 0 };
}
