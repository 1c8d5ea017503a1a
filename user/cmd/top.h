/* SPDX-License-Identifier: GPL-2.0-only */
/* A session of `portclash top`, and its options. */
#ifndef PORTCLASH_CMD_TOP_H
#define PORTCLASH_CMD_TOP_H

#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/top_act.h"
#include "cmd/top_look.h"
#include "top/model.h"
#include "top/view.h"

struct pc_top_session {
	struct pc_watch_options watch;
	struct pc_settings settings;	  /* those that are options of `top`, too */
	struct pc_port_scope ports_scope; /* of --port */
	uint64_t protect[PC_PORT_WORDS];
	uint64_t every_ns; /* how often the machine is looked at */
	bool color;

	struct pc_top *model;
	struct pc_top_view view;
	struct pc_cells cells;
	struct pc_looker looker;
	struct pc_acting acting;
	int events;	   /* an epoll of all below */
	int errors[2];	   /* a pipe in place of standard error */
	int stderr_before; /* -1: not moved */
	int signals;
	sigset_t mask; /* as it was before `signals` was opened */
	bool over;
	bool dirty;  /* draw at once */
	bool redraw; /* all of it */
	uint64_t drawn_ns;
	uint64_t drawn_events;
};

/* Reads the command line; ends the program when it is wrong, or asks for help. */
void pc_top_parse(struct pc_top_session *s, int argc, char **argv);

#endif
