/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of user/watch only. */
#ifndef PORTCLASH_WATCH_PRIVATE_H
#define PORTCLASH_WATCH_PRIVATE_H

#include "core/ledger.h"
#include "core/processes.h"
#include "core/range_use.h"
#include "watch/watch.h"

/* Refusals looked into with one pass over the socket files. A pass costs milliseconds on a
 * machine with many files, a crash-looping server refuses often. */
#define PC_BATCH_MAX 64

/* Claims whose endpoints have not come yet, with --claims. A connect() that hangs for minutes
 * keeps its place; at the limit the oldest is printed without endpoints. */
#define PC_CLAIMS_PENDING_MAX 4096

struct pc_outlet_state {
	int last; /* errno of the last line; 0: it was written */
	bool gone;
};

struct pc_watch {
	struct pc_watch_options options;
	struct pc_monitor *monitor;
	struct pc_ledger *ledger;
	struct pc_processes *processes;
	uint32_t pass; /* see pc_resolve_begin() */
	struct pc_counters counters;
	uint64_t cpu_start_ns;	  /* CPU time that the start took */
	uint64_t started_ns;	  /* boot clock; claims of older sockets are marked so until here */
	uint64_t sockets_before;  /* open at the start */
	unsigned inventory_flags; /* PC_ENTRY_* of the pass under way */
	bool unnamed_before;	  /* sockets were there without a cookie, and got none */
	bool unseen_before;	  /* not all that were there could be looked at */
	uint32_t netns;		  /* portclash's own */
	struct pc_verdict *batch; /* PC_BATCH_MAX */
	unsigned batch_count;
	uint32_t batch_netns; /* of which batch_netns_pid is known; 0: of none */
	uint32_t batch_netns_pid;
	struct pc_waiting *backlog; /* the oldest; NULL: none waits */
	struct pc_waiting *backlog_last;
	size_t backlog_bytes;
	bool sweeping;			/* what is refused now waits */
	uint64_t refusals_dropped;	/* by a backlog that was full, or not done by the end */
	struct pc_claim_event *pending; /* a ring of PC_CLAIMS_PENDING_MAX */
	unsigned pending_first;
	unsigned pending_count;
	uint64_t connects_asked_ns; /* when late connect()s among them were last asked for */
	int sink_error;		    /* the last that was not taken */
	struct pc_outlet_state outlets[PC_OUTLETS_MAX];
	struct pc_repeats *repeats;  /* NULL: none was ever wanted */
	struct pc_range_look *range; /* NULL: none lately */
	struct pc_protect *protect;  /* NULL: no early warnings */
	uint64_t processes_bad;	     /* process records that made no sense */
};

uint64_t pc_boot_ns(void);
void pc_clock_now(struct pc_clock *clock);

/* ingest.c: handlers of the records, filling ledger and batch. */
extern const struct pc_record_handler pc_ingest;

/* claims.c: claims wait for both their ends, are asked for (once a tick), and are printed without
 * them at the end. */
void pc_claims_add(struct pc_watch *w, const struct pc_claim *record);
void pc_claims_endpoints(struct pc_watch *w, const struct pc_endpoints *e);
void pc_claims_ask(struct pc_watch *w);
void pc_claims_flush(struct pc_watch *w);

/* protect.c: early warnings of claims on protected ports; each does nothing where they are not
 * wanted. Claims that were read, and what follows them (a handler's record); what is left of it
 * when all was read. pc_protect_start() is for when the monitor is there. */
int pc_protect_open(struct pc_watch *w);
void pc_protect_start(struct pc_watch *w);
void pc_protect_close(struct pc_watch *w);
void pc_protect_claim(struct pc_watch *w, const struct pc_claim *c);
void pc_protect_endpoints(struct pc_watch *w, const struct pc_endpoints *e);
void pc_protect_flush(struct pc_watch *w);

/* range.c: who uses the range that is used up, when that is the cause; valid until the next call,
 * NULL: not known. What it is made from is forgotten when it is old. */
const struct pc_range_use *pc_range_look(struct pc_watch *w, const struct pc_verdict *v);
void pc_range_forget(struct pc_watch *w, bool at_once);

/* batch.c: turns the waiting refusals into verdicts and prints them. There must be room for one
 * that is added. */
void pc_batch_add(struct pc_watch *w, const struct pc_refusal *r);
void pc_batch_finish(struct pc_watch *w);

/* What a socket's claim is found by in the ledger; 0: by nothing. */
uint64_t pc_ledger_key(const struct pc_socket *s);

/* backlog.c: refusals for which a batch has no room; fills a batch with the oldest; drops and
 * counts what is left. */
void pc_backlog_put(struct pc_watch *w, const struct pc_refusal *r);
void pc_backlog_to_batch(struct pc_watch *w);
void pc_backlog_drop(struct pc_watch *w);

/* Marks what the waiting ones will ask for, so that a sweep leaves it: their holders can be closed by
 * now, and their processes gone. */
void pc_backlog_mark(struct pc_watch *w);

/* relations.c: which owners are daemons, which holders kin of the refused process. */
void pc_relations(struct pc_verdict *v);

/* sweep.c: takes in the sockets that hold a port, as older; `flags` are added to theirs. */
int pc_inventory(struct pc_watch *w, struct pc_monitor *m, unsigned flags);
void pc_sweep_if_needed(struct pc_watch *w);

/* resolve.c: who is this process? Never NULL-safe for `key`; the party's `who` is NULL when
 * nothing is known. Whether it runs is asked once in a pass, which begins with each reading of the
 * rings, and again when the holders of what was read are looked up. */
void pc_resolve_begin(struct pc_watch *w);
void pc_resolve_party(struct pc_watch *w, const struct pc_process_key *key, const char *comm,
		      struct pc_party *out);
void pc_resolve_index(struct pc_watch *w, uint32_t index, struct pc_party *out);

/* emit.c: a line to each sink that can be written; what goes wrong is counted. 0, or the last
 * negative errno. */
int pc_emit_ready(struct pc_watch *w, const struct pc_ready *r);
int pc_emit_verdict(struct pc_watch *w, const struct pc_verdict *v);
int pc_emit_repeat(struct pc_watch *w, const struct pc_repeat *r);
int pc_emit_claim(struct pc_watch *w, const struct pc_claim_event *c);
int pc_emit_warning(struct pc_watch *w, const struct pc_warning *warning);
int pc_emit_summary(struct pc_watch *w, const struct pc_summary *s);

/* Is there no sink left that can be written? */
bool pc_emit_in_vain(const struct pc_watch *w);

/* repeat.c: a verdict is written, or counted for a summary; summaries that are due; what was
 * counted and not told, at the end. */
void pc_repeat_verdict(struct pc_watch *w, struct pc_verdict *v);
void pc_repeat_tick(struct pc_watch *w);
void pc_repeat_stop(struct pc_watch *w);

#endif
