/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of `portclash free`. */
#ifndef PORTCLASH_CMD_FREE_H
#define PORTCLASH_CMD_FREE_H

#include <argp.h>
#include <signal.h>

#include "cure/sentence.h"
#include "host/netns.h"
#include "look/lookup.h"
#include "out/free.h"

/* How a socket is ended. All but AUTO are for tests: each way on one kernel. */
enum pc_end_way {
	PC_END_AUTO = 0,   /* SOCK_DESTROY, else by a copy of the descriptor */
	PC_END_DESTROY,	   /* SOCK_DESTROY alone */
	PC_END_DESCRIPTOR, /* by a copy of the descriptor alone */
};

/* The mark of a question to top: no name of another process has it, because all are escaped. */
#define PC_FREE_ASKS '\005'

/* The ports of one run. Each that was freed keeps a process that waits for its server (cure/hold.h). */
#define PC_FREE_PORTS_MAX 64

/* A port to free, of one protocol, with the address that its server binds. */
struct pc_free_target {
	uint8_t proto;
	uint16_t port;
	uint16_t family; /* 0: the item has no address */
	uint8_t address[PC_ADDR_LEN];
};

struct pc_free_targets {
	struct pc_free_target list[PC_FREE_PORTS_MAX];
	size_t count;
};

/* The upper third is asked for, the middle one holds for all ports of the run, and the lower one is what was
 * found and done about one port. */
struct pc_freeing {
	const char *which;
	const char *state; /* folder of the record */
	bool dry;
	bool yes;
	bool ask;	 /* the answers come from top, through a pipe */
	bool reserve;	 /* for good */
	bool no_reserve; /* not even for a moment */
	bool stop;
	bool has_command; /* the server is to be started at once */
	uint64_t wait_ns;
	enum pc_end_way way;
	bool json;

	struct pc_netns_list namespaces;
	const struct pc_netns *ns; /* the caller is in it after pc_freeing_enter() */
	bool orphans_end;	   /* the kernel ends them (host/orphan.h) */
	int signals;		   /* a signalfd; -1: those signals still end the process */
	sigset_t mask;		   /* as it was before `signals` was opened */
	struct pc_log *log;

	struct pc_request server;
	struct pc_owners owners;
	const char *btf;	/* a file of the kernel's type information; NULL: the kernel's own */
	struct pc_lookup kernel; /* a look into the kernel's own tables, when one was needed */
	bool asked_kernel;
	struct pc_free_plan plan; /* what was shown */
	struct pc_free_stop *stops;
	size_t stops_count;
	bool is_reserved; /* by this run: to be given up again */
	struct pc_free_outcome outcome;
};

/* free_look.c: enters the one network namespace that is meant. 0 or a negative errno, and the
 * sentence (PC_CURE_SENTENCE bytes). */
int pc_freeing_enter(struct pc_freeing *x, char *sentence);

/* Fills `out` with the sockets on the port as they are now. 0 or a negative errno, and the sentence. */
int pc_freeing_look(struct pc_freeing *x, struct pc_free_plan *out, char *sentence);

/* Finds the processes of the plan's sockets, and sockets that only the kernel's own tables have. 0 or a
 * negative errno, and the sentence. */
int pc_freeing_name(struct pc_freeing *x, struct pc_free_plan *plan, char *sentence);

/* free_peers.c: names the processes at the other ends of the first connections that are to end, for the reader of the
 * plan. */
void pc_freeing_name_peers(struct pc_freeing *x, struct pc_free_plan *plan);

/* free_stop.c: judges who of the plan's processes can be stopped. 0 or -ENOMEM. */
int pc_freeing_judge(struct pc_freeing *x);

/* Can all that is in the way be stopped? */
bool pc_freeing_can_stop(const struct pc_freeing *x);

/* Stops them. 0 or a negative errno, and the sentence. */
int pc_freeing_stop(struct pc_freeing *x, char *sentence);

/* free_end.c: ends the sockets that were agreed on, in rounds, until bind() succeeds, time is over, or
 * what is in the way is not to be ended, and fills the outcome. With *ask_again the plan is another
 * one by now: more is in the way that nobody was asked about. 0 or a negative errno, and the sentence. */
int pc_freeing_end(struct pc_freeing *x, bool *ask_again, char *sentence);

/* free_run.c: all of it for one port, after pc_freeing_enter(): looks, shows, asks, reserves, ends. 0, and the
 * outcome says how it went; or a negative errno, and the sentence. */
int pc_freeing_run(struct pc_freeing *x, const struct pc_free_target *target, char *sentence);

/* Does a signal want portclash to end? */
bool pc_freeing_is_interrupted(const struct pc_freeing *x);

/* free_ports.c: adds the ports of a list (core/base/port_item.h); ends the program with a usage message for
 * anything else, and for more than PC_FREE_PORTS_MAX. */
void pc_free_targets_add(struct argp_state *state, const char *list, struct pc_free_targets *out);

/* free_ports.c: frees the ports one after the other, each as if it were alone, until a signal comes. The exit
 * status; *all_free says whether a server could have every one of them now. */
int pc_free_each(struct pc_freeing *x, const struct pc_free_targets *targets, bool *all_free);

void pc_freeing_free(struct pc_freeing *x);

#endif
