/* SPDX-License-Identifier: GPL-2.0-only */
/* A history: the lines of a log in, groups of refusals out, of one port, one server and one thief each.
 * Its memory has a budget. Strangers choose names and number of what is refused: when the budget is used,
 * the user whose groups take most of it gives way, and what goes is counted. */
#ifndef PORTCLASH_HISTORY_H
#define PORTCLASH_HISTORY_H

#include "core/base/outcome.h"
#include "core/history/bins.h"
#include "core/history/logged.h"

/* Some 20,000 groups. */
#define PC_HISTORY_BUDGET (UINT64_C(32) << 20)

/* Longer texts are cut; two that begin alike are the same then. */
#define PC_HISTORY_TEXT_MAX 256

/* NULL, 0 and empty: all. */
struct pc_history_filter {
	uint64_t since_ns; /* nanoseconds since 1970; both ends belong to it */
	uint64_t until_ns;
	const uint64_t *ports; /* PC_PORT_WORDS words */
	const char *cause;
	const char *unit; /* of the refused process or of the holder's; without its suffix, any */
	const char
		*container; /* the name, the id or its beginning, a pod's name or uid: the same */
	uint64_t netns;
};

/* Refusals of one server by one thief for one cause at one port. */
struct pc_history_group {
	/* The line that came first. Its texts are cut and belong to the group. */
	struct pc_logged event;
	uint64_t refusals; /* all of them, however they were told */
	uint64_t repeats;  /* those told in repeat lines */
	uint64_t merged;   /* those only counted by the kernel side: their holder is not known */
	uint64_t folded;   /* those counted with a hunt */
	uint64_t outcomes[PC_OUTCOME_COUNT]; /* lines, not refusals */
	uint64_t gained_port;		     /* of the last outcome; 0: none */
	uint64_t first_ns;
	uint64_t last_ns;
	struct pc_bins bins;  /* its refusals over time */
	bool several_servers; /* more processes than that of the event were refused */
	bool several_thieves; /* more held the port */
	bool several_ports;   /* the refusals of a flood or a hunt: no single port */
};

struct pc_history_totals {
	uint64_t lines;
	uint64_t types[PC_LOGGED_COUNT]; /* lines by type, whether or not they match */
	uint64_t duplicates;		 /* lines of a verdict that was there before */
	uint64_t outside;		 /* lines that the filter left out */
	uint64_t refusals;		 /* all that match */
	uint64_t repeats;
	uint64_t merged;
	uint64_t folded;
	uint64_t beyond;   /* refusals of groups that gave way or found no room */
	uint64_t lost;	   /* records, as the summaries say */
	uint64_t first_ns; /* of the refusals that match */
	uint64_t last_ns;
	uint64_t log_first_ns; /* of all lines: the time that the log covers */
	uint64_t log_last_ns;
};

struct pc_history;

/* `filter` must outlive the history. NULL without memory. */
struct pc_history *pc_history_new(const struct pc_history_filter *filter, uint64_t budget);
void pc_history_free(struct pc_history *h);

/* Calls keep() with each line of a refusal that is counted, and with each ready line; *e and the text are gone
 * afterwards. What keep() returns, if not 0, pc_history_line() returns. */
void pc_history_keep(struct pc_history *h,
		     int (*keep)(void *context, const struct pc_logged *e, const char *text,
				 size_t len),
		     void *context);

/* Takes a line without its newline. `host` stands for the machine where the line does not name one; its
 * `at` may be NULL. 0 or -ENOMEM. */
int pc_history_line(struct pc_history *h, const char *text, size_t len,
		    const struct pc_slice *host);

const struct pc_history_totals *pc_history_totals(const struct pc_history *h);

/* All groups, those of one port side by side, the port with most refusals first, and of it the server with
 * most. malloc'd, the groups stay the history's; NULL without memory. */
const struct pc_history_group **pc_history_groups(const struct pc_history *h, size_t *count);

/* A rank: all refusals that are alike in one respect. */
enum pc_history_by {
	PC_HISTORY_BY_PORT,
	PC_HISTORY_BY_SERVER, /* of any port */
	PC_HISTORY_BY_THIEF,
	PC_HISTORY_BY_CAUSE,
};

struct pc_history_rank {
	const struct pc_history_group *group; /* the one with most of them */
	uint64_t refusals;
	uint64_t groups;
	uint64_t last_ns;
};

/* The ranks of `groups` (as pc_history_groups() has them), the highest first; malloc'd, NULL without
 * memory. */
struct pc_history_rank *pc_history_ranks(const struct pc_history_group *const *groups, size_t count,
					 enum pc_history_by by, size_t *ranks);

/* Are both of one port, in one network namespace of one host? And of one server? */
bool pc_history_same_port(const struct pc_history_group *a, const struct pc_history_group *b);
bool pc_history_same_server(const struct pc_history_group *a, const struct pc_history_group *b);
bool pc_history_same_thief(const struct pc_history_group *a, const struct pc_history_group *b);

#endif
