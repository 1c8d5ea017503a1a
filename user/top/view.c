// SPDX-License-Identifier: GPL-2.0-only
/* Keep the rows, the selection and the filter, and say what a key does. */
#include "top/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pc_top_view_init(struct pc_top_view *view)
{
	*view = (struct pc_top_view){ .page = 1 };
	for (int i = 0; i < PC_TAB_COUNT; i++)
		view->tabs[i].sort = pc_top_table((enum pc_top_tab)i)->sort;
	view->rows = calloc(PC_TOP_ROWS_MAX, sizeof(*view->rows));
	return view->rows ? 0 : -ENOMEM;
}

void pc_top_view_free(struct pc_top_view *view)
{
	pc_top_pane_free(&view->pane);
	free(view->rows);
	view->rows = NULL;
}

static struct pc_top_tab_view *tab_of(struct pc_top_view *view)
{
	return &view->tabs[view->tab];
}

/* The selection stays on its row, wherever that has gone; if it is gone, on its place. */
static void find_selection(struct pc_top_view *view)
{
	struct pc_top_tab_view *tab = tab_of(view);

	if (!tab->chosen)
		tab->selected = 0;
	for (unsigned i = 0; tab->chosen && i < view->count; i++) {
		if (view->rows[i].id == tab->id) {
			tab->selected = i;
			break;
		}
	}
	if (tab->selected >= view->count)
		tab->selected = view->count ? view->count - 1 : 0;
	if (tab->selected < tab->first)
		tab->first = tab->selected;
	if (tab->selected >= tab->first + view->page)
		tab->first = tab->selected - view->page + 1;
	if (tab->first + view->page > view->count)
		tab->first = view->count > view->page ? view->count - view->page : 0;
}

void pc_top_view_make(struct pc_top_view *view, const struct pc_top *top)
{
	const struct pc_top_table *table = pc_top_table(view->tab);
	const struct pc_top_tab_view *tab = tab_of(view);

	view->of = table->fill(top, view->rows);
	view->count = pc_top_rows_filter(table, view->rows, view->of, view->filter);
	pc_top_rows_sort(table, view->rows, view->count, tab->sort, tab->turned);
	find_selection(view);
}

static void select_row(struct pc_top_view *view, long index)
{
	struct pc_top_tab_view *tab = tab_of(view);

	if (!view->count)
		return;
	if (index >= (long)view->count)
		index = (long)view->count - 1;
	tab->selected = index < 0 ? 0 : (unsigned)index;
	tab->id = view->rows[tab->selected].id;
	/* On the topmost row the selection waits for what comes next. */
	tab->chosen = tab->selected > 0;
	find_selection(view);
}

static bool move_key(struct pc_top_view *view, uint32_t key)
{
	long at = tab_of(view)->selected;

	switch (key) {
	case PC_KEY_UP:
	case 'k':
		select_row(view, at - 1);
		return true;
	case PC_KEY_DOWN:
	case 'j':
		select_row(view, at + 1);
		return true;
	case PC_KEY_PAGE_UP:
		select_row(view, at - (long)view->page);
		return true;
	case PC_KEY_PAGE_DOWN:
	case ' ':
		select_row(view, at + (long)view->page);
		return true;
	case PC_KEY_HOME:
	case 'g':
		select_row(view, 0);
		return true;
	case PC_KEY_END:
	case 'G':
		select_row(view, view->count);
		return true;
	default:
		return false;
	}
}

static bool tab_key(struct pc_top_view *view, const struct pc_top *top, uint32_t key)
{
	unsigned tab = view->tab;

	if (key >= '1' && key < '1' + PC_TAB_COUNT)
		tab = key - '1';
	else if (key == PC_KEY_RIGHT || key == '\t')
		tab = (tab + 1) % PC_TAB_COUNT;
	else if (key == PC_KEY_LEFT || key == PC_KEY_BACK_TAB)
		tab = (tab + PC_TAB_COUNT - 1) % PC_TAB_COUNT;
	else
		return false;
	view->tab = (enum pc_top_tab)tab;
	pc_top_view_make(view, top);
	return true;
}

static void sort_by_next(struct pc_top_view *view, const struct pc_top *top)
{
	struct pc_top_tab_view *tab = tab_of(view);

	tab->sort = (tab->sort + 1) % pc_top_table(view->tab)->columns_count;
	tab->turned = false;
	pc_top_view_make(view, top);
}

static void turn_sort(struct pc_top_view *view, const struct pc_top *top)
{
	tab_of(view)->turned = !tab_of(view)->turned;
	pc_top_view_make(view, top);
}

static void set_filter(struct pc_top_view *view, const struct pc_top *top, size_t len)
{
	view->filter[len] = '\0';
	pc_top_view_make(view, top);
}

static enum pc_top_wish list_key(struct pc_top_view *view, const struct pc_top *top, uint32_t key)
{
	if (move_key(view, key) || tab_key(view, top, key))
		return PC_WISH_NOTHING;
	switch (key) {
	case 'q':
		return PC_WISH_QUIT;
	case PC_KEY_ENTER:
		pc_top_open_row(view, top);
		return PC_WISH_NOTHING;
	case PC_KEY_ESCAPE:
		set_filter(view, top, 0);
		return PC_WISH_NOTHING;
	case '/':
		view->mode = PC_TOP_FILTER;
		return PC_WISH_NOTHING;
	case 's':
		sort_by_next(view, top);
		return PC_WISH_NOTHING;
	case 'S':
		turn_sort(view, top);
		return PC_WISH_NOTHING;
	case 'r':
		return pc_top_act_begin(view, PC_ACT_RESERVE);
	case 'f':
		return pc_top_act_begin(view, PC_ACT_FREE);
	case 'l':
		return PC_WISH_LOOK;
	case '?':
	case 'h':
		pc_top_open_help(view);
		return PC_WISH_NOTHING;
	default:
		return PC_WISH_NOTHING;
	}
}

/* ASCII is all that is typed here; another character of a name is found by what stands beside it. */
static void typed_filter_key(struct pc_top_view *view, const struct pc_top *top, uint32_t key)
{
	size_t len = strlen(view->filter);

	if (key == PC_KEY_ENTER) {
		view->mode = PC_TOP_LIST;
	} else if (key == PC_KEY_ESCAPE) {
		view->mode = PC_TOP_LIST;
		set_filter(view, top, 0);
	} else if (key == PC_KEY_BACKSPACE) {
		if (len)
			set_filter(view, top, len - 1);
	} else if (key >= ' ' && key < 0x7f && len + 1 < sizeof(view->filter)) {
		view->filter[len] = (char)key;
		set_filter(view, top, len + 1);
	}
}

static void pane_scroll_key(struct pc_top_pane *pane, uint32_t key)
{
	switch (key) {
	case PC_KEY_UP:
	case 'k':
		pc_top_pane_scroll(pane, -1);
		break;
	case PC_KEY_DOWN:
	case 'j':
		pc_top_pane_scroll(pane, 1);
		break;
	case PC_KEY_PAGE_UP:
		pc_top_pane_scroll(pane, -pane->page);
		break;
	case PC_KEY_PAGE_DOWN:
	case ' ':
		pc_top_pane_scroll(pane, pane->page);
		break;
	case PC_KEY_HOME:
	case 'g':
		pc_top_pane_scroll(pane, -pane->lines);
		break;
	case PC_KEY_END:
	case 'G':
		pc_top_pane_scroll(pane, pane->lines);
		break;
	default:
		break;
	}
}

static enum pc_top_wish pane_key(struct pc_top_view *view, const struct pc_top *top, uint32_t key)
{
	if (key < PC_KEY_UP && key >= '1' && tab_key(view, top, key)) {
		view->mode = PC_TOP_LIST;
		return PC_WISH_NOTHING;
	}
	switch (key) {
	case 'q':
	case PC_KEY_ESCAPE:
	case PC_KEY_ENTER:
	case PC_KEY_LEFT:
		view->mode = PC_TOP_LIST;
		return PC_WISH_NOTHING;
	case 'r':
		return pc_top_act_begin(view, PC_ACT_RESERVE);
	case 'f':
		return pc_top_act_begin(view, PC_ACT_FREE);
	default:
		pane_scroll_key(&view->pane, key);
		return PC_WISH_NOTHING;
	}
}

enum pc_top_wish pc_top_view_key(struct pc_top_view *view, const struct pc_top *top, uint32_t key)
{
	view->message[0] = '\0';
	if (key == PC_KEY_REDRAW)
		return PC_WISH_REDRAW;
	switch (view->mode) {
	case PC_TOP_FILTER:
		typed_filter_key(view, top, key);
		return PC_WISH_NOTHING;
	case PC_TOP_PANE:
		return pane_key(view, top, key);
	case PC_TOP_ACT: {
		enum pc_top_wish wish = pc_top_act_key(view, key);

		if (!wish)
			pane_scroll_key(&view->pane, key);
		return wish;
	}
	default:
		return list_key(view, top, key);
	}
}
