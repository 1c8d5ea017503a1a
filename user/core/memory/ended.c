// SPDX-License-Identifier: GPL-2.0-only
/* Listeners that have ended. Few, so that a list does: it is looked through when a listener ends,
 * and when a port in question was given away. */
#include "core/memory/ended.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/process/identity.h"

struct pc_ended_table {
	struct pc_ended *list[PC_ENDED_MAX]; /* the one that ended first is the first */
	unsigned count;
	uint64_t forgotten[2][PC_PORT_WORDS]; /* ports on which a listener gave way: since then, and before */
	uint64_t forgotten_since_ns;
};

struct pc_ended_table *pc_ended_new(void)
{
	return calloc(1, sizeof(struct pc_ended_table));
}

static void remove_at(struct pc_ended_table *table, unsigned at)
{
	pc_identity_free(&table->list[at]->identity);
	free(table->list[at]);
	table->count--;
	memmove(&table->list[at], &table->list[at + 1],
		(table->count - at) * sizeof(table->list[0]));
}

void pc_ended_free(struct pc_ended_table *table)
{
	while (table && table->count)
		remove_at(table, table->count - 1);
	free(table);
}

static struct pc_ended *ended_copy(const struct pc_ended *gone)
{
	struct pc_ended *own = malloc(sizeof(*own));

	if (!own)
		return NULL;
	*own = *gone;
	memset(&own->identity, 0, sizeof(own->identity));
	pc_party_keep(&gone->party, &own->party, &own->identity);
	if (!own->party.who != !gone->party.who) {
		free(own);
		return NULL;
	}
	return own;
}

/* The listeners of one family. */
struct ended_share {
	const struct pc_family *owner;
	unsigned count;
	unsigned first; /* the index of the one that ended first */
};

static unsigned ended_shares(const struct pc_ended_table *table, struct ended_share *shares)
{
	unsigned count = 0;

	for (unsigned i = 0; i < table->count; i++) {
		const struct pc_family *owner = &table->list[i]->owner;
		unsigned at = 0;

		while (at < count && !pc_family_same(shares[at].owner, owner))
			at++;
		if (at == count)
			shares[count++] = (struct ended_share){ .owner = owner, .first = i };
		shares[at].count++;
	}
	return count;
}

/* How soon a family loses a listener: root's listeners come behind those of a family that has many. */
static unsigned ended_weight(const struct ended_share *s)
{
	bool guarded = pc_family_is_root(s->owner) || s->count <= PC_ENDED_FAIR;

	return guarded ? s->count : s->count + PC_ENDED_MAX;
}

/* The index of the listener that gives way. Counting costs some microseconds, and only a full table is counted. */
static unsigned least_missed_listener(const struct pc_ended_table *table)
{
	struct ended_share shares[PC_ENDED_MAX];
	unsigned count = ended_shares(table, shares), most = 0;

	for (unsigned i = 1; i < count; i++)
		if (ended_weight(&shares[i]) > ended_weight(&shares[most]))
			most = i;
	return shares[most].first;
}

/* A family has one listener a port. */
static bool drop_own(struct pc_ended_table *table, uint16_t port, const struct pc_family *owner)
{
	for (unsigned i = 0; i < table->count; i++) {
		if (table->list[i]->port != port || !pc_family_same(&table->list[i]->owner, owner))
			continue;
		remove_at(table, i);
		return true;
	}
	return false;
}

/* Ports that were noted for too long are dropped. */
static void forgotten_age(struct pc_ended_table *table, uint64_t now_ns)
{
	const size_t size = sizeof(table->forgotten[0]);

	for (int i = 0; i < 2 && now_ns >= table->forgotten_since_ns + PC_FORGOTTEN_KEEP_NS; i++) {
		memcpy(table->forgotten[1], table->forgotten[0], size);
		memset(table->forgotten[0], 0, size);
		table->forgotten_since_ns += PC_FORGOTTEN_KEEP_NS;
	}
	if (now_ns >= table->forgotten_since_ns + PC_FORGOTTEN_KEEP_NS)
		table->forgotten_since_ns = now_ns;
}

bool pc_ended_forgot(struct pc_ended_table *table, uint16_t port, uint64_t now_ns)
{
	forgotten_age(table, now_ns);
	return pc_ports_has(table->forgotten[0], port) || pc_ports_has(table->forgotten[1], port);
}

int pc_ended_put(struct pc_ended_table *table, const struct pc_ended *gone)
{
	struct pc_ended *own = ended_copy(gone);
	int given_up = 0;

	if (!own)
		return -ENOMEM;
	drop_own(table, gone->port, &gone->owner);
	if (table->count == PC_ENDED_MAX) {
		unsigned at = least_missed_listener(table);

		given_up = table->list[at]->port;
		forgotten_age(table, gone->ended_ns);
		pc_ports_add(table->forgotten[0], (uint16_t)given_up);
		remove_at(table, at);
	}
	table->list[table->count++] = own;
	return given_up;
}

const struct pc_ended *pc_ended_find(const struct pc_ended_table *table, uint16_t port)
{
	const struct pc_ended *last = NULL;

	for (unsigned i = 0; i < table->count; i++) {
		const struct pc_ended *e = table->list[i];

		if (e->port == port &&
		    (!last || !pc_family_is_root(&last->owner) || pc_family_is_root(&e->owner)))
			last = e;
	}
	return last;
}

bool pc_ended_drop(struct pc_ended_table *table, uint16_t port, const struct pc_family *by)
{
	bool dropped = drop_own(table, port, by);

	for (unsigned i = 0; pc_family_is_root(by) && i < 2; i++)
		table->forgotten[i][port / 64] &= ~(1ULL << (port % 64));
	for (unsigned i = table->count; pc_family_is_root(by) && i-- > 0;)
		if (table->list[i]->port == port) {
			remove_at(table, i);
			dropped = true;
		}
	return dropped;
}

uint16_t pc_ended_expire(struct pc_ended_table *table, uint64_t now_ns)
{
	uint16_t port;

	if (!table->count || now_ns < table->list[0]->ended_ns + PC_ENDED_KEEP_NS)
		return 0;
	port = table->list[0]->port;
	remove_at(table, 0);
	return port;
}
