// SPDX-License-Identifier: GPL-2.0-only
/* The table of processes: a hash by key and an array by index, which the ledger stores. */
#include "core/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <uthash.h>

#include "core/identity.h"

struct process {
	struct pc_identity identity;
	uint32_t index;
	bool marked;
	bool retired;
	UT_hash_handle hh;
};

struct pc_processes {
	struct process *by_key;
	struct process **by_index; /* [0] is never used */
	struct process *last;	   /* found: claims come in runs of one process; NULL: none */
	size_t capacity;
	uint32_t *free_indexes;
	size_t free_count;
	uint32_t next;
	size_t sweep_at;
};

static size_t sweep_after(size_t count)
{
	return count + (count / 2 > PC_PROCESSES_SWEEP_MIN ? count / 2 : PC_PROCESSES_SWEEP_MIN);
}

struct pc_processes *pc_processes_new(void)
{
	struct pc_processes *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->next = 1;
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

static struct process *find(const struct pc_processes *t, const struct pc_process_key *key)
{
	struct process *p;

	HASH_FIND(hh, t->by_key, key, sizeof(*key), p);
	return p;
}

static int reserve_index(struct pc_processes *t)
{
	size_t capacity = t->capacity ? t->capacity * 2 : 64;
	struct process **by_index;
	uint32_t *free_indexes;

	if (t->free_count || t->next < t->capacity)
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

static struct process *add(struct pc_processes *t, const struct pc_process_key *key)
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

long pc_processes_put(struct pc_processes *t, struct pc_identity *identity)
{
	struct process *p = find(t, &identity->key);

	if (!p)
		p = add(t, &identity->key);
	if (!p) {
		pc_identity_free(identity);
		return -ENOMEM;
	}
	pc_identity_free(&p->identity);
	p->identity = *identity;
	p->retired = false;
	return p->index;
}

uint32_t pc_processes_find(struct pc_processes *t, const struct pc_process_key *key)
{
	if (!t->last || memcmp(&t->last->identity.key, key, sizeof(*key)))
		t->last = find(t, key);
	return t->last ? t->last->index : 0;
}

const struct pc_identity *pc_processes_get(const struct pc_processes *t, uint32_t index)
{
	return index && index < t->next && t->by_index[index] ? &t->by_index[index]->identity :
								NULL;
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

static void drop(struct pc_processes *t, struct process *p)
{
	if (t->last == p)
		t->last = NULL;
	HASH_DEL(t->by_key, p);
	t->by_index[p->index] = NULL;
	t->free_indexes[t->free_count++] = p->index;
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
			drop(t, p);
		} else {
			p->retired = true;
			if (retire)
				retire(context, &p->identity.key);
		}
	}
	t->sweep_at = sweep_after(HASH_COUNT(t->by_key));
}
