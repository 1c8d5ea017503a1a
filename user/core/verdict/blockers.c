// SPDX-License-Identifier: GPL-2.0-only
/* The blockers of a refused socket, and the processes that have them open. */
#include "core/verdict/blockers.h"

#include <string.h>

#include "core/base/address.h"
#include "core/process/party.h"

/* TCP_TIMEWAIT_LEN */
#define TIME_WAIT_SECONDS 60

bool pc_blocker_is_dead(const struct pc_socket *s)
{
	return s->rport && (s->flags & PC_SOCKET_DEAD || s->state == PC_STATE_TIME_WAIT);
}

/* The end that closes first goes through FIN_WAIT to TIME_WAIT. */
static bool leaves_time_wait(const struct pc_socket *s)
{
	return s->proto == PC_PROTO_TCP && s->state == PC_STATE_ESTABLISHED;
}

static void add_blocking_process(struct pc_blockers *b, const struct pc_party *p)
{
	if (!p->who || b->processes_count == PC_BLOCKERS_MAX)
		return;
	for (unsigned i = 0; i < b->processes_count; i++)
		if (pc_party_same(b->processes[i], p))
			return;
	b->processes[b->processes_count++] = p;
}

/* The claimer of a socket without owners may still have it without a descriptor (io_uring). */
static void add_makers(const struct pc_holder *h, struct pc_blockers *b)
{
	if (!h->owners_count && h->claimer.running)
		add_blocking_process(b, &h->claimer);
	for (unsigned i = 0; i < h->owners_count; i++)
		if (pc_party_same(&h->owners[i], &h->claimer))
			add_blocking_process(b, &h->owners[i]);
}

static void add_heirs(const struct pc_holder *h, struct pc_blockers *b)
{
	for (unsigned i = 0; i < h->owners_count; i++)
		add_blocking_process(b, &h->owners[i]);
}

static void add_dead(const struct pc_socket *s, struct pc_blockers *b)
{
	unsigned left;

	b->dead[b->dead_count++] = s;
	if (pc_socket_state(s) != PC_STATE_TIME_WAIT)
		return;
	b->time_waits++;
	left = s->seconds_left ? s->seconds_left : TIME_WAIT_SECONDS;
	if (left > b->seconds)
		b->seconds = left;
}

static void add_blocking_socket(const struct pc_holder *h, struct pc_blockers *b)
{
	b->sockets++;
	if (pc_blocker_is_dead(&h->socket)) {
		add_dead(&h->socket, b);
		return;
	}
	b->live += pc_holder_process(h) != NULL;
	b->staying += leaves_time_wait(&h->socket);
	b->cut = b->cut || h->owners_more;
}

/* The kernel side describes such a socket only where it has room for it besides those that block
 * (RANK_OTHER of bpf/holders.bpf.h). */
static bool had_room_to_spare(const struct pc_request *r, const struct pc_socket *s)
{
	uint32_t wanted;

	memcpy(&wanted, r->wanted, sizeof(wanted));
	if (r->wanted_family == PC_FAMILY_V4 && wanted && s->v4_address && s->v4_address != wanted)
		return true;
	return s->state != PC_STATE_LISTEN && r->socket.reuse && s->reuse;
}

static unsigned count_unseen(const struct pc_verdict *v)
{
	if (v->request.op == PC_OP_CONNECT || v->request.op == PC_OP_SEND ||
	    v->holders_total <= v->holders_count)
		return 0;
	for (unsigned i = 0; i < v->holders_count; i++)
		if (had_room_to_spare(&v->request, &v->holders[i].socket))
			return 0;
	return v->holders_total - v->holders_count;
}

static bool is_blocker(const struct pc_verdict *v, unsigned i)
{
	return v->holders[i].blocking || v->primary == (int)i;
}

void pc_blockers_find(const struct pc_verdict *v, struct pc_blockers *out)
{
	memset(out, 0, sizeof(*out));
	out->unseen = count_unseen(v);
	for (unsigned i = 0; i < v->holders_count; i++)
		if (is_blocker(v, i))
			add_blocking_socket(&v->holders[i], out);
	for (unsigned i = 0; i < v->holders_count; i++)
		if (is_blocker(v, i) && !pc_blocker_is_dead(&v->holders[i].socket))
			add_makers(&v->holders[i], out);
	for (unsigned i = 0; i < v->holders_count; i++)
		if (is_blocker(v, i) && !pc_blocker_is_dead(&v->holders[i].socket))
			add_heirs(&v->holders[i], out);
}
