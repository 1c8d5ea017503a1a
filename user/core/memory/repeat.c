// SPDX-License-Identifier: GPL-2.0-only
/* The table of collisions: a hash by what makes them the same, in the order in which each was
 * last repeated. */
#include "core/memory/repeat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/memory/repeat_key.h"
#include "core/process/family.h"
#include "core/process/identity.h"

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
	struct pc_family family; /* of the first requester */
	uint64_t seen_ns;	 /* counted last */
	uint64_t due_ns;	 /* of the next summary */
	unsigned told;		 /* summaries so far */
	unsigned char *key;
	size_t key_len;
	unsigned hash;
	UT_hash_handle hh;
};

struct pc_repeats {
	uint64_t interval_ns;
	struct collision *all; /* the one that was quiet for longest is the first */
	struct collision *out; /* its summary was handed out */
	bool out_ended;	       /* and it is no more in `all` */
	uint64_t evicted;
	struct pc_repeat_key asked; /* of the verdict that was counted last */
	unsigned asked_hash;
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

/* The summary that was handed out has been told. */
static void repeat_take_back(struct pc_repeats *t)
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
	repeat_take_back(t);
	HASH_ITER (hh, t->all, c, tmp) {
		HASH_DEL(t->all, c);
		collision_free(c);
	}
	free(t->asked.bytes);
	free(t);
}

static bool repeat_same_process(const struct pc_process_key *a, const struct pc_process_key *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

static void repeat_remember(struct collision *c, const struct pc_verdict *v, uint64_t now_ns)
{
	struct pc_repeat *r = &c->repeat;

	r->processes += !r->total || !repeat_same_process(&r->requester.key, &v->requester.key);
	r->total++;
	r->time_ns = v->time_ns;
	r->request = v->request;
	r->settings = v->settings;
	r->settings.reserved = NULL;
	c->seen_ns = now_ns;
	pc_party_keep(&v->requester, &r->requester, &c->requester);
}

/* A step of wyhash: any bit of the word changes any bit of the hash. */
static uint64_t repeat_mix(uint64_t hash, uint64_t word)
{
	unsigned __int128 product =
		(unsigned __int128)(hash ^ 0xa0761d6478bd642fULL) * (word ^ 0xe7037ed1a0b428dbULL);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Takes eight bytes at once: uthash's own function takes them one by one, and a key has hundreds. A user can make keys of one
 * hash. There are PC_REPEATS_MAX keys at most, so that a search among them stays short. */
static unsigned repeat_hash(const unsigned char *bytes, size_t len)
{
	uint64_t hash = len, word;

	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = repeat_mix(hash, word);
	}
	word = 0;
	memcpy(&word, bytes, len);
	hash = repeat_mix(hash, word);
	return (unsigned)(hash ^ hash >> 32);
}

/* Makes the key of this verdict. False: no memory. */
static bool repeat_ask(struct pc_repeats *t, const struct pc_verdict *v)
{
	if (pc_repeat_key(v, &t->asked))
		return false;
	t->asked_hash = repeat_hash(t->asked.bytes, t->asked.len);
	return true;
}

static struct collision *collision_new(struct pc_repeats *t, const struct pc_verdict *v)
{
	struct collision *c = repeat_ask(t, v) ? calloc(1, sizeof(*c)) : NULL;

	if (c)
		c->key = malloc(t->asked.len);
	if (!c || !c->key) {
		free(c);
		return NULL;
	}
	memcpy(c->key, t->asked.bytes, t->asked.len);
	c->key_len = t->asked.len;
	c->hash = t->asked_hash;
	return c;
}

/* The one that was quiet for longest is the first: this one is the last now. */
static void repeat_append(struct pc_repeats *t, struct collision *c)
{
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, t->all, c->key, c->key_len, c->hash, c);
}

void pc_repeats_add(struct pc_repeats *t, const struct pc_verdict *v, uint64_t now_ns)
{
	struct collision *c = collision_new(t, v);
	struct pc_repeat *r;

	repeat_take_back(t);
	if (!c)
		return;
	r = &c->repeat;
	c->due_ns = now_ns + t->interval_ns;
	pc_family_of(v->request.uid, v->requester.who, &c->family);
	memcpy(r->of, v->id, sizeof(r->of));
	r->cause = v->cause;
	r->first = v->requester.key;
	r->first_ns = v->time_ns;
	if (v->primary >= 0) {
		pc_party_keep(&v->holders[v->primary].claimer, &r->holder, &c->holder);
		r->socket = v->holders[v->primary].socket;
	}
	repeat_remember(c, v, now_ns);
	repeat_append(t, c);
}

bool pc_repeats_count(struct pc_repeats *t, struct pc_verdict *v, uint64_t now_ns)
{
	struct collision *c = NULL;

	repeat_take_back(t);
	if (!repeat_ask(t, v))
		return false;
	HASH_FIND_BYHASHVALUE(hh, t->all, t->asked.bytes, t->asked.len, t->asked_hash, c);
	if (!c)
		return false;
	repeat_remember(c, v, now_ns);
	c->repeat.count++;
	memcpy(v->told, c->repeat.of, sizeof(v->told));
	if (c->hh.next) {
		HASH_DEL(t->all, c);
		repeat_append(t, c);
	}
	return true;
}

/* A collision that was never repeated ends without a word, and so does one whose repeats were all
 * told. The end is told of a collision that a summary said goes on. */
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

static unsigned collisions_of(const struct pc_repeats *t, const struct pc_family *family)
{
	unsigned count = 0;

	for (const struct collision *c = t->all; c; c = c->hh.next)
		count += pc_family_same(&c->family, family);
	return count;
}

/* The collision that gives way in a table that is too full: the quietest of the family with most. NULL: none. */
static struct collision *least_missed_collision(const struct pc_repeats *t)
{
	struct collision *found = NULL;
	unsigned most = 0;

	if (HASH_COUNT(t->all) <= PC_REPEATS_MAX)
		return NULL;
	for (struct collision *c = t->all; c && most <= HASH_COUNT(t->all) / 2; c = c->hh.next) {
		unsigned count = collisions_of(t, &c->family);

		if (count <= most)
			continue;
		found = c;
		most = count;
	}
	return found;
}

/* PC_REPEAT_INVALID: there is nothing to be said of it now. */
static enum pc_repeat_why why_now(const struct pc_repeats *t, const struct collision *c,
				  uint64_t now_ns, bool stop)
{
	if (stop)
		return PC_REPEAT_STOPPED;
	if (now_ns >= c->seen_ns + PC_REPEAT_QUIET * t->interval_ns)
		return PC_REPEAT_ENDED;
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

	repeat_take_back(t);
	while ((c = least_missed_collision(t))) {
		c->repeat.why = why_now(t, c, now_ns, stop);
		if (c->repeat.why == PC_REPEAT_INVALID || c->repeat.why == PC_REPEAT_GOES_ON)
			c->repeat.why = PC_REPEAT_EVICTED;
		if (look_at(t, c, now_ns))
			return &t->out->repeat;
	}
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
