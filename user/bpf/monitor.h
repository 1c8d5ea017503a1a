/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel side as user space sees it: load, attach, read records, ask for the owners of
 * sockets, sweep. Nothing above this file knows libbpf or the skeleton. */
#ifndef PORTCLASH_MONITOR_H
#define PORTCLASH_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cost.h"
#include "core/record.h"

#define PC_SENTENCE 768

struct pc_monitor;

struct pc_monitor_options {
	const char *backend; /* "auto" or a back end's name */
	uint32_t tree_root;  /* pid whose descendants are marked in refusals; 0: none */
	uint32_t netns;	     /* portclash's own network namespace */
	bool with_endpoints; /* also send both ends of each claim */
	bool with_protected; /* those of claims on protected ports, and listeners that end */
	bool verbose;	     /* libbpf's own messages to standard error */

	/* Called when new sockets get their cookies, and before the first claim is recorded;
	 * may be called again for another back end. May be NULL. */
	int (*before_hooks)(void *context, struct pc_monitor *m);
	void *context;
};

/* Is this "auto" or the name of a back end? */
bool pc_monitor_knows(const char *name);

/* Names of the back ends, best first; NULL beyond the last. */
const char *pc_monitor_backend_name(size_t index);

/* Loads and attaches. On failure a negative errno, with in `sentence` (PC_SENTENCE bytes)
 * what is wrong and what to do. `handler` is copied. */
int pc_monitor_open(const struct pc_monitor_options *options,
		    const struct pc_record_handler *handler, struct pc_monitor **out,
		    char *sentence);
void pc_monitor_close(struct pc_monitor *m);

const char *pc_monitor_backend(const struct pc_monitor *m);

/* Is the blocking socket taken from inside the kernel's own conflict check? */
bool pc_monitor_exact(const struct pc_monitor *m);

/* What the back end in use cannot see, as one clause for the start-up line; "" for nothing. */
const char *pc_monitor_blind(const struct pc_monitor *m);

/* Why no better back end is in use, as in "fentry (Operation not permitted)"; "" when the best
 * is, or one was asked for by name. */
const char *pc_monitor_why(const struct pc_monitor *m);

/* Readable when a refusal waits, or when claims fill their ring faster than they are read. */
int pc_monitor_fd(const struct pc_monitor *m);

/* Protects a port, or no more: only with with_protected. */
void pc_monitor_protect(struct pc_monitor *m, uint16_t port, bool on);

/* Hands all waiting records to the handler: claims first, so that a refusal finds them. The
 * number read or a negative errno. */
int pc_monitor_read_claims(struct pc_monitor *m);
int pc_monitor_read_refusals(struct pc_monitor *m);

/* Records that failed the check of core/record.h so far. */
uint64_t pc_monitor_invalid(const struct pc_monitor *m);

/* The kernel-side counters. */
void pc_monitor_stats(const struct pc_monitor *m, uint64_t stats[PC_STAT_COUNT]);

/* TCP state changes at which the kernel did not run the program that makes claims of them: nearly
 * all are of no interest, but a claim can be among them. */
uint64_t pc_monitor_states_missed(const struct pc_monitor *m);

/* What the programs, the maps and the rings cost; the rest of `out` is left as it is. Runs and time
 * are what the kernel has counted so far, which need not be all. */
void pc_monitor_cost(const struct pc_monitor *m, struct pc_cost *out);

/* Reserved ports of a network namespace (netns_key of a refusal) as its last refusal saw them
 * (PC_PORT_WORDS words). -ENOENT when nothing was refused there, or much has been elsewhere since. */
int pc_monitor_reserved(const struct pc_monitor *m, uint64_t netns_key, uint64_t *words);

/* Processes were forgotten here: have the kernel describe each again at its next claim. */
void pc_monitor_forget_processes(struct pc_monitor *m);

/* What pc_monitor_owners() is to look for; `all` ignores the rest. */
struct pc_wanted {
	bool all;
	const uint64_t *keys; /* cookies, and what pc_openers_keys() gives */
	size_t count;
};

/* Wanted keys in one pass at most. */
#define PC_WANTED_MAX 16384

/* One pass over the open sockets of all processes; found() for each descriptor that is wanted.
 * With `all` each socket is given a cookie, if the kernel can, and held while it is looked at: a
 * close() in that instant frees its port late. */
int pc_monitor_owners(struct pc_monitor *m, const struct pc_wanted *wanted,
		      void (*found)(void *context, const struct pc_owner *owner), void *context);

/* alive() with the cookie of every socket in the TCP port table, some more than once.
 * -EOVERFLOW when the table could not be seen whole. */
int pc_monitor_sweep(struct pc_monitor *m, void (*alive)(void *context, uint64_t cookie),
		     void *context);

/* The same of the sockets that processes have open and that are not in that table. */
int pc_monitor_sweep_files(struct pc_monitor *m, void (*alive)(void *context, uint64_t cookie),
			   void *context);

/* The TCP ports that any socket holds in portclash's own network namespace, bound ones and
 * TIME_WAIT included, into PC_PORT_WORDS words. */
int pc_monitor_tcp_ports(struct pc_monitor *m, uint64_t *words);

#endif
