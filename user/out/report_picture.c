// SPDX-License-Identifier: GPL-2.0-only
/* The timeline of a port. */
#include <stdlib.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "out/history_parts.h"
#include "out/report.h"

#define WIDTH 960
#define LEFT 10
#define RIGHT (WIDTH - 10)
#define HITS_TOP 22
#define HITS_HEIGHT 34
#define BAR_HEIGHT 18
#define FOOT 18

/* Holders that have a bar. */
#define BARS 6

struct axis {
	uint64_t first_ns;
	uint64_t last_ns;
};

static double axis_place(const struct axis *a, uint64_t ns)
{
	if (ns <= a->first_ns)
		return LEFT;
	if (ns >= a->last_ns)
		return RIGHT;
	return LEFT +
	       (RIGHT - LEFT) * ((double)(ns - a->first_ns) / (double)(a->last_ns - a->first_ns));
}

/* Writes the text as content of an element. */
static void put_svg_text(FILE *out, struct pc_text *text)
{
	char *string = pc_text_close(text);

	if (string)
		pc_put_html(out, string);
	free(string);
}

static double height_of(uint64_t count)
{
	double height = 6;

	for (; count > 1 && height < HITS_HEIGHT; count /= 2)
		height += 4;
	return height < HITS_HEIGHT ? height : HITS_HEIGHT;
}

static void put_hits(FILE *out, const struct axis *a, const struct pc_history_group *g)
{
	const struct pc_bins *b = &g->bins;

	for (unsigned i = 0; i < PC_BINS; i++) {
		uint64_t from = b->from_ns + i * b->width_ns;
		double x, width, height = height_of(b->counts[i]);

		if (!b->counts[i])
			continue;
		x = axis_place(a, from);
		width = axis_place(a, from + b->width_ns) - x;
		fprintf(out,
			"<rect class=\"hit\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
			x < RIGHT - 2 ? x : RIGHT - 2, HITS_TOP + HITS_HEIGHT - height,
			width > 2 ? width : 2, height);
	}
}

static void put_bar(FILE *out, const struct axis *a, const struct pc_history_group *g, double y)
{
	uint64_t since = g->event.holder.since_ns;
	double x = axis_place(a, since && since < g->first_ns ? since : g->first_ns);
	double end = axis_place(a, g->last_ns);
	struct pc_text text;

	fprintf(out,
		"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"6\"/>\n<text x=\"%d\" y=\"%.1f\">",
		x < RIGHT - 2 ? x : RIGHT - 2, y, end - x > 2 ? end - x : 2, LEFT, y + 16);
	if (!pc_text_open(&text)) {
		pc_put_group_thief(text.out, g);
		put_svg_text(out, &text);
	}
	fputs("</text>\n", out);
}

static void put_starts(FILE *out, const struct axis *a, const struct pc_kept *kept, int bottom)
{
	for (size_t i = 0; i < PC_KEPT_STARTS; i++) {
		const struct pc_kept_line *start = &kept->starts[i];
		double x = axis_place(a, start->time_ns);

		if (start->text && start->time_ns > a->first_ns && start->time_ns < a->last_ns)
			fprintf(out,
				"<line class=\"start\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n",
				x, x, HITS_TOP, bottom);
	}
}

static void put_axis_times(FILE *out, const struct axis *a, int y)
{
	fprintf(out, "<text class=\"soft\" x=\"%d\" y=\"%d\">", LEFT, y);
	pc_put_instant(out, a->first_ns, true);
	fprintf(out, "</text>\n<text class=\"soft\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", RIGHT,
		y);
	pc_put_instant(out, a->last_ns, true);
	fputs("</text>\n", out);
}

static void put_title(FILE *out, const struct pc_history_group *g, uint64_t refusals)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return;
	pc_put_group_port(text.out, g, true);
	fputs(": ", text.out);
	pc_put_amount(text.out, refusals, "refusal");
	put_svg_text(out, &text);
}

/* Is this the first group of its holder, among those from `from` on? */
static bool is_first_of_thief(const struct pc_history_view *v, size_t from, size_t at)
{
	for (size_t i = from; i < at; i++)
		if (pc_history_same_thief(v->groups[i], v->groups[at]))
			return false;
	return true;
}

static size_t bars_of(const struct pc_history_view *v, size_t from, size_t end, size_t *bars)
{
	size_t count = 0;

	for (size_t i = from; i < end && count < BARS; i++)
		if (v->groups[i]->event.holder.there && is_first_of_thief(v, from, i))
			bars[count++] = i;
	return count;
}

void pc_report_picture(FILE *out, const struct pc_report *r, size_t from, size_t end)
{
	const struct pc_history_view *v = &r->history;
	struct axis a = { v->totals->first_ns, v->totals->last_ns };
	size_t bars[BARS], count = bars_of(v, from, end, bars);
	int base = HITS_TOP + HITS_HEIGHT, bottom = base + 6 + (int)count * BAR_HEIGHT;
	uint64_t refusals = 0;

	/* The picture shows an instant alone as the minute that begins half a minute before. */
	if (a.last_ns - a.first_ns < PC_NS_PER_SECOND) {
		a.first_ns -=
			a.first_ns < 30 * PC_NS_PER_SECOND ? a.first_ns : 30 * PC_NS_PER_SECOND;
		a.last_ns = a.first_ns + 60 * PC_NS_PER_SECOND;
	}
	for (size_t i = from; i < end; i++)
		refusals += v->groups[i]->refusals;
	fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", WIDTH, bottom + FOOT);
	put_title(out, v->groups[from], refusals);
	fprintf(out, "</title>\n<text x=\"%d\" y=\"14\">", LEFT);
	put_title(out, v->groups[from], refusals);
	fprintf(out, "</text>\n<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n",
		LEFT, RIGHT, base, base);
	put_starts(out, &a, r->kept, bottom);
	for (size_t i = from; i < end; i++)
		put_hits(out, &a, v->groups[i]);
	for (size_t i = 0; i < count; i++)
		put_bar(out, &a, v->groups[bars[i]], base + 4 + (double)i * BAR_HEIGHT);
	put_axis_times(out, &a, bottom + FOOT - 4);
	fputs("</svg>\n", out);
}
