// SPDX-License-Identifier: GPL-2.0-only
/* The tabs: their columns, and the rows that they make of the model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "out/text_parts.h"
#include "top/table.h"

static void field_text(struct pc_top_row *row, unsigned column, const char *text)
{
	pc_top_copy(row->text[column], sizeof(row->text[column]), text);
}

static void field_count(struct pc_top_row *row, unsigned column, double number)
{
	row->number[column] = number;
	snprintf(row->text[column], sizeof(row->text[column]), "%.0f", number);
}

static void field_space(struct pc_top_row *row, unsigned column, const struct pc_top *top,
			uint32_t inode)
{
	row->netns = inode;
	pc_top_space_name(&top->look, inode, row->text[column]);
}

static void field_percent(struct pc_top_row *row, unsigned column, unsigned part, unsigned of)
{
	char text[16];

	row->number[column] = of ? (double)part / of : 0;
	field_text(row, column, pc_top_percent(part, of, text));
}

/* A port and its protocol, which can be reserved and freed. */
static void field_port(struct pc_top_row *row, unsigned column, uint16_t port, uint8_t proto)
{
	row->port = port;
	row->proto = proto;
	row->number[column] = port;
	if (proto)
		snprintf(row->text[column], sizeof(row->text[column]), "%s %u",
			 pc_proto_name(proto), port);
	else
		snprintf(row->text[column], sizeof(row->text[column]), "%u", port);
}

static uint64_t row_id(uint32_t inode, uint16_t port, uint8_t proto)
{
	return (uint64_t)inode << 32 | (uint64_t)port << 8 | proto;
}

static uint64_t hash_address(uint64_t id, uint8_t family, const uint8_t *address)
{
	id = id * 31 + family;
	for (unsigned i = 0; i < PC_ADDR_LEN; i++)
		id = id * 31 + address[i];
	return id;
}

static const struct pc_top_column event_columns[] = {
	{ "TIME", 8, 0, false, true },	    { "EVENT", 8, 0, false, false },
	{ "PORT", 9, 0, false, false },	    { "PROCESS", 15, 3, false, false },
	{ "HELD BY", 15, 3, false, false }, { "CAUSE", 20, 1, false, false },
};

static enum pc_cell_style style_of_event(enum pc_top_kind kind)
{
	if (kind == PC_TOP_WARNING)
		return PC_STYLE_WARNING;
	return kind == PC_TOP_REFUSED || kind == PC_TOP_REPEATED || kind == PC_TOP_MERGED ?
		       PC_STYLE_REFUSED :
		       PC_STYLE_PLAIN;
}

static unsigned fill_events(const struct pc_top *top, struct pc_top_row *rows)
{
	for (unsigned i = 0; i < top->events.count; i++) {
		const struct pc_top_event *e = pc_top_events_at(&top->events, i);
		struct pc_top_row *row = &rows[i];
		char time[16];

		*row = (struct pc_top_row){ .id = e->id, .style = style_of_event(e->kind) };
		row->netns = e->netns;
		row->port = e->port;
		row->proto = e->proto;
		row->number[0] = (double)e->time_ns;
		row->number[2] = e->port;
		field_text(row, 0, pc_top_time(&top->clock, e->time_ns, time));
		field_text(row, 1, pc_top_kind_name(e->kind));
		field_text(row, 2, e->wanted);
		field_text(row, 3, e->process);
		field_text(row, 4, e->holder);
		field_text(row, 5, e->cause);
	}
	return top->events.count;
}

static uint64_t dropped_events(const struct pc_top *top)
{
	return top->events.dropped + top->events.lost;
}

static const struct pc_top_column range_columns[] = {
	{ "NAMESPACE", 19, 4, false, false }, { "RANGE", 11, 0, false, false },
	{ "TCP IN USE", 13, 1, true, true },  { "TCP %", 7, 0, true, true },
	{ "UDP %", 7, 0, true, true },	      { "RESERVED", 8, 0, true, true },
	{ "EXPOSED", 7, 0, true, true },
};

/* From here on the range is worth a look, and soon a refusal. */
#define RANGE_FULL_PERCENT 80

static void fill_range(struct pc_top_row *row, const struct pc_top_space *s)
{
	field_text(row, 0, s->name);
	row->netns = s->inode;
	if (s->unseen[0]) {
		field_text(row, 1, s->unseen);
		return;
	}
	row->number[1] = s->low;
	snprintf(row->text[1], sizeof(row->text[1]), "%u-%u", s->low, s->high);
	row->number[2] = s->tcp;
	snprintf(row->text[2], sizeof(row->text[2]), "%u of %u", s->tcp, s->offered);
	field_percent(row, 3, s->tcp, s->offered);
	field_percent(row, 4, s->udp, s->offered);
	field_count(row, 5, s->reserved);
	field_count(row, 6, s->exposed);
	if (s->offered && (s->tcp > s->udp ? s->tcp : s->udp) * 100ULL >=
				  s->offered * (uint64_t)RANGE_FULL_PERCENT)
		row->style = PC_STYLE_WARNING;
}

static unsigned fill_ranges(const struct pc_top *top, struct pc_top_row *rows)
{
	const struct pc_top_look *look = &top->look;

	for (unsigned i = 0; i < look->spaces_count; i++) {
		rows[i] = (struct pc_top_row){ .id = look->spaces[i].inode };
		fill_range(&rows[i], &look->spaces[i]);
	}
	return look->spaces_count;
}

static uint64_t dropped_ranges(const struct pc_top *top)
{
	return top->look.spaces_more;
}

static const struct pc_top_column claim_columns[] = {
	{ "PROCESS", 29, 4, false, false }, { "NAMESPACE", 12, 2, false, false },
	{ "A SECOND", 8, 0, true, true },   { "NOW", 6, 0, true, true },
	{ "TOTAL", 8, 0, true, true },	    { "LAST", 11, 0, false, false },
};

static unsigned fill_claims(const struct pc_top *top, struct pc_top_row *rows)
{
	const struct pc_top_claimers *c = &top->claimers;

	for (unsigned i = 0; i < c->count; i++) {
		const struct pc_top_claimer *claimer = &c->list[i];
		struct pc_top_row *row = &rows[i];

		*row = (struct pc_top_row){ .id = claimer->key.start_ns ^ claimer->key.tgid };
		field_text(row, 0, claimer->name);
		field_space(row, 1, top, claimer->netns);
		row->number[2] = pc_top_claimer_rate(c, claimer);
		snprintf(row->text[2], sizeof(row->text[2]), "%.1f", row->number[2]);
		field_count(row, 3, pc_top_claimer_now(c, claimer));
		field_count(row, 4, (double)claimer->total);
		row->number[5] = claimer->port;
		if (claimer->port)
			snprintf(row->text[5], sizeof(row->text[5]), "%s %u",
				 pc_proto_name(claimer->proto), claimer->port);
	}
	return c->count;
}

static uint64_t dropped_claims(const struct pc_top *top)
{
	return top->claimers.given_up;
}

static const struct pc_top_column destination_columns[] = {
	{ "DESTINATION", 26, 3, false, false }, { "NAMESPACE", 19, 3, false, false },
	{ "PORTS", 8, 0, true, true },		{ "OF RANGE", 9, 0, true, true },
	{ "SHARE", 8, 0, true, true },
};

static unsigned fill_destinations(const struct pc_top *top, struct pc_top_row *rows)
{
	const struct pc_top_look *look = &top->look;

	for (unsigned i = 0; i < look->destinations_count; i++) {
		const struct pc_top_destination *d = &look->destinations[i];
		struct pc_top_row *row = &rows[i];
		char end[PC_ENDPOINT_TEXT];

		*row = (struct pc_top_row){ .id = row_id(d->inode, d->port, d->family) };
		row->id = hash_address(row->id, d->family, d->address);
		field_text(row, 0, pc_endpoint_text(d->family, d->address, d->port, end));
		field_space(row, 1, top, d->inode);
		field_count(row, 2, d->ports);
		field_count(row, 3, d->offered);
		field_percent(row, 4, d->ports, d->offered);
		if (d->offered && d->ports * 100ULL >= d->offered * (uint64_t)RANGE_FULL_PERCENT)
			row->style = PC_STYLE_WARNING;
	}
	return look->destinations_count;
}

static uint64_t dropped_destinations(const struct pc_top *top)
{
	return top->look.destinations_more;
}

static const struct pc_top_column exposed_columns[] = {
	{ "PORT", 9, 0, false, false },	   { "ADDRESS", 15, 2, false, false },
	{ "SERVER", 19, 3, false, false }, { "NAMESPACE", 12, 2, false, false },
	{ "CHANCE", 7, 0, true, true },	   { "CLIENTS HOLD", 13, 0, true, true },
};

static unsigned fill_exposed(const struct pc_top *top, struct pc_top_row *rows)
{
	const struct pc_top_look *look = &top->look;

	for (unsigned i = 0; i < look->listeners_count; i++) {
		const struct pc_top_listener *l = &look->listeners[i];
		struct pc_top_row *row = &rows[i];
		char address[PC_ADDRESS_TEXT];

		*row = (struct pc_top_row){ .id = row_id(l->inode, l->port, l->proto) };
		row->id = hash_address(row->id, l->family, l->address);
		field_port(row, 0, l->port, l->proto);
		field_text(row, 1, pc_address_text(l->family, l->address, address));
		field_text(row, 2, l->server[0] ? l->server : "(not known)");
		field_space(row, 3, top, l->inode);
		field_percent(row, 4, l->taken, l->of);
		row->number[5] = l->taken;
		snprintf(row->text[5], sizeof(row->text[5]), "%u of %u", l->taken, l->of);
	}
	return look->listeners_count;
}

static uint64_t dropped_exposed(const struct pc_top *top)
{
	return top->look.listeners_more;
}

static const struct pc_top_column guarded_columns[] = {
	{ "PORT", 7, 0, false, false },	   { "KEPT BY", 8, 0, false, false },
	{ "SERVER", 26, 3, false, false }, { "NAMESPACE", 12, 2, false, false },
	{ "SINCE", 12, 0, true, true },	   { "STATE", 9, 0, false, false },
};

static void field_since(struct pc_top_row *row, unsigned column, const struct pc_top *top,
			uint64_t since_ns)
{
	struct pc_text text;
	char *string;

	if (!since_ns || since_ns > top->clock.now_ns || pc_text_open(&text))
		return;
	row->number[column] = (double)(top->clock.now_ns - since_ns);
	pc_put_age(text.out, top->clock.now_ns - since_ns);
	string = pc_text_close(&text);
	if (string)
		field_text(row, column, string);
	free(string);
}

static unsigned fill_guarded(const struct pc_top *top, struct pc_top_row *rows)
{
	const struct pc_top_look *look = &top->look;

	for (unsigned i = 0; i < look->guarded_count; i++) {
		const struct pc_top_guarded *g = &look->guarded[i];
		struct pc_top_row *row = &rows[i];

		*row = (struct pc_top_row){ .id = row_id(g->inode, g->port,
							 (uint8_t)g->keeper[0]) };
		field_port(row, 0, g->port, 0);
		field_text(row, 1, g->keeper);
		field_text(row, 2, g->server);
		field_space(row, 3, top, g->inode);
		field_since(row, 4, top, g->since_ns);
		if (g->since_ns)
			field_text(row, 5, g->listens ? "listens" : "away");
	}
	return look->guarded_count;
}

static uint64_t dropped_guarded(const struct pc_top *top)
{
	return top->look.guarded_more;
}

#define COLUMNS(list) list, sizeof(list) / sizeof((list)[0])

const struct pc_top_table *pc_top_table(enum pc_top_tab tab)
{
	static const struct pc_top_table tables[PC_TAB_COUNT] = {
		[PC_TAB_EVENTS] = { "Events", "Nothing was refused yet.", COLUMNS(event_columns), 0,
				    fill_events, dropped_events },
		[PC_TAB_RANGES] = { "Ranges", "No network namespace was looked at yet.",
				    COLUMNS(range_columns), 3, fill_ranges, dropped_ranges },
		[PC_TAB_CLAIMS] = { "Claims", "No process obtained a port yet.",
				    COLUMNS(claim_columns), 2, fill_claims, dropped_claims },
		[PC_TAB_DESTINATIONS] = { "Destinations", "No client holds a port of the range.",
					  COLUMNS(destination_columns), 4, fill_destinations,
					  dropped_destinations },
		[PC_TAB_EXPOSED] = { "Exposed",
				     "No server listens on a port that the kernel may give away.",
				     COLUMNS(exposed_columns), 4, fill_exposed, dropped_exposed },
		[PC_TAB_GUARDED] = { "Guarded", "portclash keeps no port reserved.",
				     COLUMNS(guarded_columns), 0, fill_guarded, dropped_guarded },
	};

	return &tables[(unsigned)tab < PC_TAB_COUNT ? tab : PC_TAB_EVENTS];
}
