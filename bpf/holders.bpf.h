/* SPDX-License-Identifier: GPL-2.0-only */
/* A refusal needs the holders of one port in one network namespace: all are counted, and the most
 * telling are described. */
#ifndef PORTCLASH_HOLDERS_BPF_H
#define PORTCLASH_HOLDERS_BPF_H

#include "l3mdev.bpf.h"
#include "long_walk.bpf.h"
#include "refusal_draft.bpf.h"
#include "udp_address.bpf.h"
#include "walk.bpf.h"

static __always_inline struct holders_walk *holders_walk_of(void)
{
	struct refusal_scratch *scratch = scratch_of(&refusal_drafts);

	return scratch ? &scratch->walk : NULL;
}

/* The rank says how much a holder tells, when there are more than fit. */
enum rank { RANK_OTHER, RANK_BLOCKING, RANK_LISTEN };

/* The rank is a coarse order only; user space decides exactly which holders block. */
static __always_inline enum rank holders_rank(const struct holders_walk *w, const struct sock *sk)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	__u32 v4 = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);

	if (!w->any_wanted && v4 && v4 != w->v4_wanted)
		return RANK_OTHER;
	if (state == PC_STATE_LISTEN)
		return RANK_LISTEN;
	if (w->reuse && BPF_CORE_READ_BITFIELD_PROBED(&sk->__sk_common, skc_reuse))
		return RANK_OTHER;
	return RANK_BLOCKING;
}

/* Gives the slot for a holder of this rank, or PC_HOLDERS_MAX when there is none. Listeners fill the
 * front, other blocking holders follow, the rest fills from the back and gives way. */
static __always_inline __u32 holders_slot(struct holders_walk *w, enum rank rank)
{
	const __u32 room = PC_HOLDERS_MAX - PC_HOLDERS_LISTEN;

	if (rank == RANK_LISTEN && w->listeners < PC_HOLDERS_LISTEN)
		return w->listeners++;
	if (rank != RANK_OTHER) {
		if (w->blocking >= room)
			return PC_HOLDERS_MAX;
		if (w->blocking + w->others == room)
			w->others--;
		return PC_HOLDERS_LISTEN + w->blocking++;
	}
	if (w->blocking + w->others >= room)
		return PC_HOLDERS_MAX;
	w->others++;
	return PC_HOLDERS_MAX - w->others;
}

static __always_inline void holders_add(struct holders_walk *w, const struct sock *sk)
{
	__u32 slot;

	if (sk == w->self || sk == w->blocker)
		return;
	w->total++;
	slot = holders_slot(w, holders_rank(w, sk));
	if (slot >= PC_HOLDERS_MAX)
		return;
	/* The verifier does not see the bound through the register copies before it. */
	asm volatile("" : "+r"(slot));
	slot &= PC_HOLDERS_MAX - 1;
	w->found[slot].sk = sk;
	w->found[slot].reuse = w->bucket;
}

/* Is this the bucket of the port that was asked for? */
static __always_inline bool holders_enter(void *walk, const struct inet_bind_bucket *tb)
{
	struct holders_walk *w = walk;

	if (BPF_CORE_READ(tb, port) != w->port || BPF_CORE_READ(tb, ib_net.net) != w->net)
		return false;
	if (w->l3mdev != L3MDEV_UNKNOWN && BPF_CORE_READ(tb, l3mdev) != w->l3mdev)
		return false;
	bucket_reuse_read(&w->bucket, tb);
	return true;
}

static __always_inline bool holders_visit(void *walk, const struct sock *sk)
{
	struct holders_walk *w = walk;

	/* A slot of the UDP table has sockets of other ports and namespaces, too. */
	if (!w->udp || (BPF_CORE_READ(sk, __sk_common.skc_net.net) == w->net &&
			BPF_CORE_READ(sk, __sk_common.skc_num) == w->port))
		holders_add(w, sk);
	return true;
}

GLOBAL int holders_step(void)
{
	struct refusal_scratch *scratch = scratch_of_here(&refusal_drafts);
	struct holders_walk *w = scratch ? &scratch->walk : NULL;

	if (!w)
		return 1;
#pragma unroll
	for (int i = 0; i < WALK_AT_ONCE; i++) {
		if (walk_advance(&w->cursor, w, holders_enter, holders_visit, false) ==
		    WALK_AT_END) {
			w->done = 1;
			return 1;
		}
	}
	return 0;
}

DEFINE_ROUNDS(holders)

/* The size of a bucket's head or of a slot varies with the size of the kernel's spinlock. */
static __always_inline struct hlist_node *first_bucket(void *table, __u32 index)
{
	struct inet_bind_hashbucket *head =
		table + (__u64)index * bpf_core_type_size(struct inet_bind_hashbucket);

	return BPF_CORE_READ(head, chain.first);
}

static __always_inline struct hlist_node *first_udp_socket(void *table, __u32 index)
{
	struct udp_hslot *slot = table + (__u64)index * bpf_core_type_size(struct udp_hslot);

	return BPF_CORE_READ(slot, head.first);
}

static __always_inline bool holders_begin_tcp(struct holders_walk *w)
{
	const struct net *net = w->net;
	struct inet_hashinfo *info = BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);
	struct inet_bind_hashbucket *table = BPF_CORE_READ(info, bhash);
	__u32 size = BPF_CORE_READ(info, bhash_size);
	__u32 index = (w->port + BPF_CORE_READ(net, hash_mix)) & (size - 1);

	if (!table || !size)
		return false;
	w->cursor.bucket = first_bucket(table, index);
	return true;
}

static __always_inline bool holders_begin_udp(struct holders_walk *w)
{
	const struct net *net = w->net;
	struct udp_table *table = compat_udp_table(net, w->self);
	struct udp_hslot *slots = BPF_CORE_READ(table, hash);
	__u32 index = (w->port + BPF_CORE_READ(net, hash_mix)) & BPF_CORE_READ(table, mask);

	if (!table || !slots)
		return false;
	w->cursor.socket = first_udp_socket(slots, index);
	return true;
}

/* Adds to the record the holder that was found in slot `i`, if there is one. The verifier knows
 * nothing of holders_count except what is checked here. */
GLOBAL int holders_describe(__u32 i)
{
	struct refusal_scratch *scratch = scratch_of(&refusal_drafts);
	struct holders_walk *w = &scratch->walk;
	struct pc_refusal_record *r = &scratch->draft.record;
	struct pc_socket_record *h;
	__u32 n;

	if (!scratch || i >= PC_HOLDERS_MAX || r->holders_count >= PC_HOLDERS_MAX ||
	    !w->found[i].sk)
		return 0;
	n = r->holders_count;
	asm volatile("" : "+r"(n));
	n &= PC_HOLDERS_MAX - 1;
	h = &r->holders[n];
	socket_read(h, w->found[i].sk);
	h->fastreuse = (__s8)w->found[i].reuse.fastreuse;
	h->fastreuseport = (__s8)w->found[i].reuse.fastreuseport;
	r->holders_count = n + 1;
	return 0;
}

/* Begins to walk through a list. Returns 1 at its end, or 0 after some thousand steps. */
GLOBAL int holders_walk_list(void)
{
	ONE_CALL
	for (int i = 0; i < PC_WALK_UDP_STEPS / WALK_AT_ONCE / ROUND; i++)
		if (holders_round())
			return 1;
	return 0;
}

/* Begins with the list of UDP's second table that has the wanted address, or the wildcard address. */
GLOBAL int holders_begin_address(__u32 any)
{
	struct refusal_scratch *scratch = scratch_of(&refusal_drafts);
	struct refusal_draft *draft = &scratch->draft;
	struct holders_walk *w = &scratch->walk;
	const struct net *net;
	__u32 words[4] = {}, any_hash, hash, mix;

	if (!scratch)
		return 0;
	net = draft->net;
	mix = BPF_CORE_READ(net, hash_mix);
	any_hash = hash = udp_hash(words, false, mix);
	if (!any) {
		__builtin_memcpy(words, draft->record.wanted, sizeof(words));
		hash = udp_hash(words, draft->record.wanted_family == PC_FAMILY_V6, mix);
	}
	w->done = 0;
	w->cursor = (struct walk_cursor){};
	if (any || hash != any_hash)
		w->cursor.socket =
			udp_address_list(compat_udp_table(net, draft->self), hash, w->port);
	return 0;
}

/* A user can put thousands of sockets in one list, and preemption is off in the walk. So the walk is short,
 * and then begins anew where the kernel itself looked. */
static __always_inline void holders_walk_udp(struct pc_refusal_record *r, struct holders_walk *w)
{
	if (holders_walk_list())
		return;
	r->walk |= PC_WALK_BY_ADDRESS;
	w->total = w->listeners = w->blocking = w->others = 0;
	__builtin_memset(w->found, 0, sizeof(w->found));
	holders_begin_address(1);
	if (!holders_walk_list())
		return;
	holders_begin_address(0);
	holders_walk_list();
}

static __always_inline void holders_walk_tcp(const struct pc_refusal_record *r)
{
	__u64 began;

	if (holders_walk_list())
		return;
	began = bpf_ktime_get_boot_ns();
	if (!long_walk_may_begin(r->uid, began))
		return;
	ONE_CALL
	for (int i = 0; i < WALK_ROUNDS; i++)
		if (holders_rounds())
			break;
	long_walk_ended(r->uid, began, bpf_ktime_get_boot_ns());
}

static __always_inline void holders_walk(struct pc_refusal_record *r, struct holders_walk *w)
{
	if (w->udp ? !holders_begin_udp(w) : !holders_begin_tcp(w)) {
		r->walk |= PC_WALK_NO_TABLE;
		return;
	}
	if (w->udp)
		holders_walk_udp(r, w);
	else
		holders_walk_tcp(r);
	if (!w->done)
		r->walk |= PC_WALK_TRUNCATED;
	r->holders_total += w->total;
	if (!w->total)
		return;
	ONE_CALL
	for (__u32 i = 0; i < PC_HOLDERS_MAX; i++)
		if (w->found[i].sk)
			holders_describe(i);
}

/* Finds the holders of `port` in the network namespace of the refused socket and adds them to this
 * thread's draft of a refusal: descriptions to its holders, their number to its holders_total. The
 * refused socket and the blocker are left out. */
GLOBAL int holders_find(__u32 port)
{
	struct refusal_scratch *scratch = scratch_of(&refusal_drafts);
	struct refusal_draft *draft = &scratch->draft;
	struct holders_walk *w = &scratch->walk;
	struct pc_refusal_record *r = &draft->record;
	const struct sock *sk;

	if (!scratch)
		return 0;
	sk = draft->self;
	w->self = sk;
	w->blocker = draft->blocker;
	w->net = draft->net;
	w->port = (__u16)port;
	w->udp = w->cursor.udp = r->proto == PC_PROTO_UDP;
	w->l3mdev = w->udp ? 0 : sk ? l3mdev_of((__u64)sk) : L3MDEV_UNKNOWN;
	w->reuse = r->socket.reuse;
	w->v4_wanted = *(__u32 *)r->wanted;
	w->any_wanted = r->wanted_family != PC_FAMILY_V4 || !w->v4_wanted;
	holders_walk(r, w);
	return 0;
}

#endif
