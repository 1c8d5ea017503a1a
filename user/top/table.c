// SPDX-License-Identifier: GPL-2.0-only
/* Filter and sort rows, and share a screen's width among columns. */
#include "top/table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *pc_top_time(const struct pc_clock *clock, uint64_t boot_ns, char *out)
{
	time_t seconds = (time_t)((boot_ns + clock->wall_minus_boot_ns) / PC_NS_PER_SECOND);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(out, 16, "%H:%M:%S", &tm);
	return out;
}

const char *pc_top_percent(unsigned part, unsigned of, char *out)
{
	double percent = of ? 100.0 * part / of : 0;

	/* Full and empty are said of nothing else. */
	if (percent > 99.9 && part < of)
		percent = 99.9;
	if (percent < 0.1 && part)
		snprintf(out, 16, "< 0.1 %%");
	else
		snprintf(out, 16, percent >= 100 || !part ? "%.0f %%" : "%.1f %%", percent);
	return out;
}

unsigned pc_top_rows_filter(const struct pc_top_table *table, struct pc_top_row *rows,
			    unsigned count, const char *filter)
{
	unsigned kept = 0;

	if (!*filter)
		return count;
	for (unsigned i = 0; i < count; i++) {
		bool found = false;

		for (unsigned column = 0; !found && column < table->columns_count; column++)
			found = strcasestr(rows[i].text[column], filter);
		if (!found)
			continue;
		if (kept != i)
			rows[kept] = rows[i];
		kept++;
	}
	return kept;
}

struct rows_order {
	unsigned column;
	int sign;
};

static int rows_compare(const void *left, const void *right, void *context)
{
	const struct pc_top_row *a = left, *b = right;
	const struct rows_order *order = context;
	double x = a->number[order->column], y = b->number[order->column];
	int by = x < y ? -1 : x > y;

	if (!by)
		by = strcmp(a->text[order->column], b->text[order->column]);
	if (by)
		return by * order->sign;
	return a->id < b->id ? -1 : a->id > b->id;
}

void pc_top_rows_sort(const struct pc_top_table *table, struct pc_top_row *rows, unsigned count,
		      unsigned column, bool turned)
{
	struct rows_order order = { column, table->columns[column].falling != turned ? -1 : 1 };

	qsort_r(rows, count, sizeof(*rows), rows_compare, &order);
}

void pc_top_widths(const struct pc_top_table *table, int width, int *widths)
{
	int left = width - (int)table->columns_count + 1, grow = 0;

	for (unsigned i = 0; i < table->columns_count; i++) {
		left -= table->columns[i].width;
		grow += table->columns[i].grow;
	}
	for (unsigned i = 0; i < table->columns_count; i++) {
		const struct pc_top_column *c = &table->columns[i];
		int more = left > 0 && grow ? left * c->grow / grow : 0;

		widths[i] = c->width + more;
		left -= more;
		grow -= c->grow;
	}
}
