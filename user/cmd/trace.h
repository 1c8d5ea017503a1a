/* SPDX-License-Identifier: GPL-2.0-only */
/* A session of `portclash trace`, and its options. */
#ifndef PORTCLASH_TRACE_H
#define PORTCLASH_TRACE_H

#include <signal.h>
#include <stdint.h>

#include "cmd/port_argument.h"
#include "core/config/settings.h"
#include "watch/watch.h"

struct pc_trace {
	struct pc_watch_options watch;
	struct pc_settings settings; /* those that are options of `trace`, too */
	struct pc_log log;
	uint64_t for_ns;		  /* 0: until a signal, or the end of the command */
	struct pc_port_scope ports_scope; /* of --port */
	uint64_t protect[PC_PORT_WORDS];
	char **command; /* NULL: none */
	pid_t child;
	int child_status; /* as wait() has it; -1: it still runs */
	bool interrupted; /* waits for the command's end */
	sigset_t mask_before;
};

/* Reads the command line; ends the program when it is wrong, or asks for help. */
void pc_trace_parse(struct pc_trace *trace, int argc, char **argv);

/* The first line of text: what is watched, and what a person is to do now. Malloc'd; NULL: no memory. */
char *pc_trace_invitation(const struct pc_trace *trace);

#endif
