/* SPDX-License-Identifier: GPL-2.0-only */
/* The truth about one refusal, and its comparison with the JSON line, field by field. */
#ifndef LIVE_JUDGE_VERDICT_H
#define LIVE_JUDGE_VERDICT_H

#include "judge/expect.h"
#include "stage/stage.h"

#define TRUE_HOLDERS_MAX 6
#define TRUE_OWNERS_MAX 4

/* The fixes that must be there; those not named must not. */
enum {
	FIX_STOP = 1 << 0,	 /* `kill PID` of the right process */
	FIX_CUT = 1 << 1,	 /* `portclash free …` */
	FIX_RESERVE = 1 << 2,	 /* `portclash reserve`, and the whole list as its plain command */
	FIX_OTHER_PORT = 1 << 3, /* a port outside the range */
	FIX_REUSEADDR = 1 << 4,	 /* SO_REUSEADDR on the refused socket alone is enough */
	FIX_REUSEADDR_ALL = 1 << 5, /* on both, from the next time on */
	FIX_REUSEPORT = 1 << 6,
	FIX_OWN = 1 << 7,      /* close the refused process' own other socket */
	FIX_ONE_USER = 1 << 8, /* run both as one user */
	FIX_V6ONLY = 1 << 9,
	FIX_SPECIFIC = 1 << 10, /* bind specific addresses instead of any */
	FIX_CLOEXEC = 1 << 11,
	FIX_CHILDREN = 1 << 12, /* end forked children with their parent */
	FIX_ONCE = 1 << 13,	/* start it in one place only */
	FIX_POD = 1 << 14,	/* delete the pod */
	FIX_CLIENT = FIX_STOP | FIX_RESERVE | FIX_OTHER_PORT,
	FIX_THEFT = FIX_CLIENT | FIX_CUT, /* one open connection of a client, and nothing else, has the port */
	FIXES_NOW = FIX_STOP | FIX_CUT | FIX_OWN | FIX_POD, /* the other fixes are permanent */
};

struct true_owner {
	const struct puppet *who; /* NULL: end of the list */
	int fd;
};

struct true_holder {
	const struct prop *socket; /* NULL: end of the list */
	const char *state;
	const char *how;
	bool not_blocking;
	bool minisock;		      /* all that is left is the kernel's TIME_WAIT entry */
	bool older;		      /* than the monitor: since is null */
	bool unseen;		      /* not older, but nobody saw its claim: since is null as well */
	const struct person *process; /* NULL: null */
	bool gone;		      /* the process has exited */
	bool no_fd;		      /* the socket is open, though no process has a descriptor */
	const char *note;	      /* part of process_note; NULL: null */
	struct true_owner owners[TRUE_OWNERS_MAX + 1];
	const struct puppet *peer; /* NULL: null */
};

struct truth {
	const struct attempt *attempt;
	const char *cause;
	const char *says; /* part of the explanation; NULL: any */
	unsigned fixes;
	const struct puppet *stop;     /* the process that FIX_STOP names */
	const char *kill; /* the command before it; NULL: "kill" */
	const struct puppet *stop_too; /* the other one; NULL: none */
	const char *reserved;	       /* ports reserved before; NULL: none */
	unsigned total;		       /* 0: as many as `holders` */
	struct true_holder holders[TRUE_HOLDERS_MAX + 1];
	bool incomplete;
};

/* Waits for the next refusal of the requester and compares it; returns the line, or NULL. */
json_t *verdict_check(struct test *t, const struct truth *truth);

/* Returns the next refusal of this puppet, for a scenario that compares it otherwise; aborts the
 * scenario if none comes. */
json_t *verdict_take(struct puppet *web);

/* Compares everything but the holders. */
json_t *verdict_check_head(struct test *t, const struct truth *truth);
void verdict_check_holder(const struct spot *s, const struct true_holder *truth,
			  const struct attempt *attempt);

/* judge/fixes.c */
void fixes_check(const struct spot *line, const struct truth *truth);

/* Returns the fix whose command contains `part`; NULL when there is none. */
json_t *fixes_with_command(json_t *line, const char *part);

/* The same of the plain commands. */
json_t *fixes_with_plain(json_t *line, const char *part);

/* Tells whether `list` has exactly the ports that were reserved (NULL: none) and this one. */
bool fixes_is_reserved_and(const char *list, const char *reserved, uint16_t port);

/* judge/fixes_run.c: runs the command that contains `part`, as typed beside the monitor; the exit
 * status must be 0. */
void fixes_run(struct test *t, json_t *line, const char *part);

/* Runs the advised `portclash free`, saying yes; skips the scenario where the kernel does not end the sockets and
 * portclash says so. */
void fixes_run_free(struct test *t, json_t *line);

/* Runs, in their order, all commands that end the trouble at hand, but for alternatives. Returns their
 * number. */
unsigned fixes_run_now(struct test *t, json_t *line);

/* Runs the reserve command that this verdict prints, as a user of the monitor's network
 * namespace would, and compares what is reserved then. */
void fixes_run_reserve(struct test *t, json_t *line, const char *reserved, uint16_t port);

/* The bind() that was refused succeeds; a process that was asked to end needs a moment for it. */
void fixes_expect_free(struct puppet *web, unsigned options, const char *address, uint16_t port);

/* Expects "the holder is not a listener", in one of the ways to say it. */
void expect_not_a_listener(const struct spot *line);

#endif
