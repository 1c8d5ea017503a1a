/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor is the kernel side as user space sees it: load, attach, read records, ask for the
 * owners of sockets, sweep. The rooms above this header know neither libbpf nor the skeleton. */
#ifndef PORTCLASH_MONITOR_H
#define PORTCLASH_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cost.h"
#include "core/config/support.h"
#include "core/join/kernel.h"

struct pc_monitor;

struct pc_monitor_options {
	const char *backend; /* a name of core/config/backends.h */
	uint32_t tree_root;  /* pid whose descendants are marked in refusals; 0: none */
	uint32_t netns;	     /* portclash's own network namespace */
	bool with_endpoints; /* also send both ends of each claim */
	bool with_ends;	     /* and the end of each TCP socket */
	bool with_protected; /* the same for claims on protected ports, and listeners that end */
	bool each;	     /* record every refusal, however many come from one user */
	const char *btf;     /* a file of the kernel's type information; NULL: the kernel's own */
	bool verbose;	     /* libbpf's own messages to standard error */

	/* The monitor calls before_hooks() when new sockets get their cookies already and no claim
	 * is recorded yet. It may call again for another back end. May be NULL. */
	int (*before_hooks)(void *context, struct pc_monitor *m);
	void *context;
};

/* Loads and attaches the programs. On failure returns a negative errno, and `sentence` (PC_SENTENCE
 * bytes) says what is wrong and what to do. */
int pc_monitor_open(const struct pc_monitor_options *options, struct pc_monitor **out,
		    char *sentence);
void pc_monitor_close(struct pc_monitor *m);

const char *pc_monitor_backend(const struct pc_monitor *m);

/* Does the blocking socket come from inside the kernel's own conflict check? */
bool pc_monitor_exact(const struct pc_monitor *m);

/* Says in one clause for the start-up line what the back end in use cannot see; "" for nothing. */
const char *pc_monitor_blind(const struct pc_monitor *m);

/* Says why no better back end is in use, as in "fentry (Operation not permitted)". "" if the best
 * is in use, or if the caller asked for one by name. */
const char *pc_monitor_why(const struct pc_monitor *m);

/* Gives a descriptor that is readable when a refusal waits, or when claims fill their ring faster
 * than they are read. */
int pc_monitor_fd(const struct pc_monitor *m);

/* Protects a port, or ends that. Needs with_protected. */
void pc_monitor_protect(struct pc_monitor *m, uint16_t port, bool on);

/* Hands over the records that waited in one ring when the reading of the claims began, and returns 0 or
 * more, or a negative errno. The claims must be read first. */
int pc_monitor_read(struct pc_monitor *m, enum pc_ring ring, const struct pc_taker *taker);

/* Makes the kernel side record the refused bind()s that no program saw, if `age_ns` old or older. */
void pc_monitor_tell_late(struct pc_monitor *m, uint64_t age_ns);

/* Makes the kernel side send the counts of refusals over the quota: all, or only those due. */
void pc_monitor_tell_merged(struct pc_monitor *m, bool all);

/* Reads what the kernel side has counted as lost or missed so far. */
void pc_monitor_losses(const struct pc_monitor *m, struct pc_losses *out);

/* Reads what the programs, the maps and the rings cost, and leaves the rest of `out` as it is. Runs
 * and time are those that the kernel has counted, which need not be all. */
void pc_monitor_cost(const struct pc_monitor *m, struct pc_cost *out);

/* Reads the reserved ports of a network namespace (netns_key of a refusal) as its last refusal saw
 * them (PC_PORT_WORDS words). -ENOENT: nothing was refused there, or later refusals elsewhere took
 * the slot. */
int pc_monitor_reserved(const struct pc_monitor *m, uint64_t netns_key, uint64_t *words);

/* Makes the kernel describe each process again at its next claim, after user space has forgotten
 * processes. */
void pc_monitor_forget_processes(struct pc_monitor *m);

/* Passes once over the open sockets of all processes and calls found() for each wanted descriptor.
 * With `all`, each socket gets a cookie, if the kernel can make one. The pass then holds each
 * socket for an instant, and a close() in that instant frees its port late. */
int pc_monitor_owners(struct pc_monitor *m, const struct pc_wanted *wanted, pc_owner_fn found,
		      void *context);

/* Calls alive() with the cookie of every socket in the TCP port table, with some more than once.
 * -EOVERFLOW: the table could not be seen whole. */
int pc_monitor_sweep(struct pc_monitor *m, pc_cookie_fn alive, void *context);

/* Calls alive() for the sockets that processes have open and that are not in that table. */
int pc_monitor_sweep_files(struct pc_monitor *m, pc_cookie_fn alive, void *context);

/* Marks in PC_PORT_WORDS words the TCP ports that any socket holds in portclash's own network
 * namespace. Bound sockets and TIME_WAIT count. */
int pc_monitor_tcp_ports(struct pc_monitor *m, uint64_t *words);

#endif
