// SPDX-License-Identifier: GPL-2.0-only
/* The processes that have to go before the port is free. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/free.h"
#include "core/base/time.h"
#include "cure/stopping.h"

#define PROC "/proc"

static bool needs_its_process(const struct pc_free_socket *f)
{
	return f->kind == PC_FREE_SERVER || f->kind == PC_FREE_BOUND;
}

static bool is_judged(const struct pc_freeing *x, const struct pc_party *owner)
{
	for (size_t i = 0; i < x->stops_count; i++)
		if (x->stops[i].owner->key.tgid == owner->key.tgid)
			return true;
	return false;
}

static int judge_owner(struct pc_freeing *x, const struct pc_free_socket *f,
		       const struct pc_party *owner)
{
	struct pc_free_stop *stops;

	if (is_judged(x, owner))
		return 0;
	stops = reallocarray(x->stops, x->stops_count + 1, sizeof(*stops));
	if (!stops)
		return -ENOMEM;
	x->stops = stops;
	stops += x->stops_count++;
	*stops = (struct pc_free_stop){ .owner = owner, .socket = f };
	pc_stopping_judge(PROC, owner, &stops->stop);
	return 0;
}

/* A master and its workers have one socket: with the unit all of them end. */
static bool ends_with_unit(const struct pc_freeing *x, const struct pc_free_stop *s)
{
	const char *unit = s->owner->who->unit;

	for (size_t i = 0; unit && i < x->stops_count; i++)
		if (x->stops[i].stop.way == PC_STOP_UNIT && &x->stops[i] != s &&
		    !strcmp(x->stops[i].stop.name, unit))
			return s->stop.way == PC_STOP_NEVER && !s->owner->who->container;
	return false;
}

static void drop_covered(struct pc_freeing *x)
{
	for (size_t i = 0; i < x->stops_count;) {
		if (ends_with_unit(x, &x->stops[i]))
			x->stops[i] = x->stops[--x->stops_count];
		else
			i++;
	}
}

int pc_freeing_judge(struct pc_freeing *x)
{
	int err = 0;

	for (size_t i = 0; i < x->plan.count; i++) {
		const struct pc_free_socket *f = &x->plan.list[i];

		if (!needs_its_process(f))
			continue;
		for (unsigned j = 0; !err && j < f->owners_count; j++)
			if (f->owners[j].who)
				err = judge_owner(x, f, &f->owners[j]);
	}
	drop_covered(x);
	return err;
}

bool pc_freeing_can_stop(const struct pc_freeing *x)
{
	if (x->plan.counts[PC_FREE_KERNEL] || !x->stops_count)
		return false;
	for (size_t i = 0; i < x->stops_count; i++)
		if (x->stops[i].stop.way == PC_STOP_NEVER)
			return false;
	return true;
}

int pc_freeing_stop(struct pc_freeing *x, char *sentence)
{
	int timeout = (int)(x->wait_ns / PC_NS_PER_MS) + 1;

	for (size_t i = 0; i < x->stops_count; i++) {
		const struct pc_free_stop *s = &x->stops[i];
		int err = pc_stopping_do(PROC, &s->stop, s->owner, &s->socket->s.socket, timeout,
					 sentence);

		/* A process that has ended by itself needs no signal: the next look tells. */
		if (err && err != -ENOENT)
			return err;
		x->outcome.stopped += !err;
	}
	return 0;
}
