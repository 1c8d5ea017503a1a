// SPDX-License-Identifier: GPL-2.0-only
/* Free or reserve the selected port: only once its number was typed below what the command would do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/names.h"
#include "top/view.h"

static const char *verb_of(const struct pc_top_act *act)
{
	return act->kind == PC_ACT_FREE ? "free" : "reserve";
}

/* The row that is shown in a pane is the selected one. */
static const struct pc_top_row *selected_row(const struct pc_top_view *view)
{
	return view->count ? &view->rows[view->tabs[view->tab].selected] : NULL;
}

enum pc_top_wish pc_top_act_begin(struct pc_top_view *view, enum pc_top_act_kind kind)
{
	const struct pc_top_row *row = selected_row(view);
	struct pc_top_act *act = &view->act;
	char title[96];

	if (!row || !row->port || !row->netns) {
		snprintf(
			view->message, sizeof(view->message), "%s",
			"The selected row has no local port of a server: choose an event, or one under Exposed.");
		return PC_WISH_NOTHING;
	}
	*act = (struct pc_top_act){ .kind = kind,
				    .phase = PC_ACT_LOOKS,
				    .netns = row->netns,
				    .port = row->port,
				    .proto = row->proto };
	snprintf(title, sizeof(title), "portclash %s --netns %" PRIu32 " %u%s", verb_of(act),
		 act->netns, act->port,
		 act->proto == PC_PROTO_UDP && kind == PC_ACT_FREE ? "/udp" : "");
	pc_top_pane_open(&view->pane, title);
	view->mode = PC_TOP_ACT;
	return PC_WISH_START;
}

void pc_top_act_output(struct pc_top_view *view, const char *text, size_t len)
{
	pc_top_pane_add(&view->pane, text, len);
	/* The end of the text is what counts. */
	view->pane.first = INT32_MAX / 2;
}

void pc_top_act_asks(struct pc_top_view *view)
{
	view->act.phase = PC_ACT_ASKS;
	view->act.typed[0] = '\0';
}

void pc_top_act_ended(struct pc_top_view *view, int status)
{
	view->act.phase = PC_ACT_ENDED;
	if (WIFSIGNALED(status))
		snprintf(view->message, sizeof(view->message), "`portclash %s` ended by signal %d",
			 verb_of(&view->act), WTERMSIG(status));
}

static enum pc_top_wish confirm(struct pc_top_view *view)
{
	struct pc_top_act *act = &view->act;
	char port[8];

	snprintf(port, sizeof(port), "%u", act->port);
	if (strcmp(act->typed, port)) {
		snprintf(view->message, sizeof(view->message), "\"%s\" is not %s: nothing was done",
			 act->typed, port);
		act->typed[0] = '\0';
		return PC_WISH_NOTHING;
	}
	act->phase = PC_ACT_WORKS;
	return PC_WISH_CONFIRM;
}

static enum pc_top_wish asked_key(struct pc_top_view *view, uint32_t key)
{
	char *typed = view->act.typed;
	size_t len = strlen(typed);

	if (key == PC_KEY_ENTER)
		return confirm(view);
	if (key == PC_KEY_BACKSPACE && len)
		typed[len - 1] = '\0';
	if (key >= '0' && key <= '9' && len + 1 < sizeof(view->act.typed)) {
		typed[len] = (char)key;
		typed[len + 1] = '\0';
	}
	return PC_WISH_NOTHING;
}

enum pc_top_wish pc_top_act_key(struct pc_top_view *view, uint32_t key)
{
	struct pc_top_act *act = &view->act;

	if (act->phase == PC_ACT_ENDED) {
		if (key == 'q' || key == PC_KEY_ESCAPE || key == PC_KEY_ENTER ||
		    key == PC_KEY_LEFT) {
			view->mode = PC_TOP_LIST;
			return PC_WISH_LOOK;
		}
		return PC_WISH_NOTHING;
	}
	if (key == PC_KEY_ESCAPE) {
		view->mode = PC_TOP_LIST;
		snprintf(view->message, sizeof(view->message),
			 act->phase == PC_ACT_WORKS ?
				 "`portclash %s` was told to end in the middle of its work." :
				 "`portclash %s` was left: nothing was done.",
			 verb_of(act));
		return PC_WISH_CANCEL;
	}
	return act->phase == PC_ACT_ASKS ? asked_key(view, key) : PC_WISH_NOTHING;
}

void pc_top_act_prompt(const struct pc_top_view *view, char *out, size_t size)
{
	const struct pc_top_act *act = &view->act;

	switch (act->phase) {
	case PC_ACT_ASKS:
		snprintf(out, size, "Type %u and Enter to %s port %u, Esc to leave it: %s_",
			 act->port, verb_of(act), act->port, act->typed);
		break;
	case PC_ACT_ENDED:
		snprintf(out, size, "`portclash %s` has ended.  Esc back", verb_of(act));
		break;
	default:
		snprintf(out, size, "`portclash %s` %s ...  Esc ends it", verb_of(act),
			 act->phase == PC_ACT_WORKS ? "works" : "looks");
	}
}
