// SPDX-License-Identifier: GPL-2.0-only
/* The texts that a key opens: the keys, an event, a row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "out/layout.h"
#include "top/view.h"

static const char keys[] = PC_MARK_TITLE
	"Move" PC_MARK_END "\n"
	"  1 to 6       show a table; also Tab, left and right\n"
	"  up, down     choose a row; also k and j, Page Up, Page Down, Home, End\n"
	"  Enter        open the row: a refusal with its evidence and its fixes\n"
	"  Esc, q       go back\n"
	"  q, Ctrl-C    quit\n"
	"\n" PC_MARK_TITLE "Arrange" PC_MARK_END "\n"
	"  s            sort by the next column\n"
	"  S            sort the other way round\n"
	"  /            show only rows with these letters; Esc shows all again\n"
	"  l            look at the machine now, not at the next interval\n"
	"  Ctrl-L       draw the screen anew\n"
	"\n" PC_MARK_TITLE "Act" PC_MARK_END "\n"
	"  r            reserve the row's port, as `portclash reserve` does\n"
	"  f            free the row's port, as `portclash free` does\n"
	"Both show first what would be done. Nothing is done before you type the port's number.\n"
	"\n" PC_MARK_TITLE "Tables" PC_MARK_END "\n"
	"  Events        refusals with their repeats and outcomes, and warnings; the last 512\n"
	"  Ranges        each network namespace: the kernel's range for clients, and how much of it is in use\n"
	"  Claims        who obtains ports: in a second on average (the last 10), in the last second, in all\n"
	"  Destinations  the servers whose clients hold the most local ports, five in each namespace\n"
	"  Exposed       servers on ports that the kernel may give to a client, and the chance that a restart finds the port taken\n"
	"  Guarded       ports that portclash keeps from clients: guard, reserve and free\n"
	"\n"
	"A line above the keys says how many rows there are, and how many had no room.\n";

void pc_top_open_help(struct pc_top_view *view)
{
	pc_top_pane_open(&view->pane, "Keys");
	pc_top_pane_add(&view->pane, keys, sizeof(keys) - 1);
	view->mode = PC_TOP_PANE;
}

static void help_print(struct pc_top_pane *pane, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void help_print(struct pc_top_pane *pane, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	pc_top_pane_add(pane, text, (size_t)len);
	free(text);
}

static void add_event(struct pc_top_pane *pane, const struct pc_top *top,
		      const struct pc_top_event *e)
{
	char time[16];

	help_print(pane, "%s  ", pc_top_time(&top->clock, e->time_ns, time));
	pc_top_pane_add(pane, e->text, e->len);
	pc_top_pane_add(pane, "\n", 1);
}

static const struct pc_top_event *last_event_of(const struct pc_top *top,
						const struct pc_top_row *row)
{
	for (unsigned i = top->events.count; row->port && i > 0; i--) {
		const struct pc_top_event *e = pc_top_events_at(&top->events, i - 1);

		if (e->port == row->port && e->netns == row->netns)
			return e;
	}
	return NULL;
}

static void open_columns(struct pc_top_view *view, const struct pc_top *top,
			 const struct pc_top_row *row)
{
	const struct pc_top_table *table = pc_top_table(view->tab);
	const struct pc_top_event *e = last_event_of(top, row);

	for (unsigned i = 0; i < table->columns_count; i++)
		if (row->text[i][0])
			help_print(&view->pane, "%-14s  %s\n", table->columns[i].title,
				   row->text[i]);
	if (row->netns)
		help_print(&view->pane, "%-14s  %u\n", "netns inode", row->netns);
	if (!e)
		return;
	help_print(&view->pane, "\n%s\n",
		   PC_MARK_TITLE "The last event about this port" PC_MARK_END);
	add_event(&view->pane, top, e);
}

/* An outcome or a repeat is read with its refusal. */
static void open_event(struct pc_top_view *view, const struct pc_top *top,
		       const struct pc_top_event *e)
{
	const struct pc_top_event *refusal = pc_top_events_refusal(&top->events, e);

	add_event(&view->pane, top, e);
	if (!refusal)
		return;
	pc_top_pane_add(&view->pane, "\n", 1);
	add_event(&view->pane, top, refusal);
}

void pc_top_open_row(struct pc_top_view *view, const struct pc_top *top)
{
	const struct pc_top_row *row;
	const struct pc_top_event *e;

	if (!view->count)
		return;
	/* From now on what is shown is chosen, whatever comes above it. */
	row = &view->rows[view->tabs[view->tab].selected];
	view->tabs[view->tab].id = row->id;
	view->tabs[view->tab].chosen = true;
	view->mode = PC_TOP_PANE;
	pc_top_pane_open(&view->pane, pc_top_table(view->tab)->name);
	e = view->tab == PC_TAB_EVENTS ? pc_top_events_find(&top->events, row->id) : NULL;
	if (e)
		open_event(view, top, e);
	else
		open_columns(view, top, row);
}
