// SPDX-License-Identifier: GPL-2.0-only
/* From a record of the rings to a verdict, and its comparison with what was staged. */
#include "watch.h"

#include <errno.h>
#include <string.h>

#include "core/conflict.h"
#include "core/decide.h"

static void on_refusal(void *context, const struct pc_refusal *r)
{
	struct watch *w = context;

	if (r->netns != w->netns)
		return;
	w->seen++;
	memset(&w->last, 0, sizeof(w->last));
	memcpy(&w->last, r, r->header.size);
}

/* The rules need no claims. */
static void on_process(void *context, const struct pc_process *p)
{
	(void)context, (void)p;
}

static void on_claim(void *context, const struct pc_claim *c)
{
	(void)context, (void)c;
}

static void on_endpoints(void *context, const struct pc_endpoints *e)
{
	(void)context, (void)e;
}

int watch_open(struct watch *w, const char *backend, char *sentence)
{
	const struct pc_monitor_options options = { .backend = backend };
	const struct pc_record_handler handler = {
		.context = w,
		.process = on_process,
		.claim = on_claim,
		.endpoints = on_endpoints,
		.refusal = on_refusal,
	};

	return pc_monitor_open(&options, &handler, &w->monitor, sentence);
}

void watch_close(struct watch *w)
{
	pc_monitor_close(w->monitor);
	w->monitor = NULL;
}

void watch_read(struct watch *w)
{
	w->seen = 0;
	if (w->monitor)
		pc_monitor_read_refusals(w->monitor);
}

uint64_t watch_lost(struct watch *w)
{
	uint64_t stats[PC_STAT_COUNT];

	if (!w->monitor)
		return 0;
	pc_monitor_stats(w->monitor, stats);
	return stats[PC_STAT_REFUSALS_LOST];
}

static bool same_side(const struct pc_side *a, const struct pc_side *b)
{
	size_t len = a->family == PC_FAMILY_V6 ? 16 : 4;

	return a->family == b->family && !memcmp(a->v6, b->v6, len) && a->v4 == b->v4 &&
	       a->uid == b->uid && a->ifindex == b->ifindex && a->v6only == b->v6only &&
	       a->reuse == b->reuse && a->reuseport == b->reuseport;
}

/* Its state is not asked for: inside listen() it is LISTEN, after it CLOSE. */
static const char *check_requester(const struct pc_refusal *seen, const struct pc_refusal *staged)
{
	struct pc_side a, b;

	if (seen->op != staged->op || seen->proto != staged->proto)
		return "the record is of another call";
	if (seen->error != EADDRINUSE || seen->wanted_port != staged->wanted_port)
		return "the record has another error or port";
	pc_side_of_requester(seen, &a);
	pc_side_of_requester(staged, &b);
	if (!same_side(&a, &b) || a.reuseport_cb != b.reuseport_cb)
		return "the record has another requester than was staged";
	return NULL;
}

/* The staged one may lack cookie and inode; then address, ports and state tell. */
static bool same_socket(const struct pc_socket *seen, const struct pc_socket *staged)
{
	if (staged->cookie && seen->cookie != staged->cookie)
		return false;
	if (staged->inode && seen->inode != staged->inode)
		return false;
	return seen->proto == staged->proto && seen->state == staged->state &&
	       seen->lport == staged->lport && seen->rport == staged->rport;
}

static const char *check_holder(const struct pc_socket *seen, const struct pc_socket *staged)
{
	struct pc_side a, b;

	if (!same_socket(seen, staged))
		return "another socket than the staged one is named";
	pc_side_of_holder(seen, &a);
	pc_side_of_holder(staged, &b);
	return same_side(&a, &b) && a.listening == b.listening && a.time_wait == b.time_wait ?
		       NULL :
		       "the holder's address or options are not as staged";
}

static void fill_verdict(const struct pc_refusal *r, struct pc_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->refusal = *r;
	v->holders_count = r->holders_count;
	for (unsigned i = 0; i < v->holders_count; i++)
		v->holders[i].socket = r->holders[i];
}

const char *watch_check(const struct watch *w, const struct pc_refusal *asking,
			const struct pc_socket *holding, unsigned on_port)
{
	const char *wrong;
	struct pc_verdict v;
	unsigned blocking = 0;

	if (w->seen != 1)
		return w->seen ? "more than one record" : "no record";
	wrong = check_requester(&w->last, asking);
	if (wrong)
		return wrong;
	fill_verdict(&w->last, &v);
	pc_decide(&v);
	for (unsigned i = 0; i < v.holders_count; i++)
		blocking += v.holders[i].blocking;
	if (v.refusal.holders_total != on_port || v.holders_count != on_port)
		return "the record has more or fewer sockets than are on the port";
	if (!blocking || v.primary < 0)
		return "no holder is said to block";
	wrong = check_holder(&v.holders[v.primary].socket, holding);
	if (!wrong && blocking != 1)
		wrong = "more than the staged holder is said to block";
	return wrong;
}
