// SPDX-License-Identifier: GPL-2.0-only
/* Groups in order, and ranks: first what is alike side by side, then by the sums. */
#include "core/history/group_sort.h"

#include <errno.h>
#include <stdlib.h>

#include "core/history/group.h"

typedef int (*compare_fn)(const struct pc_history_group *a, const struct pc_history_group *b);

/* A group, with the refusals of its port and of its server there, and which run of these it is. */
struct sort_row {
	const struct pc_history_group *group;
	uint64_t port_refusals;
	uint64_t server_refusals;
	size_t port;
	size_t server;
};

static int by_all(const void *a, const void *b)
{
	const struct sort_row *x = a, *y = b;

	return pc_group_compare(x->group, y->group);
}

static int falling(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int by_sums(const void *a, const void *b)
{
	const struct sort_row *x = a, *y = b;
	int order = falling(x->port_refusals, y->port_refusals);

	if (!order)
		order = falling(y->port, x->port);
	if (!order)
		order = falling(x->server_refusals, y->server_refusals);
	if (!order)
		order = falling(y->server, x->server);
	if (!order)
		order = falling(x->group->refusals, y->group->refusals);
	return order ? order : pc_group_compare(x->group, y->group);
}

/* The end of the run that begins at `from`, and the refusals in it. */
static size_t run_end(const struct sort_row *rows, size_t from, size_t count, compare_fn compare,
		      uint64_t *refusals)
{
	size_t end = from;

	*refusals = 0;
	for (; end < count && !compare(rows[from].group, rows[end].group); end++)
		*refusals += rows[end].group->refusals;
	return end;
}

static int compare_port_and_server(const struct pc_history_group *a,
				   const struct pc_history_group *b)
{
	int order = pc_group_compare_port(a, b);

	return order ? order : pc_group_compare_server(a, b);
}

static void sum_runs(struct sort_row *rows, size_t count)
{
	uint64_t refusals;

	for (size_t from = 0, end; from < count; from = end) {
		end = run_end(rows, from, count, pc_group_compare_port, &refusals);
		for (size_t i = from; i < end; i++) {
			rows[i].port_refusals = refusals;
			rows[i].port = from;
		}
	}
	for (size_t from = 0, end; from < count; from = end) {
		end = run_end(rows, from, count, compare_port_and_server, &refusals);
		for (size_t i = from; i < end; i++) {
			rows[i].server_refusals = refusals;
			rows[i].server = from;
		}
	}
}

int pc_group_sort(const struct pc_history_group **list, size_t count)
{
	struct sort_row *rows = calloc(count + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		rows[i].group = list[i];
	qsort(rows, count, sizeof(*rows), by_all);
	sum_runs(rows, count);
	qsort(rows, count, sizeof(*rows), by_sums);
	for (size_t i = 0; i < count; i++)
		list[i] = rows[i].group;
	free(rows);
	return 0;
}

static int compare_for_rank(const void *a, const void *b, void *compare)
{
	const struct pc_history_rank *x = a, *y = b;

	return (*(compare_fn *)compare)(x->group, y->group);
}

static int by_refusals(const void *a, const void *b)
{
	const struct pc_history_rank *x = a, *y = b;
	int order = falling(x->refusals, y->refusals);

	return order ? order : pc_group_compare(x->group, y->group);
}

static void rank_add(struct pc_history_rank *to, const struct pc_history_rank *more)
{
	if (more->group->refusals > to->group->refusals)
		to->group = more->group;
	if (more->last_ns > to->last_ns)
		to->last_ns = more->last_ns;
	to->refusals += more->refusals;
	to->groups += more->groups;
}

struct pc_history_rank *pc_history_ranks(const struct pc_history_group *const *groups, size_t count,
					 enum pc_history_by by, size_t *ranks)
{
	static const compare_fn all[] = {
		[PC_HISTORY_BY_PORT] = pc_group_compare_port,
		[PC_HISTORY_BY_SERVER] = pc_group_compare_server,
		[PC_HISTORY_BY_THIEF] = pc_group_compare_thief,
		[PC_HISTORY_BY_CAUSE] = pc_group_compare_cause,
	};
	struct pc_history_rank *list = calloc(count + 1, sizeof(*list));
	compare_fn compare = all[by];

	*ranks = 0;
	if (!list)
		return NULL;
	for (size_t i = 0; i < count; i++)
		list[i] = (struct pc_history_rank){ groups[i], groups[i]->refusals, 1,
						    groups[i]->last_ns };
	qsort_r(list, count, sizeof(*list), compare_for_rank, &compare);
	for (size_t i = 0; i < count; i++) {
		if (*ranks && !compare(list[*ranks - 1].group, list[i].group))
			rank_add(&list[*ranks - 1], &list[i]);
		else
			list[(*ranks)++] = list[i];
	}
	qsort(list, *ranks, sizeof(*list), by_refusals);
	return list;
}
