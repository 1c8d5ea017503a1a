// SPDX-License-Identifier: GPL-2.0-only
/* Groups and users are in trees: strangers choose their names, and no choice makes a tree slow. */
#include "core/history/group_table.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/subuid.h"
#include "core/history/group.h"

/* The node of a tree, the slot, and what malloc() adds to three pieces. */
#define GROUP_OVERHEAD 120

/* The users who are looked at for the one who has most; the next time those behind them. */
#define USERS_LOOK 64

/* A user, and all users of the user namespaces that are his. */
struct group_user {
	uint64_t uid;
	uint64_t bytes;
	struct group_entry *newest;
	size_t at; /* in `users` */
};

struct group_entry {
	struct pc_history_group group; /* the first: a group is its entry */
	struct group_user *user;
	struct group_entry *older; /* of the same user */
	uint64_t serial;
	uint32_t slot;
	size_t bytes;
	char texts[];
};

struct pc_group_table {
	void *tree;
	void *user_tree;
	struct group_user **users;
	size_t users_count;
	size_t users_room;
	size_t look_at;
	struct group_entry **slots; /* all groups, and gaps (NULL) where some gave way */
	size_t count;
	size_t room;
	uint32_t *gaps; /* their slots */
	size_t gaps_count;
	size_t gaps_room;
	uint64_t serial;
	uint64_t bytes;
	uint64_t budget;
};

struct pc_group_table *pc_group_table_new(uint64_t budget)
{
	struct pc_group_table *t = calloc(1, sizeof(*t));

	if (t)
		t->budget = budget;
	return t;
}

static void keep_nothing(void *node)
{
	(void)node;
}

void pc_group_table_free(struct pc_group_table *t)
{
	if (!t)
		return;
	tdestroy(t->tree, keep_nothing);
	tdestroy(t->user_tree, keep_nothing);
	for (size_t i = 0; i < t->count; i++)
		free(t->slots[i]);
	for (size_t i = 0; i < t->users_count; i++)
		free(t->users[i]);
	free(t->slots);
	free(t->gaps);
	free(t->users);
	free(t);
}

static int compare_entries(const void *a, const void *b)
{
	return pc_group_compare(a, b);
}

static int compare_users(const void *a, const void *b)
{
	const struct group_user *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static struct group_user *user_find(const struct pc_group_table *t, uint64_t uid)
{
	struct group_user probe = { .uid = uid },
			  **found = tfind(&probe, &t->user_tree, compare_users);

	return found ? *found : NULL;
}

static struct group_user *user_get(struct pc_group_table *t, uint64_t uid)
{
	struct group_user *user = user_find(t, uid);

	if (user)
		return user;
	if (pc_array_reserve(&t->users, &t->users_room, t->users_count + 1, sizeof(*t->users)))
		return NULL;
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	*user = (struct group_user){ .uid = uid, .at = t->users_count };
	if (!tsearch(user, &t->user_tree, compare_users)) {
		free(user);
		return NULL;
	}
	t->users[t->users_count++] = user;
	return user;
}

static void user_drop(struct pc_group_table *t, struct group_user *user)
{
	tdelete(user, &t->user_tree, compare_users);
	t->users[user->at] = t->users[--t->users_count];
	t->users[user->at]->at = user->at;
	free(user);
}

/* The user with most bytes among the next ones; with few users among all. */
static struct group_user *user_with_most(struct pc_group_table *t)
{
	struct group_user *most = NULL;

	for (size_t i = 0; i < t->users_count && i < USERS_LOOK; i++) {
		struct group_user *user = t->users[t->look_at++ % t->users_count];

		if (!most || user->bytes > most->bytes)
			most = user;
	}
	return most;
}

static void entry_drop(struct pc_group_table *t, struct group_entry *e)
{
	struct group_user *user = e->user;

	tdelete(e, &t->tree, compare_entries);
	t->slots[e->slot] = NULL;
	t->gaps[t->gaps_count++] = e->slot;
	t->bytes -= e->bytes;
	user->bytes -= e->bytes;
	user->newest = e->older;
	if (!user->newest)
		user_drop(t, user);
	free(e);
}

/* Room for a group of `uid`, at the cost of others that have more. */
static bool group_make_room(struct pc_group_table *t, uint64_t uid, size_t bytes, uint64_t *beyond)
{
	while (t->bytes + bytes > t->budget) {
		const struct group_user *own = user_find(t, uid);
		struct group_user *most = user_with_most(t);

		if (!most || most->bytes <= (own ? own->bytes : 0) + bytes)
			return false;
		*beyond += most->newest->group.refusals;
		entry_drop(t, most->newest);
	}
	return true;
}

/* A gap for each slot, so that a group can always give way. */
static int reserve_slot(struct pc_group_table *t)
{
	int err = pc_array_reserve(&t->slots, &t->room, t->count + 1, sizeof(*t->slots));

	return err ? err :
		     pc_array_reserve(&t->gaps, &t->gaps_room, t->count + 1, sizeof(*t->gaps));
}

static int entry_add(struct pc_group_table *t, struct group_entry *e, uint64_t uid)
{
	struct group_user *user;

	if (reserve_slot(t))
		return -ENOMEM;
	user = user_get(t, uid);
	if (!user)
		return -ENOMEM;
	if (!tsearch(e, &t->tree, compare_entries)) {
		if (!user->newest)
			user_drop(t, user);
		return -ENOMEM;
	}
	e->user = user;
	e->older = user->newest;
	e->serial = ++t->serial;
	e->slot = t->gaps_count ? t->gaps[--t->gaps_count] : (uint32_t)t->count++;
	user->newest = e;
	user->bytes += e->bytes;
	t->bytes += e->bytes;
	t->slots[e->slot] = e;
	return 0;
}

static struct group_entry *entry_make(const struct pc_history_group *probe, size_t texts)
{
	struct group_entry *e = calloc(1, sizeof(*e) + texts);

	if (!e)
		return NULL;
	e->group.event = probe->event;
	e->group.several_ports = probe->several_ports;
	e->bytes = sizeof(*e) + texts + GROUP_OVERHEAD;
	pc_group_texts_copy(&e->group.event, e->texts);
	return e;
}

int pc_group_table_get(struct pc_group_table *t, const struct pc_history_group *probe,
		       uint64_t *beyond, struct pc_history_group **out)
{
	struct group_entry **found = tfind(probe, &t->tree, compare_entries), *e;
	uint64_t uid = pc_subuid_first(probe->event.requester.uid);
	size_t texts;

	*out = found ? &(*found)->group : NULL;
	if (found)
		return 0;
	texts = pc_group_texts_size(&probe->event);
	if (!group_make_room(t, uid, sizeof(*e) + texts + GROUP_OVERHEAD, beyond))
		return 0;
	e = entry_make(probe, texts);
	if (!e)
		return -ENOMEM;
	if (entry_add(t, e, uid)) {
		free(e);
		return -ENOMEM;
	}
	*out = &e->group;
	return 0;
}

void pc_group_table_name(const struct pc_history_group *g, uint32_t *slot, uint64_t *serial)
{
	const struct group_entry *e = (const void *)g;

	*slot = e->slot;
	*serial = e->serial;
}

struct pc_history_group *pc_group_table_at(const struct pc_group_table *t, uint32_t slot,
					   uint64_t serial)
{
	struct group_entry *e = slot < t->count ? t->slots[slot] : NULL;

	return e && e->serial == serial ? &e->group : NULL;
}

const struct pc_history_group **pc_group_table_list(const struct pc_group_table *t, size_t *count)
{
	const struct pc_history_group **list = malloc((t->count + 1) * sizeof(*list));

	*count = 0;
	for (size_t i = 0; list && i < t->count; i++)
		if (t->slots[i])
			list[(*count)++] = &t->slots[i]->group;
	return list;
}
