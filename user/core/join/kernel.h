/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel side as the join sees it: a table of operations, so that the same join runs on a
 * monitor, on a recording and on a test's fake. */
#ifndef PORTCLASH_JOIN_KERNEL_H
#define PORTCLASH_JOIN_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cost.h"
#include "core/base/losers.h"
#include "portclash/record.h"

/* The sockets that a pass over the descriptor tables looks for; `all` ignores the keys. */
struct pc_wanted {
	bool all;
	bool with_unix;	      /* some of the keys are of Unix sockets */
	const uint64_t *keys; /* cookies, and what pc_holder_owners_keys() gives */
	size_t count;
};

/* Wanted keys in one pass at most. */
#define PC_WANTED_MAX 16384

/* A record as it crossed a ring: `size` bytes at `data`, aligned to 8 and not checked. */
typedef void (*pc_record_fn)(void *to, const void *data, size_t size);
/* Claims of the kernel side's log as they stand there, one behind the other, not checked. */
typedef void (*pc_logged_fn)(void *to, const struct pc_logged_claim *claims, size_t count);
/* A checked owner record (pc_record_check_owner()). */
typedef void (*pc_owner_fn)(void *to, const struct pc_owner_record *owner);
typedef void (*pc_cookie_fn)(void *to, uint64_t cookie);

/* The taker of what is read. `logged` NULL: it takes the claims of the log as records, too. */
struct pc_taker {
	void *to;
	pc_record_fn record;
	pc_logged_fn logged;
};

/* Losses: what the kernel side could not do. */
struct pc_losses {
	uint64_t lost[PC_STAT_COUNT];
	struct pc_losers over_share; /* whose claims lost[PC_STAT_OVER_SHARE] are */
	uint64_t states_missed; /* TCP state changes, any of which may have been a claim */
	uint64_t ends_missed; /* the same, any of which may have been the end of a socket; only if ends are wanted */
	uint64_t calls_missed; /* ends of connect() and sends, any of which may have been refused */
	uint64_t claims_ended[PC_HOW_COUNT]; /* no losses: their sockets were closed at once */
	uint64_t records_bad;  /* owner records that failed their check */
};

/* Each returns 0 (read: 0 or more) or a negative errno. */
struct pc_join_kernel {
	void *context;
	/* Hands over the records that wait in one ring. Those of refusals are the ones that waited
	 * when the claims, which must be read first, began to be read. */
	int (*read)(void *context, enum pc_ring ring, const struct pc_taker *taker);
	/* Passes once over the open sockets of all processes and calls found() for each descriptor
	 * of a wanted socket. -EOVERFLOW: not all could be seen. */
	int (*owners)(void *context, const struct pc_wanted *wanted, pc_owner_fn found, void *to);
	/* alive() with the cookie of every socket in the TCP port table, some more than once; and of
	 * the sockets that processes have open and that are not in that table. -EOVERFLOW: not all
	 * could be seen. */
	int (*sweep)(void *context, pc_cookie_fn alive, void *to);
	int (*sweep_files)(void *context, pc_cookie_fn alive, void *to);
	/* The reserved ports of a namespace (netns_key of a refusal) as its last refusal saw them,
	 * PC_PORT_WORDS words. -ENOENT: not known any more. */
	int (*reserved)(void *context, uint64_t netns_key, uint64_t *words);
	void (*losses)(void *context, struct pc_losses *out);
	/* The join forgot processes: the kernel side describes each again at its next claim. */
	void (*forget_processes)(void *context);
	/* Claims of this port are followed by their endpoints, or no more. */
	void (*protect)(void *context, uint16_t port, bool on);
};

#endif
