/* SPDX-License-Identifier: GPL-2.0-only */
/* A refusal's record is drafted in scratch memory, because its length is known only at its end.
 * Global functions take no pointers, so the draft also has the sockets that they need. */
#ifndef PORTCLASH_REFUSAL_DRAFT_BPF_H
#define PORTCLASH_REFUSAL_DRAFT_BPF_H

#include "maps.bpf.h"
#include "walk.bpf.h"

struct refusal_draft {
	union {
		struct pc_refusal_record record;
		struct pc_foreign_record foreign; /* without a port */
	};
	const struct sock *self;    /* the refused socket */
	const struct sock *blocker; /* the holder that the record has already, or NULL */
	const struct net *net;
};

struct holder_found {
	const struct sock *sk;
	struct bucket_reuse reuse;
};

struct holders_walk {
	struct walk_cursor cursor;
	const struct net *net;
	const struct sock *self;    /* the refused socket: no holder */
	const struct sock *blocker; /* described and counted already, or NULL */
	struct holder_found found[PC_HOLDERS_MAX];
	__u32 total;
	__u32 listeners; /* slots taken from the front */
	__u32 blocking;	 /* slots taken behind those for listeners */
	__u32 others;	 /* slots taken from the back */
	__u32 v4_wanted;
	__s32 l3mdev;
	__u16 port;
	__u8 reuse; /* of the refused socket */
	__u8 any_wanted;
	__u8 done;
	__u8 udp;
	struct bucket_reuse bucket; /* of the bucket that the walk has entered */
};

/* The walk is beside its draft: an entry of a hash costs a thousand instructions. */
struct refusal_scratch {
	struct refusal_draft draft;
	struct holders_walk walk;
};

SCRATCH(refusal_drafts, struct refusal_scratch);

/* Drafts made before a bind(), by thread: the kernel may run no exit program for that bind(). */
SCRATCH(prepared_refusals, struct refusal_draft);

#endif
