// SPDX-License-Identifier: GPL-2.0-only
/* Listeners that have ended. Few, so that a list does: it is looked through when a listener ends,
 * and when a port in question was given away. */
#include "core/gone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"

struct pc_gone_table {
	struct pc_gone *list[PC_GONE_MAX]; /* the one that ended first is the first */
	unsigned count;
};

struct pc_gone_table *pc_gone_new(void)
{
	return calloc(1, sizeof(struct pc_gone_table));
}

static void remove_at(struct pc_gone_table *table, unsigned at)
{
	pc_identity_free(&table->list[at]->identity);
	free(table->list[at]);
	table->count--;
	memmove(&table->list[at], &table->list[at + 1],
		(table->count - at) * sizeof(table->list[0]));
}

void pc_gone_free(struct pc_gone_table *table)
{
	while (table && table->count)
		remove_at(table, table->count - 1);
	free(table);
}

static struct pc_gone *copy(const struct pc_gone *gone)
{
	struct pc_gone *own = malloc(sizeof(*own));

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

int pc_gone_put(struct pc_gone_table *table, const struct pc_gone *gone)
{
	struct pc_gone *own = copy(gone);
	int given_up = 0;

	if (!own)
		return -ENOMEM;
	pc_gone_drop(table, gone->port);
	if (table->count == PC_GONE_MAX) {
		given_up = table->list[0]->port;
		remove_at(table, 0);
	}
	table->list[table->count++] = own;
	return given_up;
}

const struct pc_gone *pc_gone_find(const struct pc_gone_table *table, uint16_t port)
{
	for (unsigned i = 0; i < table->count; i++)
		if (table->list[i]->port == port)
			return table->list[i];
	return NULL;
}

bool pc_gone_drop(struct pc_gone_table *table, uint16_t port)
{
	for (unsigned i = 0; i < table->count; i++) {
		if (table->list[i]->port != port)
			continue;
		remove_at(table, i);
		return true;
	}
	return false;
}

uint16_t pc_gone_expire(struct pc_gone_table *table, uint64_t now_ns)
{
	uint16_t port;

	if (!table->count || now_ns < table->list[0]->gone_ns + PC_GONE_KEEP_NS)
		return 0;
	port = table->list[0]->port;
	remove_at(table, 0);
	return port;
}
