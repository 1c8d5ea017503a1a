// SPDX-License-Identifier: GPL-2.0-only
/* The table of processes: a hash by key and an array by index, which the ledger stores. */
#include "core/memory/processes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/memory/process_budget.h"
#include "core/process/identity.h"

struct process {
	struct pc_identity identity;
	uint32_t index;
	size_t bytes; /* of the identity's strings */
	bool marked;
	bool retired;
	UT_hash_handle hh;
};

/* The processes that claim in turn are few. */
#define RECENT 64

struct pc_processes {
	struct process *by_key;
	struct process **by_index;	/* [0] is never used */
	struct process *recent[RECENT]; /* found last, by the low bits of their ids; NULL: none */
	size_t capacity;
	uint32_t *free_indexes;
	size_t free_count;
	uint32_t next;
	uint32_t max;
	size_t sweep_at;
	size_t bytes; /* of all strings */
	uint64_t shed;
};

/* The largest share is halved so often. Thousands of users with equal shares, as a user namespace has
 * them, would take as many walks through the table: after these the oldest processes of all owners go. */
#define SHARES_MAX 16

/* The bytes of one unit, container or user. */
struct share {
	char name[PC_BUDGET_NAME];
	size_t bytes;
	UT_hash_handle hh;
};

static size_t sweep_after(size_t count)
{
	return count + (count / 2 > PC_PROCESSES_SWEEP_MIN ? count / 2 : PC_PROCESSES_SWEEP_MIN);
}

struct pc_processes *pc_processes_new(uint32_t max)
{
	struct pc_processes *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->next = 1;
	t->max = max;
	t->sweep_at = sweep_after(0);
	return t;
}

static void process_free(struct process *p)
{
	pc_identity_free(&p->identity);
	free(p);
}

void pc_processes_free(struct pc_processes *t)
{
	struct process *p, *tmp;

	if (!t)
		return;
	HASH_ITER (hh, t->by_key, p, tmp) {
		HASH_DEL(t->by_key, p);
		process_free(p);
	}
	free(t->by_index);
	free(t->free_indexes);
	free(t);
}

static struct process *processes_find(const struct pc_processes *t,
				      const struct pc_process_key *key)
{
	struct process *p;

	HASH_FIND(hh, t->by_key, key, sizeof(*key), p);
	return p;
}

static struct process **recent_of(struct pc_processes *t, const struct pc_process_key *key)
{
	return &t->recent[key->tgid % RECENT];
}

static int reserve_index(struct pc_processes *t)
{
	size_t capacity = t->capacity ? t->capacity * 2 : 64;
	struct process **by_index;
	uint32_t *free_indexes;

	if (t->free_count)
		return 0;
	if (t->next >= t->max)
		return -ENOMEM;
	if (t->next < t->capacity)
		return 0;
	by_index = realloc(t->by_index, capacity * sizeof(*by_index));
	if (!by_index)
		return -ENOMEM;
	t->by_index = by_index;
	free_indexes = realloc(t->free_indexes, capacity * sizeof(*free_indexes));
	if (!free_indexes)
		return -ENOMEM;
	t->free_indexes = free_indexes;
	t->capacity = capacity;
	return 0;
}

static struct process *processes_add(struct pc_processes *t, const struct pc_process_key *key)
{
	struct process *p;

	if (reserve_index(t))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->identity.key = *key;
	p->index = t->free_count ? t->free_indexes[--t->free_count] : t->next++;
	t->by_index[p->index] = p;
	HASH_ADD(hh, t->by_key, identity.key, sizeof(*key), p);
	return p;
}

static void measure(struct pc_processes *t, struct process *p)
{
	t->bytes -= p->bytes;
	p->bytes = pc_budget_bytes(&p->identity);
	t->bytes += p->bytes;
}

long pc_processes_put(struct pc_processes *t, struct pc_identity *identity)
{
	struct process *p = processes_find(t, &identity->key);

	if (!p)
		p = processes_add(t, &identity->key);
	if (!p) {
		pc_identity_free(identity);
		return -ENOMEM;
	}
	pc_identity_free(&p->identity);
	p->identity = *identity;
	p->retired = false;
	measure(t, p);
	return p->index;
}

void pc_processes_measure(struct pc_processes *t, uint32_t index)
{
	if (index && index < t->next && t->by_index[index])
		measure(t, t->by_index[index]);
}

uint32_t pc_processes_find(struct pc_processes *t, const struct pc_process_key *key)
{
	struct process **recent = recent_of(t, key);

	if (!*recent || memcmp(&(*recent)->identity.key, key, sizeof(*key)))
		*recent = processes_find(t, key);
	return *recent ? (*recent)->index : 0;
}

const struct pc_identity *pc_processes_get(const struct pc_processes *t, uint32_t index)
{
	return index && index < t->next && t->by_index[index] ? &t->by_index[index]->identity :
								NULL;
}

struct pc_identity *pc_processes_edit(struct pc_processes *t, uint32_t index)
{
	return (struct pc_identity *)pc_processes_get(t, index);
}

size_t pc_processes_count(const struct pc_processes *t)
{
	return HASH_COUNT(t->by_key);
}

void pc_processes_mark(struct pc_processes *t, uint32_t index)
{
	if (index && index < t->next && t->by_index[index])
		t->by_index[index]->marked = true;
}

static void processes_drop(struct pc_processes *t, struct process *p)
{
	if (*recent_of(t, &p->identity.key) == p)
		*recent_of(t, &p->identity.key) = NULL;
	HASH_DEL(t->by_key, p);
	t->by_index[p->index] = NULL;
	t->free_indexes[t->free_count++] = p->index;
	t->bytes -= p->bytes;
	process_free(p);
}

bool pc_processes_wants_sweep(const struct pc_processes *t)
{
	return HASH_COUNT(t->by_key) >= t->sweep_at;
}

void pc_processes_sweep_failed(struct pc_processes *t)
{
	t->sweep_at = sweep_after(HASH_COUNT(t->by_key));
}

void pc_processes_sweep(struct pc_processes *t,
			void (*retire)(void *context, const struct pc_process_key *key),
			void *context)
{
	struct process *p, *tmp;

	HASH_ITER (hh, t->by_key, p, tmp) {
		if (p->marked) {
			p->marked = false;
			p->retired = false;
		} else if (p->retired) {
			processes_drop(t, p);
		} else {
			p->retired = true;
			if (retire)
				retire(context, &p->identity.key);
		}
	}
	t->sweep_at = sweep_after(HASH_COUNT(t->by_key));
}

static struct share *share_get(struct share **shares, const char *name)
{
	struct share *s;

	HASH_FIND_STR(*shares, name, s);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	HASH_ADD_STR(*shares, name, s);
	return s;
}

static void shares_free(struct share *shares)
{
	struct share *s, *tmp;

	HASH_ITER (hh, shares, s, tmp) {
		HASH_DEL(shares, s);
		free(s);
	}
}

/* Writes the name of the largest share; false: no memory. */
static bool largest_share(const struct pc_processes *t, char largest[PC_BUDGET_NAME], size_t *bytes)
{
	struct share *shares = NULL, *s = NULL;
	struct process *p, *tmp;
	char name[PC_BUDGET_NAME];

	*bytes = 0;
	HASH_ITER (hh, t->by_key, p, tmp) {
		pc_budget_name(&p->identity, name);
		s = share_get(&shares, name);
		if (!s)
			break;
		s->bytes += p->bytes;
		if (s->bytes > *bytes) {
			*bytes = s->bytes;
			memcpy(largest, s->name, PC_BUDGET_NAME);
		}
	}
	shares_free(shares);
	return s;
}

static void processes_thin(struct pc_processes *t, struct process *p)
{
	pc_identity_free(&p->identity);
	p->identity.container_word = PC_WORD_NONE;
	p->identity.cmdline_cut = false;
	p->identity.completed_ns = 0;
	p->identity.folder_asked = false;
	measure(t, p);
	t->shed++;
}

/* Goes from the oldest process to the newest: uthash keeps the order in which they came. `of` NULL: the
 * processes of all owners. */
static void thin_share(struct pc_processes *t, const char *of, size_t target)
{
	struct process *p, *tmp;
	char name[PC_BUDGET_NAME];

	HASH_ITER (hh, t->by_key, p, tmp) {
		if (t->bytes <= target)
			return;
		pc_budget_name(&p->identity, name);
		if (p->bytes && (!of || !strcmp(name, of)))
			processes_thin(t, p);
	}
}

void pc_processes_shed(struct pc_processes *t)
{
	size_t target = PC_PROCESSES_BYTES / 4 * 3, share;
	char name[PC_BUDGET_NAME];

	if (t->bytes <= PC_PROCESSES_BYTES)
		return;
	for (unsigned i = 0; i < SHARES_MAX && t->bytes > target; i++) {
		size_t half;

		if (!largest_share(t, name, &share))
			break;
		half = t->bytes - share / 2;
		thin_share(t, name, half > target ? half : target);
	}
	thin_share(t, NULL, target);
}

uint64_t pc_processes_shed_count(const struct pc_processes *t)
{
	return t->shed;
}
