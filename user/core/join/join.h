/* SPDX-License-Identifier: GPL-2.0-only */
/* The join: from the kernel side's records to verdicts, claims and warnings. It joins each refusal with
 * the claims of its holders and with the processes that have them open. Pure: it knows the kernel side
 * and the host by two tables of operations, and the time by what its caller says. The driver is
 * user/watch; a recording of all that went in is read again by join/playback.h. */
#ifndef PORTCLASH_JOIN_H
#define PORTCLASH_JOIN_H

#include "core/base/model.h"
#include "core/base/outcome.h"
#include "core/join/host.h"
#include "core/join/kernel.h"
#include "core/memory/outcomes.h"
#include "core/process/whose.h"
#include "core/verdict/warning.h"

/* The filter says which refusals and claims reach the outputs; the join takes in all. */
struct pc_filter {
	bool has_ports;
	uint64_t ports[PC_PORT_WORDS]; /* wanted or claimed ports */
	uint8_t proto;		       /* 0: both */
	uint32_t pid;		       /* of the requester or claimer; 0: any */
	bool tree;		       /* only descendants of portclash */
	struct pc_whose_filter whose;  /* the requester, or the claimer */
};

/* The outputs take what the join makes. Each argument is valid during the call only. A NULL
 * operation: the outputs want nothing of that kind. */
struct pc_join_output {
	void *context;
	/* A verdict without advice: an output that tells it calls pc_advise(). The join frees the advice. */
	void (*verdict)(void *context, struct pc_verdict *v);
	void (*merged)(void *context, const struct pc_merged *m);
	void (*outcome)(void *context, const struct pc_outcome *o);
	void (*claim)(void *context, const struct pc_claim *c);
	void (*warning)(void *context, struct pc_warning *w);
	/* With `recorded` in the options: each claim, whatever the filter says, its process as far as the kernel side
	 * told it; and the `change` of a TCP socket (PC_ENDPOINTS_*): it ended, it listens, or it only keeps its port; with
	 * its last state (enum pc_state). */
	void (*recorded_claim)(void *context, const struct pc_claim *c);
	void (*recorded_change)(void *context, uint64_t cookie, uint8_t state, uint8_t change);
};

/* A step is a call of the driver. */
enum pc_step {
	PC_STEP_INVALID = 0,
	PC_STEP_INVENTORY,
	PC_STEP_INVENTORY_LATE,
	PC_STEP_PROTECT_START,
	PC_STEP_READ,
	PC_STEP_FINISH,
	PC_STEP_TIDY,
	PC_STEP_STOP,
	PC_STEP_PROTECT,
	PC_STEP_COUNT,
};

/* Is told of each step before the join takes it; `ports` (PC_PORT_WORDS words) comes with the two
 * steps about protected ports, and is NULL with the others. */
struct pc_join_observer {
	void *context;
	void (*step)(void *context, enum pc_step step, uint64_t now_ns, const uint64_t *ports);
};

struct pc_join_options {
	struct pc_filter filter;
	struct pc_join_observer observer; /* `step` NULL: none */
	uint32_t netns;			  /* portclash's own network namespace */
	bool boots;			  /* that is the one that the machine boots with */
	uint64_t patience_ns;		  /* see pc_outcomes_new() */
	uint32_t processes_max;		  /* 0: PC_PROCESSES_MAX */
	bool with_claims;		  /* hand claims to the output, each with its endpoints */
	bool recorded;		 /* hand all claims and ends to the output of the flight recorder */
	bool each;		 /* the verdicts of hunts are told, too */
	bool own_netns_only;	 /* never look into another network namespace */
	const uint64_t *protect; /* PC_PORT_WORDS words; NULL: no early warnings */
};

struct pc_join;

/* The tables of operations are copied. `options->protect` need not stay. NULL: no memory. */
struct pc_join *pc_join_new(const struct pc_join_options *options,
			    const struct pc_join_kernel *kernel, const struct pc_join_host *host,
			    const struct pc_join_output *output);
void pc_join_free(struct pc_join *j);

/* Each call below brings the time with it: nanoseconds of the boot clock. */

/* Takes in the sockets that hold a port already. Once before the hooks are attached: those sockets
 * are older than the watch for certain. Then with `late`, after the hooks are attached: a socket that
 * is found only now may be older or not. 0 or a negative errno. */
int pc_join_inventory(struct pc_join *j, uint64_t now_ns, bool late);

/* Protects the ports of the options; after the second inventory. */
void pc_join_protect_start(struct pc_join *j, uint64_t now_ns);

/* Reads both rings: claims first, so that a refusal finds them. */
void pc_join_read(struct pc_join *j, uint64_t now_ns);

/* Turns up to PC_BATCH_MAX refusals into verdicts. True: more of them wait. */
bool pc_join_finish(struct pc_join *j, uint64_t now_ns);

/* Do refusals wait that have not become verdicts? */
bool pc_join_waits(const struct pc_join *j);

/* After each round: asks for the endpoints of claims that wait, sweeps the ledger when it has grown,
 * forgets what is old. */
void pc_join_tidy(struct pc_join *j, uint64_t now_ns);

/* The end: drops and counts the refusals that wait, and hands over the claims that wait. */
void pc_join_stop(struct pc_join *j, uint64_t now_ns);

/* Protects these ports (PC_PORT_WORDS words) instead of those before; none: no early warnings from
 * now on. -EOPNOTSUPP: none were wanted at the start, so the kernel side does not send what warnings
 * need. */
int pc_join_protect(struct pc_join *j, uint64_t now_ns, const uint64_t *listed);

/* Brings the join's counters up to date with the kernel side; the driver adds the lines that
 * outputs could not write. Valid until pc_join_free(). */
struct pc_counters *pc_join_counters(struct pc_join *j);

/* Replaces the filter by the requester from now on. */
void pc_join_filter(struct pc_join *j, const struct pc_whose_filter *whose);

/* Sets the time after which a refused process counts as still waiting; 0: PC_OUTCOMES_PATIENCE_NS. */
void pc_join_patience(struct pc_join *j, uint64_t patience_ns);

/* Brings the counts of outcomes up to date. Valid until pc_join_free(). */
const struct pc_outcomes_counters *pc_join_outcomes(struct pc_join *j, uint64_t now_ns);

/* Sockets that held a port before the hooks were attached. */
uint64_t pc_join_sockets_before(const struct pc_join *j);

#endif
