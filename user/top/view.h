/* SPDX-License-Identifier: GPL-2.0-only */
/* The screen of top: which table is shown and how, what a key does, and how all of it is drawn into cells. It
 * wishes for things, and its caller does them. Pure. */
#ifndef PORTCLASH_TOP_VIEW_H
#define PORTCLASH_TOP_VIEW_H

#include "top/pane.h"
#include "top/table.h"

/* Keys that are no character; characters are their code points. */
enum pc_top_key {
	PC_KEY_UP = 0x110000,
	PC_KEY_DOWN,
	PC_KEY_LEFT,
	PC_KEY_RIGHT,
	PC_KEY_PAGE_UP,
	PC_KEY_PAGE_DOWN,
	PC_KEY_HOME,
	PC_KEY_END,
	PC_KEY_BACK_TAB,
	PC_KEY_ENTER,
	PC_KEY_BACKSPACE,
	PC_KEY_ESCAPE,
	PC_KEY_REDRAW,
	PC_KEY_OTHER,
};

enum pc_top_mode {
	PC_TOP_LIST = 0,
	PC_TOP_FILTER, /* the filter is typed */
	PC_TOP_PANE,   /* a text is open */
	PC_TOP_ACT,    /* a command is about to act, or acts */
};

enum pc_top_wish {
	PC_WISH_NOTHING = 0,
	PC_WISH_QUIT,
	PC_WISH_LOOK,	 /* look at the machine now */
	PC_WISH_REDRAW,	 /* the terminal's screen may be damaged */
	PC_WISH_START,	 /* start the command of `act`, which asks first */
	PC_WISH_CONFIRM, /* the port was typed: the command may act */
	PC_WISH_CANCEL,	 /* it must not */
};

/* `portclash free` or `portclash reserve` of the selected port. */
enum pc_top_act_kind { PC_ACT_FREE = 1, PC_ACT_RESERVE };

enum pc_top_act_phase {
	PC_ACT_LOOKS = 1, /* the command shows what it would do */
	PC_ACT_ASKS,	  /* the port is to be typed */
	PC_ACT_WORKS,
	PC_ACT_ENDED,
};

struct pc_top_act {
	enum pc_top_act_kind kind;
	enum pc_top_act_phase phase;
	uint32_t netns;
	uint16_t port;
	uint8_t proto; /* 0: TCP, where it matters */
	char typed[8];
};

#define PC_TOP_FILTER_SIZE 48

struct pc_top_tab_view {
	unsigned sort;
	bool turned;
	bool chosen;	   /* a row was chosen: the selection stays on it */
	uint64_t id;	   /* of that row */
	unsigned selected; /* its index at the last making */
	unsigned first;	   /* the topmost row on the screen */
};

struct pc_top_view {
	enum pc_top_tab tab;
	struct pc_top_tab_view tabs[PC_TAB_COUNT];
	enum pc_top_mode mode;
	char filter[PC_TOP_FILTER_SIZE];
	char message[160]; /* in place of the keys, until the next key */
	struct pc_top_pane pane;
	struct pc_top_act act;
	struct pc_top_row *rows; /* PC_TOP_ROWS_MAX of them */
	unsigned count;		 /* those that the filter keeps */
	unsigned of;		 /* all */
	unsigned page;		 /* rows on the screen */
};

/* 0 or -ENOMEM. */
int pc_top_view_init(struct pc_top_view *view);
void pc_top_view_free(struct pc_top_view *view);

/* Makes the rows of the tab anew: after each change, and before pc_top_view_draw(). */
void pc_top_view_make(struct pc_top_view *view, const struct pc_top *top);

enum pc_top_wish pc_top_view_key(struct pc_top_view *view, const struct pc_top *top, uint32_t key);

/* draw.c: draws all of it. */
void pc_top_view_draw(struct pc_top_view *view, const struct pc_top *top, struct pc_cells *cells);

/* act.c: what the command printed, that it asks, and that it ended with a status as wait() has it. */
void pc_top_act_output(struct pc_top_view *view, const char *text, size_t len);
void pc_top_act_asks(struct pc_top_view *view);
void pc_top_act_ended(struct pc_top_view *view, int status);

/* Begins with the selected row; says why not, where it cannot. */
enum pc_top_wish pc_top_act_begin(struct pc_top_view *view, enum pc_top_act_kind kind);
enum pc_top_wish pc_top_act_key(struct pc_top_view *view, uint32_t key);

/* The prompt, as printed below the command's output. */
void pc_top_act_prompt(const struct pc_top_view *view, char *out, size_t size);

/* help.c: opens the page of keys, the selected row, or its event. */
void pc_top_open_help(struct pc_top_view *view);
void pc_top_open_row(struct pc_top_view *view, const struct pc_top *top);

#endif
