// SPDX-License-Identifier: GPL-2.0-only
/* Fit the texts of a process into a slot, and say where they were cut. */
#include "core/flight/slot.h"

#include <stdio.h>
#include <string.h>

/* The whole text: two containers can have names that begin alike (FNV-1a). */
static uint32_t container_hash(const char *container)
{
	uint32_t hash = 0x811c9dc5;

	for (; *container; container++)
		hash = (hash ^ (uint8_t)*container) * 0x01000193;
	return hash | 1;
}

/* Text that is too long ends in this mark, or begins with it. */
#define CUT "\u2026"
#define CUT_LEN (sizeof(CUT) - 1)

/* A byte within a character of UTF-8: no text is cut before it. */
static bool is_within(char byte)
{
	return ((uint8_t)byte & 0xc0) == 0x80;
}

static void slot_put_text(char *out, size_t size, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= size) {
		for (len = size - 1 - CUT_LEN; len && is_within(text[len]); len--)
			;
		memcpy(out + len, CUT, CUT_LEN);
	}
	memcpy(out, text ? text : "", len);
}

/* The end of a path tells more than its beginning. */
static void slot_put_tail(char *out, size_t size, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len < size) {
		slot_put_text(out, size, text);
		return;
	}
	for (text += len - (size - 1 - CUT_LEN); is_within(*text); text++)
		;
	memcpy(out, CUT, CUT_LEN);
	memcpy(out + CUT_LEN, text, strlen(text));
}

/* A unit of a user's manager is told apart by its end. */
static void slot_put_unit(struct pc_flight_slot *s, const struct pc_identity *who)
{
	char both[2 * PC_UNIT_NAME];

	if (!who->inner_unit) {
		slot_put_text(s->unit, sizeof(s->unit), who->unit);
		return;
	}
	snprintf(both, sizeof(both), "%s/%s", who->unit ? who->unit : "", who->inner_unit);
	slot_put_tail(s->unit, sizeof(s->unit), both);
}

static void slot_put_container(struct pc_flight_slot *s, const struct pc_identity *who)
{
	const char *name = who->given.container ? who->given.container : who->container;

	if (who->container_word != PC_WORD_SYSTEM || !name || !*name)
		return;
	slot_put_text(s->container, sizeof(s->container), name);
	s->container_hash = container_hash(name);
}

void pc_flight_put_process(struct pc_flight_slot *s, const struct pc_party *p)
{
	const struct pc_identity *who = p->who;

	s->pid = p->key.tgid;
	s->start_ns = p->key.start_ns;
	s->uid = PC_FLIGHT_NOBODY;
	memcpy(s->comm, p->comm, sizeof(s->comm) - 1);
	if (!who)
		return;
	s->uid = who->uid;
	memcpy(s->comm, who->comm, sizeof(s->comm) - 1);
	slot_put_unit(s, who);
	slot_put_container(s, who);
	slot_put_tail(s->exe, sizeof(s->exe), who->exe);
}

void pc_flight_put_ends(struct pc_flight_slot *s, const struct pc_endpoints *ends)
{
	if (!ends)
		return;
	s->ends_known = 1;
	s->port = ends->lport;
	s->remote_port = ends->rport;
	s->family = ends->family;
	memcpy(s->local, ends->local, sizeof(s->local));
	memcpy(s->remote, ends->remote, sizeof(s->remote));
}
