// SPDX-License-Identifier: GPL-2.0-only
/* The table of collisions: a hash by what makes them the same, in the order in which each was
 * last repeated. */
#include "core/repeat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/identity.h"
#include "core/repeat_key.h"

static const char *const whys[] = {
	[PC_REPEAT_INVALID] = "invalid", [PC_REPEAT_GOES_ON] = "goes-on",
	[PC_REPEAT_ENDED] = "ended",	 [PC_REPEAT_EVICTED] = "evicted",
	[PC_REPEAT_STOPPED] = "stopped",
};
_Static_assert(sizeof(whys) / sizeof(whys[0]) == PC_REPEAT_COUNT, "each why has a name");

struct collision {
	struct pc_repeat repeat;
	struct pc_identity requester; /* that repeat.requester and holder point to */
	struct pc_identity holder;
	uint64_t seen_ns; /* counted last */
	uint64_t due_ns;  /* of the next summary */
	unsigned told;	  /* summaries so far */
	char *key;
	UT_hash_handle hh;
};

struct pc_repeats {
	uint64_t interval_ns;
	struct collision *all; /* the one that was quiet for longest is the first */
	struct collision *out; /* its summary was handed out */
	bool out_ended;	       /* and it is no more in `all` */
	uint64_t evicted;
};

const char *pc_repeat_why_name(enum pc_repeat_why why)
{
	return whys[(unsigned)why < PC_REPEAT_COUNT ? why : PC_REPEAT_INVALID];
}

struct pc_repeats *pc_repeats_new(uint64_t interval_ns)
{
	struct pc_repeats *t = calloc(1, sizeof(*t));

	if (t)
		t->interval_ns = interval_ns;
	return t;
}

void pc_repeats_set(struct pc_repeats *t, uint64_t interval_ns)
{
	t->interval_ns = interval_ns;
}

static void collision_free(struct collision *c)
{
	pc_identity_free(&c->requester);
	pc_identity_free(&c->holder);
	free(c->key);
	free(c);
}

/* What was handed out has been told. */
static void take_back(struct pc_repeats *t)
{
	if (t->out && t->out_ended)
		collision_free(t->out);
	else if (t->out)
		t->out->repeat.count = 0;
	t->out = NULL;
	t->out_ended = false;
}

void pc_repeats_free(struct pc_repeats *t)
{
	struct collision *c, *tmp;

	if (!t)
		return;
	take_back(t);
	HASH_ITER (hh, t->all, c, tmp) {
		HASH_DEL(t->all, c);
		collision_free(c);
	}
	free(t);
}

static bool same_process(const struct pc_process_key *a, const struct pc_process_key *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

static void remember(struct collision *c, const struct pc_verdict *v, uint64_t now_ns)
{
	struct pc_repeat *r = &c->repeat;

	r->processes += !r->total || !same_process(&r->refusal.process, &v->refusal.process);
	r->total++;
	r->refusal = v->refusal;
	c->seen_ns = now_ns;
	pc_party_keep(&v->requester, &r->requester, &c->requester);
}

static struct collision *collision_new(const struct pc_verdict *v)
{
	struct collision *c = calloc(1, sizeof(*c));

	if (c)
		c->key = pc_repeat_key(v);
	if (c && c->key)
		return c;
	free(c);
	return NULL;
}

void pc_repeats_add(struct pc_repeats *t, const struct pc_verdict *v, uint64_t now_ns)
{
	struct collision *c = collision_new(v);
	struct pc_repeat *r;

	take_back(t);
	if (!c)
		return;
	r = &c->repeat;
	c->due_ns = now_ns + t->interval_ns;
	memcpy(r->of, v->id, sizeof(r->of));
	r->cause = v->cause;
	r->first = v->refusal.process;
	r->first_ns = v->refusal.time_ns;
	if (v->primary >= 0) {
		pc_party_keep(&v->holders[v->primary].maker, &r->holder, &c->holder);
		r->socket = v->holders[v->primary].socket;
	}
	remember(c, v, now_ns);
	HASH_ADD_KEYPTR(hh, t->all, c->key, strlen(c->key), c);
}

bool pc_repeats_count(struct pc_repeats *t, const struct pc_verdict *v, uint64_t now_ns)
{
	char *key = pc_repeat_key(v);
	struct collision *c = NULL;

	take_back(t);
	if (!key)
		return false;
	HASH_FIND(hh, t->all, key, strlen(key), c);
	free(key);
	if (!c)
		return false;
	remember(c, v, now_ns);
	c->repeat.count++;
	HASH_DEL(t->all, c);
	HASH_ADD_KEYPTR(hh, t->all, c->key, strlen(c->key), c);
	return true;
}

/* One that was never repeated ends without a word, and so does one whose repeats were all told;
 * but that it has ended is told of one that was said to go on. */
static bool worth_a_line(const struct collision *c)
{
	return c->repeat.count || (c->repeat.why == PC_REPEAT_ENDED && c->repeat.total > 1);
}

static void set_due(const struct pc_repeats *t, struct collision *c, uint64_t now_ns)
{
	unsigned intervals = c->told ? PC_REPEAT_LATER : PC_REPEAT_SECOND;

	c->told++;
	c->due_ns = now_ns + intervals * t->interval_ns;
}

/* PC_REPEAT_INVALID: there is nothing to be said of it now. */
static enum pc_repeat_why why_now(const struct pc_repeats *t, const struct collision *c,
				  uint64_t now_ns, bool stop)
{
	if (stop)
		return PC_REPEAT_STOPPED;
	if (now_ns >= c->seen_ns + PC_REPEAT_QUIET * t->interval_ns)
		return PC_REPEAT_ENDED;
	if (HASH_COUNT(t->all) > PC_REPEATS_MAX)
		return PC_REPEAT_EVICTED; /* the first that is looked at */
	return now_ns >= c->due_ns ? PC_REPEAT_GOES_ON : PC_REPEAT_INVALID;
}

/* True: it is to be told. */
static bool look_at(struct pc_repeats *t, struct collision *c, uint64_t now_ns)
{
	bool ends = c->repeat.why != PC_REPEAT_GOES_ON;
	bool tell = worth_a_line(c);

	t->evicted += c->repeat.why == PC_REPEAT_EVICTED;
	if (ends)
		HASH_DEL(t->all, c);
	else
		set_due(t, c, now_ns);
	if (tell) {
		t->out = c;
		t->out_ended = ends;
	} else if (ends) {
		collision_free(c);
	}
	return tell;
}

const struct pc_repeat *pc_repeats_next(struct pc_repeats *t, uint64_t now_ns, bool stop)
{
	struct collision *c, *tmp;

	take_back(t);
	HASH_ITER (hh, t->all, c, tmp) {
		c->repeat.why = why_now(t, c, now_ns, stop);
		if (c->repeat.why && look_at(t, c, now_ns))
			return &t->out->repeat;
	}
	return NULL;
}

uint64_t pc_repeats_evicted(const struct pc_repeats *t)
{
	return t->evicted;
}
