/* SPDX-License-Identifier: GPL-2.0-only */
/* Walking the kernel's port tables, TCP's bind buckets or UDP's hash slots: what is on one port
 * (holders.bpf.h), or the whole table (sweep.bpf.h, who.bpf.c).
 * Nested loops (bucket, address, owner) exceed the verifier's limit, so there is one loop
 * with a cursor for each level, kept in a map so that the verifier's states converge. */
#ifndef PORTCLASH_WALK_BPF_H
#define PORTCLASH_WALK_BPF_H

#include "socket.bpf.h"

/* Sockets and table entries visited at most: some milliseconds. Beyond it PC_WALK_TRUNCATED
 * is set and the total is a lower bound. */
#define WALK_STEPS (1 << 17)
#define WALK_AT_ONCE 4
#define WALK_ROUND 64

/* Heads of a table read at once. */
#define WALK_HEADS 16
#define WALK_STRIDE 16

struct walk {
	const struct net *net;
	struct hlist_node *bucket;  /* inet_bind_bucket.node */
	struct hlist_node *address; /* inet_bind2_bucket.bhash_node */
	struct hlist_node *owner;   /* sock_common.skc_bind_node, or skc_node for UDP */
	const struct sock *found[PC_HOLDERS_MAX];
	__u8 fastreuse[PC_HOLDERS_MAX];
	__u8 fastreuseport[PC_HOLDERS_MAX];
	const struct sock *self;
	const struct sock *known; /* described already, and counted */
	void *table;		  /* all of it is walked, with `index` the next to visit; or NULL */
	__u32 index;
	__u32 size;
	__u32 total;
	__u32 listeners; /* slots taken from the front */
	__u32 blocking;	 /* slots taken behind those for listeners */
	__u32 others;	 /* slots taken from the back */
	__u32 v4_wanted;
	__s32 l3mdev;
	__u16 port;
	__u8 udp;
	__u8 done;
	__u8 sweep;
	__u8 sweep_ports;
	__u32 sweep_parts; /* a power of two: only keys that are `sweep_part` by it are taken */
	__u32 sweep_part;
	__u8 reuse;
	__u8 tb_fastreuse;
	__u8 tb_fastreuseport;
	__u8 any_wanted;
	__u8 heads[WALK_HEADS * WALK_STRIDE];
};

SCRATCH(walk_scratch, struct walk);

#define node_entry(node, type, member) \
	((type *)((void *)(node)-bpf_core_field_offset(type, member)))

/* Supplied by what walks: is this bucket worth looking into; and what to do with a socket: false
 * when there is no more room. */
static bool walk_enter(struct walk *w, const struct inet_bind_bucket *tb);
static bool walk_visit(struct walk *w, const struct sock *sk);

/* For walk_enter() of who wants to know why the bucket's sockets share it. */
static __always_inline void walk_read_reuse(struct walk *w, const struct inet_bind_bucket *tb)
{
	w->tb_fastreuse = (__u8)BPF_CORE_READ(tb, fastreuse);
	w->tb_fastreuseport = (__u8)BPF_CORE_READ(tb, fastreuseport);
}

/* Local copies of the cursors throughout: an access through `w` inside BPF_CORE_READ would
 * be relocated as if struct walk were the kernel's. */
static __always_inline struct hlist_node *next_of(const struct hlist_node *node)
{
	return BPF_CORE_READ(node, next);
}

/* False: stop here. */
static __always_inline bool walk_owner(struct walk *w)
{
	struct hlist_node *owner = w->owner;
	const struct sock *sk;

	if (w->udp)
		sk = node_entry(owner, struct sock, __sk_common.skc_node);
	else
		sk = node_entry(owner, struct sock, __sk_common.skc_bind_node);
	if (!walk_visit(w, sk))
		return false;
	w->owner = next_of(owner);
	return true;
}

static __always_inline void walk_address(struct walk *w)
{
	struct inet_bind2_bucket___6_8 *tb2 =
		node_entry(w->address, struct inet_bind2_bucket___6_8, bhash_node);

	w->address = next_of(w->address);
	w->owner = BPF_CORE_READ(tb2, owners.first);
}

static __always_inline void walk_bucket(struct walk *w)
{
	struct inet_bind_bucket *tb = node_entry(w->bucket, struct inet_bind_bucket, node);

	w->bucket = next_of(w->bucket);
	if (!walk_enter(w, tb))
		return;
	if (compat_has_bhash2())
		w->address = compat_first_bind2(tb);
	else
		w->owner = compat_first_owner(tb);
}

/* The strides vary with the size of the kernel's spinlock. */
static __always_inline struct hlist_node *first_bucket(void *table, __u32 index)
{
	struct inet_bind_hashbucket *head =
		table + (__u64)index * bpf_core_type_size(struct inet_bind_hashbucket);

	return BPF_CORE_READ(head, chain.first);
}

static __always_inline struct hlist_node *first_udp(void *table, __u32 index)
{
	struct udp_hslot *slot = table + (__u64)index * bpf_core_type_size(struct udp_hslot);

	return BPF_CORE_READ(slot, head.first);
}

/* The first bucket that is not empty among the next, or none of WALK_HEADS. Most of a table is
 * empty, and one read of many heads is hardly dearer than of one. `stride` and `at`, where a slot's
 * head is, are constants to the verifier. */
static __always_inline struct hlist_node *next_head(struct walk *w, __u64 stride, __u64 at)
{
	const void *slot = w->table + w->index * stride;
	struct hlist_head *head = (void *)slot + at;

	if (stride > WALK_STRIDE || w->index + WALK_HEADS > w->size) {
		w->index++;
		return BPF_CORE_READ(head, first);
	}
	/* Not to be passed over: what a sweep has not seen is forgotten. */
	if (bpf_probe_read_kernel(w->heads, WALK_HEADS * stride, slot)) {
		w->size = 0;
		return NULL;
	}
	for (int i = 0; i < WALK_HEADS; i++) {
		struct hlist_node *first = *(struct hlist_node **)(w->heads + i * stride + at);

		w->index++;
		if (first)
			return first;
	}
	return NULL;
}

static __always_inline void walk_table(struct walk *w)
{
	if (w->udp)
		w->owner = next_head(w, bpf_core_type_size(struct udp_hslot),
				     bpf_core_field_offset(struct udp_hslot, head));
	else
		w->bucket = next_head(w, bpf_core_type_size(struct inet_bind_hashbucket),
				      bpf_core_field_offset(struct inet_bind_hashbucket, chain));
}

/* True when the walk is over. */
static __always_inline bool walk_on(struct walk *w)
{
	if (w->owner)
		return !walk_owner(w);
	if (compat_has_bhash2() && w->address) {
		walk_address(w);
	} else if (w->bucket) {
		walk_bucket(w);
	} else if (w->table && w->index < w->size) {
		walk_table(w);
	} else {
		w->done = 1;
		return true;
	}
	return false;
}

/* Some steps of the walk, because finding `w` is as dear as one; 1 when it is over. */
__attribute__((noinline)) int walk_step(void)
{
	struct walk *w = scratch_of(&walk_scratch);

	if (!w)
		return 1;
#pragma unroll
	for (int i = 0; i < WALK_AT_ONCE; i++)
		if (walk_on(w))
			return 1;
	return 0;
}

static __always_inline bool walk_start_tcp(struct walk *w)
{
	const struct net *net = w->net;
	struct inet_hashinfo *info = BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);
	struct inet_bind_hashbucket *table = BPF_CORE_READ(info, bhash);
	__u32 size = BPF_CORE_READ(info, bhash_size);
	__u32 index = (w->port + BPF_CORE_READ(net, hash_mix)) & (size - 1);

	if (!table || !size)
		return false;
	w->bucket = first_bucket(table, index);
	return true;
}

static __always_inline bool walk_start_udp(struct walk *w)
{
	const struct net *net = w->net;
	struct udp_table *table = compat_udp_table(net, w->self);
	struct udp_hslot *slots = BPF_CORE_READ(table, hash);
	__u32 index = (w->port + BPF_CORE_READ(net, hash_mix)) & BPF_CORE_READ(table, mask);

	if (!table || !slots)
		return false;
	w->owner = first_udp(slots, index);
	return true;
}

/* Up to WALK_STEPS steps, on every kernel. bpf_loop() came with 5.17, and a plain loop is
 * verified round by round and runs into the verifier's limits after some hundred. A global
 * function is verified once and by itself (5.6+): to its caller it is one instruction. */
__attribute__((noinline)) int walk_round(void)
{
	for (int i = 0; i < WALK_ROUND; i++)
		if (walk_step())
			return 1;
	return 0;
}

__attribute__((noinline)) int walk_rounds(void)
{
	for (int i = 0; i < WALK_ROUND; i++)
		if (walk_round())
			return 1;
	return 0;
}

/* Sets out to walk the whole TCP table, one for all network namespaces, from `start` on. */
static __always_inline void walk_start_all_tcp(struct walk *w, __u32 start)
{
	const struct net *net = w->net;
	struct inet_hashinfo *info = BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);

	w->index = start;
	w->table = BPF_CORE_READ(info, bhash);
	w->size = w->table ? BPF_CORE_READ(info, bhash_size) : 0;
}

/* True when the walk is over, false when it has taken WALK_STEPS steps. */
static __always_inline bool walk_run(void)
{
	for (int i = 0; i < WALK_STEPS / WALK_AT_ONCE / WALK_ROUND / WALK_ROUND; i++)
		if (walk_rounds())
			return true;
	return false;
}

/* The same as often as it is called. Global: see walk_round(). */
__attribute__((noinline)) int walk_more(void)
{
	return walk_run();
}

/* Where to go on: stopped in the middle of an index, that one again. */
static __always_inline __u32 walk_next(const struct walk *w)
{
	return w->index - (w->bucket || w->address || w->owner);
}

#endif
