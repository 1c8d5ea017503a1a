// SPDX-License-Identifier: GPL-2.0-only
/* The lines of a log become groups. */
#include "core/history/history.h"

#include <errno.h>
#include <stdlib.h>

#include "core/history/group.h"
#include "core/history/group_sort.h"
#include "core/history/group_table.h"
#include "core/history/verdict_ids.h"

struct pc_history {
	const struct pc_history_filter *filter;
	struct pc_group_table *table;
	struct pc_verdict_ids *ids;
	struct pc_history_totals totals;
	int (*keep)(void *context, const struct pc_logged *e, const char *text, size_t len);
	void *context;
};

struct pc_history *pc_history_new(const struct pc_history_filter *filter, uint64_t budget)
{
	struct pc_history *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->filter = filter;
	h->table = pc_group_table_new(budget);
	h->ids = pc_verdict_ids_new();
	if (h->table && h->ids)
		return h;
	pc_history_free(h);
	return NULL;
}

void pc_history_free(struct pc_history *h)
{
	if (!h)
		return;
	pc_group_table_free(h->table);
	pc_verdict_ids_free(h->ids);
	free(h);
}

static void stretch_span(uint64_t *first, uint64_t *last, uint64_t time_ns)
{
	if (!*first || time_ns < *first)
		*first = time_ns;
	if (time_ns > *last)
		*last = time_ns;
}

static struct pc_history_group *group_of_verdict(struct pc_history *h,
						 const struct pc_verdict_known *known)
{
	return known ? pc_group_table_at(h->table, known->slot, known->serial) : NULL;
}

static void note_processes(struct pc_history_group *g, const struct pc_logged *e)
{
	g->several_servers |= g->event.requester.pid != e->requester.pid;
	g->several_thieves |=
		e->holder.process.there && g->event.holder.process.pid != e->holder.process.pid;
}

/* Counts refusals that stand at `time_ns` in a group, or beyond the budget. */
static void add_refusals(struct pc_history *h, struct pc_history_group *g,
			 const struct pc_logged *e, uint64_t count, uint64_t first_ns,
			 uint64_t time_ns)
{
	h->totals.refusals += count;
	stretch_span(&h->totals.first_ns, &h->totals.last_ns, first_ns);
	stretch_span(&h->totals.first_ns, &h->totals.last_ns, time_ns);
	if (!g) {
		h->totals.beyond += count;
		return;
	}
	note_processes(g, e);
	g->refusals += count;
	pc_bins_add(&g->bins, time_ns, count);
	stretch_span(&g->first_ns, &g->last_ns, first_ns);
	stretch_span(&g->first_ns, &g->last_ns, time_ns);
}

static int find_group(struct pc_history *h, struct pc_logged *e, bool several_ports,
		      struct pc_history_group **out)
{
	struct pc_history_group probe = { .several_ports = several_ports };

	pc_group_prepare(e);
	probe.event = *e;
	return pc_group_table_get(h->table, &probe, &h->totals.beyond, out);
}

static void remember(struct pc_history *h, const struct pc_logged *e, struct pc_history_group *g,
		     uint64_t total)
{
	struct pc_verdict_known *known = pc_verdict_ids_add(h->ids, &e->host, &e->id);

	if (!known)
		return;
	known->total = total;
	if (g)
		pc_group_table_name(g, &known->slot, &known->serial);
}

static int history_refusal(struct pc_history *h, struct pc_logged *e, const char *text, size_t len)
{
	struct pc_history_group *g;
	int err;

	if (!pc_group_matches(h->filter, e, e->time_ns)) {
		h->totals.outside++;
		return 0;
	}
	if (pc_verdict_ids_find(h->ids, &e->host, &e->id)) {
		h->totals.duplicates++;
		return 0;
	}
	err = find_group(h, e, false, &g);
	if (err)
		return err;
	add_refusals(h, g, e, 1, e->time_ns, e->time_ns);
	remember(h, e, g, 1);
	return h->keep ? h->keep(h->context, e, text, len) : 0;
}

/* The count of a summary stands at the time of the last refusal in it. */
static int history_repeat(struct pc_history *h, struct pc_logged *e)
{
	struct pc_verdict_known *known = pc_verdict_ids_find(h->ids, &e->host, &e->id);
	struct pc_history_group *g = group_of_verdict(h, known);
	int err = 0;

	if (!pc_group_matches(h->filter, e, e->last_ns)) {
		h->totals.outside++;
		return 0;
	}
	if (!e->count)
		return 0;
	if (known && e->total <= known->total) {
		h->totals.duplicates++;
		return 0;
	}
	if (!g)
		err = find_group(h, e, false, &g);
	if (err)
		return err;
	add_refusals(h, g, e, e->count, e->last_ns, e->last_ns);
	h->totals.repeats += e->count;
	if (g)
		g->repeats += e->count;
	if (known)
		known->total = e->total;
	else
		remember(h, e, g, e->total);
	return 0;
}

static int history_merged(struct pc_history *h, struct pc_logged *e)
{
	bool several = !pc_slice_is(&e->scope, "port");
	struct pc_history_group *g;
	int err;

	if (!pc_group_matches(h->filter, e, e->last_ns)) {
		h->totals.outside++;
		return 0;
	}
	err = find_group(h, e, several, &g);
	if (err)
		return err;
	add_refusals(h, g, e, e->count, e->first_ns ? e->first_ns : e->last_ns, e->last_ns);
	h->totals.merged += e->count;
	if (g)
		g->merged += e->count;
	return 0;
}

static int history_folded(struct pc_history *h, struct pc_logged *e)
{
	struct pc_history_group *g;
	int err;

	if (!pc_group_matches(h->filter, e, e->last_ns)) {
		h->totals.outside++;
		return 0;
	}
	err = find_group(h, e, true, &g);
	if (err)
		return err;
	add_refusals(h, g, e, e->folded, e->last_ns, e->last_ns);
	h->totals.folded += e->folded;
	if (g)
		g->folded += e->folded;
	return 0;
}

/* An outcome belongs to the group of its verdict; of one that is not remembered, to none. */
static int history_outcome(struct pc_history *h, struct pc_logged *e)
{
	struct pc_verdict_known *known = pc_verdict_ids_find(h->ids, &e->host, &e->id);
	struct pc_history_group *g = group_of_verdict(h, known);

	if (known && e->time_ns <= known->outcome_ns) {
		h->totals.duplicates++;
		return 0;
	}
	if (known)
		known->outcome_ns = e->time_ns;
	if (g) {
		g->outcomes[e->outcome]++;
		g->gained_port = e->gained_port;
	}
	return e->folded ? history_folded(h, e) : 0;
}

int pc_history_line(struct pc_history *h, const char *text, size_t len, const struct pc_slice *host)
{
	struct pc_history_totals *t = &h->totals;
	struct pc_logged e;

	pc_logged_read(text, len, &e);
	if (!e.host.at)
		e.host = *host;
	t->lines++;
	t->types[e.type]++;
	if (e.type > PC_LOGGED_NEWER && e.time_ns)
		stretch_span(&t->log_first_ns, &t->log_last_ns, e.time_ns);
	switch (e.type) {
	case PC_LOGGED_REFUSAL:
		return history_refusal(h, &e, text, len);
	case PC_LOGGED_REPEAT:
		return history_repeat(h, &e);
	case PC_LOGGED_MERGED:
		return history_merged(h, &e);
	case PC_LOGGED_OUTCOME:
		return history_outcome(h, &e);
	case PC_LOGGED_READY:
		return h->keep ? h->keep(h->context, &e, text, len) : 0;
	case PC_LOGGED_SUMMARY:
		t->lost += e.lost;
		return 0;
	default:
		return 0;
	}
}

void pc_history_keep(struct pc_history *h,
		     int (*keep)(void *context, const struct pc_logged *e, const char *text,
				 size_t len),
		     void *context)
{
	h->keep = keep;
	h->context = context;
}

const struct pc_history_totals *pc_history_totals(const struct pc_history *h)
{
	return &h->totals;
}

const struct pc_history_group **pc_history_groups(const struct pc_history *h, size_t *count)
{
	const struct pc_history_group **list = pc_group_table_list(h->table, count);

	if (list && pc_group_sort(list, *count)) {
		free(list);
		return NULL;
	}
	return list;
}

bool pc_history_same_port(const struct pc_history_group *a, const struct pc_history_group *b)
{
	return !pc_group_compare_port(a, b);
}

bool pc_history_same_server(const struct pc_history_group *a, const struct pc_history_group *b)
{
	return !pc_group_compare_server(a, b);
}

bool pc_history_same_thief(const struct pc_history_group *a, const struct pc_history_group *b)
{
	return !pc_group_compare_thief(a, b);
}
