/* SPDX-License-Identifier: GPL-2.0-only */
/* A search: a process was refused a port, and what it does from then on. The rules by which an outcome
 * is told from another stand here; the table of all searches is core/memory/outcomes.h. Pure. */
#ifndef PORTCLASH_SEARCH_H
#define PORTCLASH_SEARCH_H

#include "core/base/outcome.h"
#include "core/base/time.h"
#include "core/memory/events.h"

/* A claim counts as the outcome when for so long neither the same port was asked for again nor the
 * process failed: a server with several ports goes on to the next one, and comes back to the one that
 * it was refused (nginx after half a second, five times). */
#define PC_SEARCH_SETTLE_NS PC_NS_PER_SECOND

/* A program that looks for a free port asks for the next one at once. */
#define PC_SEARCH_AT_ONCE_NS PC_NS_PER_SECOND

/* The kernel's choice stands for the refused port when it was asked for so soon by the same thread. */
#define PC_SEARCH_NEXT_CALL_NS (100 * PC_NS_PER_MS)

/* 8888, 8889, 8890, or 6000, 6010. Jupyter goes on at random up to 100 ports away. */
#define PC_SEARCH_STEP 10
#define PC_SEARCH_NEAR 100

/* A process that has taken so many different UDP ports by number chooses them at random, as resolvers
 * do for each query. */
#define PC_SEARCH_RANDOM 4

/* A process that has taken another port so often is a hunter, and will do so again. */
#define PC_SEARCH_HUNTER 2

enum pc_search_phase {
	PC_SEARCHING = 1,
	PC_SEARCH_GAINED, /* a claim that settles */
	PC_SEARCH_TOOK,	  /* another port was taken; the process may do so again */
	PC_SEARCH_ENDED,  /* without the port; the server may be started again */
};

struct pc_search {
	struct pc_outcome out;	      /* grows until it is told */
	struct pc_identity requester; /* that `out.requester` points to */
	struct pc_identity winner;
	enum pc_search_phase phase;
	enum pc_outcome_kind gained; /* PC_SEARCH_GAINED: what it will have been */
	enum pc_outcome_kind told;   /* last; PC_OUTCOME_INVALID: nothing yet */
	int told_status;
	bool owed;     /* a verdict was told whose outcome was not */
	bool resolved; /* there is an outcome to be counted, and told if it is owed or new */
	bool unserved; /* ended or waiting: somebody is to hear of it */
	bool unsure;   /* it may have got the port unseen */
	bool ended;    /* the process of today */
	bool returned; /* to a port that it was refused: it looks for no other */
	bool weak;     /* another port was taken at once, which alone says little */
	unsigned counts[PC_OUTCOME_COUNT]; /* outcomes that the table has not counted yet */
	uint64_t since_ns;		   /* first refusal of the process of today */
	uint64_t gained_ns;		   /* time of the claim */
	uint64_t cookie;		   /* of the claimed socket */
	uint64_t refused_cookie;
	uint16_t last_port;  /* refused last */
	unsigned steps;	     /* ports that were refused one near the other, the first included */
	unsigned episodes;   /* in which another port was taken */
	uint64_t told_ns;    /* of the last line about a hunter */
	uint64_t checked_ns; /* whether the process runs */
	uint16_t others[PC_SEARCH_RANDOM]; /* different ports claimed by number */
	unsigned others_count;
};

/* The part that a refusal would have in this search. */
enum pc_search_part {
	PC_PART_NONE = 0,
	PC_PART_RETRY,	   /* the same port again */
	PC_PART_STEP,	   /* the next port, at once */
	PC_PART_HUNT,	   /* one more of a hunter */
	PC_PART_EPISODE,   /* a new search of a process that took another port before */
	PC_PART_SUCCESSOR, /* the same server, started again */
};

enum pc_search_part pc_search_part(const struct pc_search *s, const struct pc_verdict *v);

/* Need the verdict of such a refusal not be told? It is counted with the hunt that it is part of. */
bool pc_search_folds(const struct pc_search *s, enum pc_search_part part);

void pc_search_begin(struct pc_search *s, const struct pc_verdict *v);
void pc_search_refused(struct pc_search *s, const struct pc_verdict *v, enum pc_search_part part);

/* The port that was taken at once stands for the refused one, for it was not the first time. */
void pc_search_substitute(struct pc_search *s);

/* Takes a claim of the process, or of another one that `who` describes, or the address of such a claim.
 * An event that came before the last refusal changes nothing. */
void pc_search_claim(struct pc_search *s, const struct pc_event *e, const struct pc_identity *who);

/* Takes a claim that came before the refusal: it says what kind of a process this is. */
void pc_search_recall(struct pc_search *s, const struct pc_event *e);

/* Takes the end of the process. `status` NULL: not known. */
void pc_search_end(struct pc_search *s, uint64_t time_ns, const int *status);

/* The claim has settled. */
void pc_search_settle(struct pc_search *s);

/* The process still runs, and has waited for long enough. */
void pc_search_wait(struct pc_search *s, uint64_t now_ns);

bool pc_search_is_hunter(const struct pc_search *s);
bool pc_search_is_of(const struct pc_search *s, const struct pc_process_key *process);
void pc_search_free(struct pc_search *s);

#endif
