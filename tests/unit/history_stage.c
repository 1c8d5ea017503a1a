// SPDX-License-Identifier: GPL-2.0-only
/* Parts of the tests of histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history_stage.h"

const struct pc_history_filter history_all;

const struct logline history_theft = {
	.id = "1796014945151348157-27593",
	.server = "orders",
	.server_unit = "orders.service",
	.thief = "curl",
	.thief_unit = "backup.service",
	.port = 43409,
	.uid = 990,
	.pid = 700,
	.count = 3,
	.total = 4,
};

struct pc_history *history_begin(const struct pc_history_filter *filter)
{
	struct pc_history *h = pc_history_new(filter, PC_HISTORY_BUDGET);

	assert_non_null(h);
	return h;
}

/* Gives the line in memory of its own, so that nothing points into it afterwards. */
void history_take_from(struct pc_history *h, const char *line, const char *host)
{
	const struct pc_slice name = { host, host ? strlen(host) : 0 };
	size_t len = strlen(line);
	char *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, line, len + 1);
	assert_int_equal(pc_history_line(h, copy, len, &name), 0);
	free(copy);
}

void history_take(struct pc_history *h, const char *line)
{
	history_take_from(h, line, NULL);
}

const struct pc_history_group *history_only_group(const struct pc_history *h)
{
	size_t count;
	const struct pc_history_group **list = pc_history_groups(h, &count), *group;

	assert_non_null(list);
	assert_int_equal(count, 1);
	group = list[0];
	free(list);
	return group;
}

size_t history_count_groups(const struct pc_history *h)
{
	size_t count;

	free(pc_history_groups(h, &count));
	return count;
}

void history_take_variant(struct pc_history *h, unsigned number, const struct logline *l)
{
	struct logline copy = *l;
	char id[32];

	snprintf(id, sizeof(id), "%u-1", 1000 + number);
	copy.id = id;
	history_take(h, logline_refusal(&copy));
}
