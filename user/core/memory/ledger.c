// SPDX-License-Identifier: GPL-2.0-only
/* The ledger: entries in the order in which they came, and lists of them by cookie. So a new entry is appended and put at
 * the head of its list. Lists have two entries at most on average. Only the sweep deletes: it passes over the entries in
 * their order and moves those that stay together. The ledger stays as large as it was, but for more than twice what it
 * will need: fresh pages are dearer than all the rest. */
#include "core/memory/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 1024
#define LISTS_MIN_BITS 9

/* Entries a list, at most. */
#define PER_LIST 2

struct pc_ledger {
	struct pc_entry *entries;
	uint32_t *
		next; /* of each entry, the number of the next one in its list; numbers begin at 1, 0 is the end */
	uint32_t *lists;      /* the number of the first entry of each */
	unsigned lists_bits;  /* there are 1 << lists_bits */
	unsigned lists_shift; /* of a hash of 64 bits */
	size_t room;	      /* for so many entries */
	size_t used;
	size_t grows_at; /* no more than the room, and PER_LIST of each list */
	size_t sweep_at;
	size_t since; /* new claims since the last sweep, those refused included */
};

/* Cookies are consecutive numbers: Fibonacci hashing spreads them. */
static uint32_t *ledger_list(const struct pc_ledger *l, uint64_t cookie)
{
	return &l->lists[cookie * 0x9e3779b97f4a7c15ULL >> l->lists_shift];
}

static struct pc_entry *find_in(const struct pc_ledger *l, const uint32_t *list, uint64_t cookie)
{
	for (uint32_t number = *list; number; number = l->next[number - 1])
		if (l->entries[number - 1].cookie == cookie)
			return &l->entries[number - 1];
	return NULL;
}

static struct pc_entry *ledger_at(const struct pc_ledger *l, uint64_t cookie)
{
	return find_in(l, ledger_list(l, cookie), cookie);
}

static size_t lists_count(const struct pc_ledger *l)
{
	return (size_t)1 << l->lists_bits;
}

/* Puts the entry of this number at the head of its list. */
static void ledger_link(struct pc_ledger *l, uint32_t *list, size_t number)
{
	l->next[number - 1] = *list;
	*list = (uint32_t)number;
}

static void clear_lists(struct pc_ledger *l)
{
	memset(l->lists, 0, lists_count(l) * sizeof(*l->lists));
}

static void link_all(struct pc_ledger *l)
{
	clear_lists(l);
	for (size_t number = 1; number <= l->used; number++)
		ledger_link(l, ledger_list(l, l->entries[number - 1].cookie), number);
}

static void sweep_later(struct pc_ledger *l)
{
	size_t at = l->used + (l->used > PC_LEDGER_SWEEP_MIN ? l->used : PC_LEDGER_SWEEP_MIN);

	l->sweep_at = at < PC_LEDGER_MAX ? at : PC_LEDGER_MAX;
	l->since = 0;
}

static unsigned lists_bits_for(size_t count)
{
	unsigned bits = LISTS_MIN_BITS;

	while ((size_t)PER_LIST << bits < count)
		bits++;
	return bits;
}

/* The lists stay as they are if there is no memory: they get longer then. */
static void set_lists(struct pc_ledger *l, unsigned bits)
{
	uint32_t *lists = malloc(sizeof(*lists) << bits);

	if (!lists)
		return;
	free(l->lists);
	l->lists = lists;
	l->lists_bits = bits;
	l->lists_shift = 64 - bits;
	link_all(l);
}

/* If there was no memory for lists, the next try is when there are twice as many entries. */
static void set_grows_at(struct pc_ledger *l)
{
	size_t at = PER_LIST * lists_count(l);

	while (at <= l->used)
		at *= 2;
	l->grows_at = at < l->room ? at : l->room;
}

static int set_room(struct pc_ledger *l, size_t room)
{
	struct pc_entry *entries = realloc(l->entries, room * sizeof(*entries));
	uint32_t *next;

	if (!entries)
		return -ENOMEM;
	l->entries = entries;
	if (l->room > room)
		l->room = room; /* also if the second array cannot be made smaller */
	next = realloc(l->next, room * sizeof(*next));
	if (!next)
		return -ENOMEM;
	l->next = next;
	l->room = room;
	return 0;
}

struct pc_ledger *pc_ledger_new(void)
{
	struct pc_ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	set_lists(l, LISTS_MIN_BITS);
	if (!l->lists || set_room(l, ROOM_MIN)) {
		pc_ledger_free(l);
		return NULL;
	}
	set_grows_at(l);
	sweep_later(l);
	return l;
}

void pc_ledger_free(struct pc_ledger *l)
{
	if (!l)
		return;
	free(l->entries);
	free(l->next);
	free(l->lists);
	free(l);
}

/* Doubles the room, but to no more than will be needed before the next sweep; which may be late. */
static int grow_room(struct pc_ledger *l)
{
	size_t wanted = 2 * l->used;

	if (wanted > l->sweep_at)
		wanted = l->used < l->sweep_at ? l->sweep_at : l->used + l->used / 4;
	return set_room(l, wanted < PC_LEDGER_MAX ? wanted : PC_LEDGER_MAX);
}

static int ledger_grow(struct pc_ledger *l)
{
	int err = 0;

	if (l->used >= PC_LEDGER_MAX)
		return -ENOSPC;
	if (l->used == l->room)
		err = grow_room(l);
	if (!err && l->used >= PER_LIST * lists_count(l))
		set_lists(l, l->lists_bits + 1);
	set_grows_at(l);
	return err;
}

static int ledger_add(struct pc_ledger *l, uint32_t *list, const struct pc_entry *entry)
{
	l->since++;
	if (l->used >= l->grows_at) {
		int err = ledger_grow(l);

		if (err)
			return err;
		list = ledger_list(l, entry->cookie);
	}
	l->entries[l->used++] = *entry;
	ledger_link(l, list, l->used);
	return 0;
}

/* Adds the entry, or replaces the one of its cookie, unless a newer one of another port is to stay. */
static inline int ledger_store(struct pc_ledger *l, const struct pc_entry *entry, bool newer_stays)
{
	uint32_t *list = ledger_list(l, entry->cookie);
	struct pc_entry *known;

	if (!entry->cookie)
		return -EINVAL;
	known = find_in(l, list, entry->cookie);
	if (!known)
		return ledger_add(l, list, entry);
	if (!newer_stays || known->time_ns <= entry->time_ns || known->port == entry->port)
		*known = *entry;
	return 0;
}

int pc_ledger_put(struct pc_ledger *l, const struct pc_entry *entry)
{
	return ledger_store(l, entry, false);
}

int pc_ledger_put_newer(struct pc_ledger *l, const struct pc_entry *entry)
{
	return ledger_store(l, entry, true);
}

/* Appends entries until there is no room for one, or its cookie is known. Nearly all of them are appended here. */
static size_t append_unknown(struct pc_ledger *l, const struct pc_entry *entries, size_t count)
{
	size_t used = l->used, room = used < l->grows_at ? l->grows_at - used : 0, i;

	if (count > room)
		count = room;
	for (i = 0; i < count; i++) {
		uint32_t *list = ledger_list(l, entries[i].cookie);

		if (!entries[i].cookie || find_in(l, list, entries[i].cookie))
			break;
		l->entries[used++] = entries[i];
		ledger_link(l, list, used);
	}
	l->used = used;
	l->since += i;
	return i;
}

size_t pc_ledger_put_claims(struct pc_ledger *l, const struct pc_entry *entries, size_t count)
{
	size_t refused = 0;

	for (size_t i = append_unknown(l, entries, count); i < count;
	     i += append_unknown(l, entries + i, count - i))
		refused += ledger_store(l, &entries[i++], true) != 0;
	return refused;
}

const struct pc_entry *pc_ledger_find(const struct pc_ledger *l, uint64_t cookie)
{
	return cookie ? ledger_at(l, cookie) : NULL;
}

void pc_ledger_learn_port(struct pc_ledger *l, uint64_t cookie, uint16_t port)
{
	struct pc_entry *e = ledger_at(l, cookie);

	if (e && !e->port)
		e->port = port;
}

size_t pc_ledger_count(const struct pc_ledger *l)
{
	return l->used;
}

size_t pc_ledger_bytes(const struct pc_ledger *l)
{
	return l->room * (sizeof(*l->entries) + sizeof(*l->next)) +
	       lists_count(l) * sizeof(*l->lists);
}

bool pc_ledger_wants_sweep(const struct pc_ledger *l)
{
	return l->used >= l->sweep_at && l->since >= PC_LEDGER_SWEEP_MIN;
}

void pc_ledger_mark(struct pc_ledger *l, uint64_t cookie)
{
	struct pc_entry *e = cookie ? ledger_at(l, cookie) : NULL;

	if (e)
		e->flags |= PC_ENTRY_MARKED;
}

static bool survives(const struct pc_entry *e, uint64_t started_ns)
{
	return e->flags & PC_ENTRY_MARKED || e->time_ns >= started_ns;
}

static void give_back_room(struct pc_ledger *l)
{
	size_t room = l->sweep_at > ROOM_MIN ? l->sweep_at : ROOM_MIN;
	unsigned bits = lists_bits_for(room);

	if (room < l->room / 2)
		set_room(l, room);
	if (bits + 1 < l->lists_bits)
		set_lists(l, bits);
	set_grows_at(l);
}

size_t pc_ledger_sweep(struct pc_ledger *l, uint64_t started_ns,
		       void (*keep)(void *context, const struct pc_entry *entry), void *context)
{
	size_t before = l->used, kept = 0;
	uint32_t last = 0;

	clear_lists(l);
	for (size_t i = 0; i < before; i++) {
		struct pc_entry e = l->entries[i];

		if (!survives(&e, started_ns))
			continue;
		e.flags &= ~PC_ENTRY_MARKED & 0xf;
		l->entries[kept++] = e;
		ledger_link(l, ledger_list(l, e.cookie), kept);
		if (keep && e.process != last)
			keep(context, &e);
		last = e.process;
	}
	l->used = kept;
	sweep_later(l);
	give_back_room(l);
	return before - kept;
}

void pc_ledger_sweep_failed(struct pc_ledger *l)
{
	for (size_t i = 0; i < l->used; i++)
		l->entries[i].flags &= ~PC_ENTRY_MARKED & 0xf;
	sweep_later(l);
}
