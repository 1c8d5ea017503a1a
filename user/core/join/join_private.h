/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of core/join only. */
#ifndef PORTCLASH_JOIN_PRIVATE_H
#define PORTCLASH_JOIN_PRIVATE_H

#include "core/base/time.h"
#include "core/join/join.h"
#include "core/memory/ledger.h"
#include "core/memory/look_shares.h"
#include "core/memory/outcomes.h"
#include "core/memory/processes.h"
#include "core/verdict/range_use.h"

/* Refusals that share one pass over the descriptor tables. A pass costs milliseconds on a machine
 * with many files, and a server that crashes in a loop is refused often. */
#define PC_BATCH_MAX 64

/* The refusals of one pass. */
struct pc_batch {
	struct pc_verdict *list; /* PC_BATCH_MAX */
	unsigned count;
	struct {
		uint32_t netns;
		uint32_t pid;	/* some process in it; 0: none was found */
	} spaces[PC_BATCH_MAX]; /* that were looked for */
	unsigned spaces_count;
	bool reserved_known;
	uint64_t reserved_of; /* the network namespace whose reserved ports are these, by its key */
	uint64_t reserved[PC_PORT_WORDS];
};

/* The join remembers this of the sockets that were there before it. */
struct pc_before {
	uint64_t sockets;
	unsigned flags; /* PC_ENTRY_* of the inventory under way */
	bool again;	/* it is one after a loss of claims */
	bool unnamed;	/* some sockets had no cookie, and could get none */
	bool unseen;	/* not all of them could be looked at */
};

/* Lost claims by the look at all open sockets that followed (recovery.c). */
struct pc_recovery {
	struct pc_losses known; /* those before the last look */
	struct pc_losses noted; /* those before the next one */
	bool waits;		/* for the time of the next look, with what is noted */
	uint64_t asked_ns;	/* when the kernel side was asked for losses last */
	uint64_t looked_ns;
	uint64_t next_ns;  /* nothing is done before */
	uint64_t pause_ns; /* after a look */
};

/* The places that were found in the last second, each in the slot of its process's id. */
#define PC_PLACES_KEPT 64

struct pc_kept_place {
	struct pc_process_key key;
	uint64_t time_ns; /* boot clock; 0: there is none */
	struct pc_place place;
};

struct pc_backlog;
struct pc_pending;
struct pc_protection;
struct pc_range_look;

struct pc_join {
	struct pc_join_options options;
	struct pc_join_kernel kernel;
	struct pc_join_host host;
	struct pc_join_output output;
	uint64_t now_ns; /* of the call under way */
	struct pc_counters counters;
	uint64_t claims_ended[PC_HOW_COUNT]; /* of the losses, those that the counters have */
	struct pc_losses losses;
	struct pc_ledger *ledger;
	struct pc_processes *processes;
	uint32_t pass; /* see pc_identify_begin() */
	struct pc_before before;
	struct pc_recovery recovery;
	struct pc_batch batch;
	struct pc_backlog *backlog;
	struct pc_outcomes *outcomes;
	bool sweeping; /* a refusal that is read now goes to the backlog */
	uint64_t records_bad;
	uint64_t refusals_dropped;	  /* by a full backlog, or not done by the end */
	struct pc_pending *pending;	  /* NULL: nobody wants claims */
	struct pc_range_look *range_look; /* NULL: none lately */
	struct pc_look_shares looks[PC_LOOK_COUNT];
	struct pc_family looks_for; /* whose time looks take now */
	unsigned looks_missed;	    /* PC_LOOK_BIT() of those that there was no time for */
	struct pc_kept_place kept_places[PC_PLACES_KEPT];
	struct pc_protection *protection; /* NULL: no early warnings */
};

/* Nanoseconds since then; 0 for a time that is still to come. */
static inline uint64_t pc_join_since(const struct pc_join *j, uint64_t then_ns)
{
	return j->now_ns > then_ns ? j->now_ns - then_ns : 0;
}

/* join.c: begins a step: the observer hears of it, the time is taken over. */
void pc_join_begin(struct pc_join *j, enum pc_step step, uint64_t now_ns, const uint64_t *ports);

/* ingest.c: reads one ring. */
void pc_ingest_read(struct pc_join *j, enum pc_ring ring);

/* claims.c: takes a claim, or several of the kernel side's log. */
void pc_claims_take(struct pc_join *j, const struct pc_claim_record *record);
void pc_claims_take_logged(struct pc_join *j, const struct pc_logged_claim *claims, size_t count);

/* pending.c: claims wait until both their ends are known. The kernel side sends the ends of most;
 * pc_pending_ask() looks up the others; pc_pending_flush() hands all over at the end. */
struct pc_pending *pc_pending_new(void);
void pc_pending_free(struct pc_pending *p);
void pc_pending_add(struct pc_join *j, const struct pc_claim_record *record);
void pc_pending_ends(struct pc_join *j, const struct pc_endpoints *ends);
void pc_pending_ask(struct pc_join *j);
void pc_pending_flush(struct pc_join *j);

/* protection.c: early warnings about claims of protected ports. Each does nothing where nobody wants
 * warnings. pc_protection_flush(): what waits for its endpoints waits no longer. */
struct pc_protection *pc_protection_new(const uint64_t *listed);
void pc_protection_free(struct pc_protection *p);
void pc_protection_claim(struct pc_join *j, const struct pc_claim_record *record);
void pc_protection_ends(struct pc_join *j, const struct pc_endpoints_record *record);
void pc_protection_flush(struct pc_join *j);
/* Why a verdict lacks the listener that was there before, and perhaps a warning; NULL: it does not. */
const char *pc_protection_missing(struct pc_join *j, const struct pc_verdict *v);

/* outcome.c: what became of refused processes. pc_outcome_verdict() hands the verdict to the output. */
struct pc_outcomes *pc_outcome_open(struct pc_join *j);
void pc_outcome_claim(struct pc_join *j, const struct pc_claim_record *record);
void pc_outcome_end(struct pc_join *j, const struct pc_end_record *record);
void pc_outcome_ends(struct pc_join *j, const struct pc_endpoints *ends);
void pc_outcome_verdict(struct pc_join *j, struct pc_verdict *v);
void pc_outcome_tell(struct pc_join *j, bool stop);

/* range_look.c: the processes that use up the range, when that is the cause; valid until the next
 * call. NULL: not known. pc_range_look_forget() drops an old look. */
const struct pc_range_use *pc_range_look_use(struct pc_join *j, const struct pc_verdict *v);
void pc_range_look_forget(struct pc_join *j, bool at_once);

/* address_look.c: where an address is that could not be bound. */
void pc_address_look_find(struct pc_join *j, struct pc_verdict *v);

/* batch.c: pc_batch_add() takes a refusal, foreign or not, and wants room for one more. pc_batch_drop() counts what it drops.
 * pc_passes_whose(): is a refusal of this requester told? */
int pc_batch_open(struct pc_batch *b);
void pc_batch_close(struct pc_batch *b);
void pc_batch_add(struct pc_join *j, const struct pc_header *record);
void pc_batch_finish(struct pc_join *j);
void pc_batch_drop(struct pc_join *j);
bool pc_passes_whose(const struct pc_join *j, const struct pc_request *r,
		     const struct pc_party *requester);

/* evidence.c: what the ledger knows of each holder, the cause, and what to say of missing evidence.
 * pc_evidence_key(): the key of a socket's claim in the ledger; 0: it has none. */
void pc_evidence_complete(struct pc_join *j, struct pc_verdict *v);
const char *pc_evidence_missing(const struct pc_verdict *v);
uint64_t pc_evidence_key(const struct pc_socket *s);

/* backlog.c: refusals for which a batch has no room. pc_backlog_mark() marks what they will ask for,
 * so that a sweep leaves it: their holders can be closed by now, and their processes gone. */
struct pc_backlog *pc_backlog_new(void);
void pc_backlog_free(struct pc_backlog *b);
bool pc_backlog_is_empty(const struct pc_backlog *b);
void pc_backlog_put(struct pc_join *j, const struct pc_header *record);
void pc_backlog_to_batch(struct pc_join *j);
void pc_backlog_drop(struct pc_join *j);
void pc_backlog_mark(struct pc_join *j);

/* tunnels.c: finds the tunnels that a verdict is about. */
void pc_tunnels_find(struct pc_join *j, struct pc_verdict *v);

/* looks.c: the looks that follow are for this user and process. pc_look_begin(): is there time for another one? If not,
 * the look is noted as missed. pc_look_end(): a look took so long. */
void pc_look_for(struct pc_join *j, uint32_t uid, const struct pc_process_key *key);
bool pc_look_begin(struct pc_join *j, enum pc_look kind);
void pc_look_end(struct pc_join *j, enum pc_look kind, uint64_t took_ns);
const char *pc_look_missing(const struct pc_verdict *v); /* why a look is missing; NULL: none is */

/* foreign.c: begins the verdict of a foreign refusal, and completes one whose holders are known. */
void pc_foreign_begin(struct pc_join *j, const struct pc_foreign_record *r, struct pc_verdict *v);
void pc_foreign_complete(struct pc_join *j, struct pc_verdict *v);

/* relations.c: which owners are daemons, whose children they are, and which holders kin of the refused process. */
void pc_relations_find(struct pc_join *j, struct pc_verdict *v);

/* places.c: the place of each process that advice may concern; its role in its unit decides what is stopped. */
void pc_places_find(struct pc_join *j, struct pc_verdict *v);
void pc_places_find_one(struct pc_join *j, struct pc_party *party);

/* batch.c: finds a process of a network namespace, if there is time for that. 0: not known. */
uint32_t pc_batch_space_pid(struct pc_join *j, uint32_t netns);

/* inventory.c: pc_inventory_again() enters the open sockets whose claim is not known as those of lost claims. */
int pc_inventory_take(struct pc_join *j, unsigned flags);
int pc_inventory_again(struct pc_join *j);
void pc_inventory_sweep(struct pc_join *j);

/* recovery.c: which claims may be lost. pc_recovery_look(): looks at the open sockets after a loss.
 * pc_recovery_lost(): may the claim of this holder, which the ledger lacks, be lost? */
void pc_recovery_look(struct pc_join *j);
bool pc_recovery_lost(const struct pc_join *j, const struct pc_holder *h);

/* identify.c: from a process key to an identity. A pass begins with each reading of the rings, and
 * again when the holders of what was read are looked up: whether a process runs is asked once in a
 * pass. Each sets `who` and `running`, and leaves the rest; pc_identify_party() goes by the party's
 * own key. */
void pc_identify_begin(struct pc_join *j);
void pc_identify_party(struct pc_join *j, struct pc_party *party);
void pc_identify_index(struct pc_join *j, uint32_t index, struct pc_party *out);

/* The identity of a process, NULL: not known; with the working directory if the arguments depend on it. The host is
 * asked once: the process may end, or go elsewhere. */
const struct pc_identity *pc_identify_folder(struct pc_join *j, const struct pc_process_key *key);

/* Notes the end of a process that is known. */
void pc_identify_end(struct pc_join *j, const struct pc_end_record *record);

#endif
