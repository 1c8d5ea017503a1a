// SPDX-License-Identifier: GPL-2.0-only
/* From a record of the rings to a verdict, and its comparison with what was staged. */
#include "watch.h"

#include <errno.h>
#include <string.h>

#include "core/join/decode.h"
#include "core/join/record.h"
#include "core/rule/conflict.h"
#include "core/verdict/decide.h"

/* The rules need no claims. */
static void take_record(void *context, const void *data, size_t size)
{
	const struct pc_refusal_record *r = data;
	struct watch *w = context;

	if (pc_record_check(data, size) || r->header.type != PC_RECORD_REFUSAL ||
	    r->netns != w->netns)
		return;
	w->seen++;
	pc_verdict_decode(r, &w->last);
}

int watch_open(struct watch *w, const char *backend, char *sentence)
{
	const struct pc_monitor_options options = { .backend = backend, .each = true };

	return pc_monitor_open(&options, &w->monitor, sentence);
}

void watch_close(struct watch *w)
{
	pc_monitor_close(w->monitor);
	w->monitor = NULL;
}

static void drop_record(void *context, const void *data, size_t size)
{
	(void)context, (void)data, (void)size;
}

void watch_drop_claims(struct watch *w)
{
	pc_monitor_read(w->monitor, PC_RING_CLAIMS, &(struct pc_taker){ .record = drop_record });
}

/* The claims come first: pc_monitor_read() asks for it. */
void watch_read(struct watch *w)
{
	w->seen = 0;
	if (!w->monitor)
		return;
	watch_drop_claims(w);
	pc_monitor_read(w->monitor, PC_RING_REFUSALS,
			&(struct pc_taker){ .to = w, .record = take_record });
}

uint64_t watch_lost(struct watch *w)
{
	struct pc_losses losses;

	if (!w->monitor)
		return 0;
	pc_monitor_losses(w->monitor, &losses);
	return losses.lost[PC_STAT_REFUSALS_LOST];
}

static bool same_side(const struct pc_side *a, const struct pc_side *b)
{
	size_t len = a->family == PC_FAMILY_V6 ? 16 : 4;

	return a->family == b->family && !memcmp(a->v6, b->v6, len) && a->v4 == b->v4 &&
	       a->uid == b->uid && a->ifindex == b->ifindex && a->v6only == b->v6only &&
	       a->reuse == b->reuse && a->reuseport == b->reuseport;
}

/* The socket's state is not asked for: inside listen() it is LISTEN, after it CLOSE. */
static const char *check_requester(const struct pc_request *seen, const struct pc_request *staged)
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

static const char *watch_check_holder(const struct pc_socket *seen, const struct pc_socket *staged)
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

const char *watch_check(const struct watch *w, const struct pc_request *asking,
			const struct pc_socket *holding, unsigned on_port)
{
	const char *wrong;
	struct pc_verdict v = w->last;
	unsigned blocking = 0;

	if (w->seen != 1)
		return w->seen ? "more than one record" : "no record";
	wrong = check_requester(&v.request, asking);
	if (wrong)
		return wrong;
	pc_decide(&v);
	for (unsigned i = 0; i < v.holders_count; i++)
		blocking += v.holders[i].blocking;
	if (v.holders_total != on_port || v.holders_count != on_port)
		return "the record has more or fewer sockets than are on the port";
	if (!blocking || v.primary < 0)
		return "no holder is said to block";
	wrong = watch_check_holder(&v.holders[v.primary].socket, holding);
	if (!wrong && blocking != 1)
		wrong = "more than the staged holder is said to block";
	return wrong;
}
