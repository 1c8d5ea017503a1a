/* SPDX-License-Identifier: GPL-2.0-only */
/* This walk visits a whole port table: all bind buckets of TCP, or all slots of UDP's hash
 * table. */
#ifndef PORTCLASH_WALK_TABLE_BPF_H
#define PORTCLASH_WALK_TABLE_BPF_H

#include "walk.bpf.h"

/* One probe read takes the heads of so many lists, if a head with its lock has at most so many
 * bytes. */
#define TABLE_HEADS 16
#define TABLE_STRIDE 16

struct table_walk {
	struct walk_cursor cursor;
	void *table;
	__u32 index;	  /* the next list to visit */
	__u32 size;	  /* 0: the table was not found or could not be read */
	__u32 heads_from; /* `heads` are those of the lists from this one on */
	__u8 has_heads;
	__u8 done;
	__u8 heads[TABLE_HEADS * TABLE_STRIDE] __attribute__((aligned(8)));
};

/* Finds the next list that is not empty, or none among the heads that are read together. Most of a table is
 * empty, and a probe read of many heads costs hardly more than a read of one. Where many lists are not empty, the
 * heads that were read serve each of them. `stride` depends on the size of the kernel's spinlock; `at` is the offset of
 * the head in its slot. Both are constants to the verifier. */
static __always_inline struct hlist_node *table_next_list(struct table_walk *t, __u64 stride,
							  __u64 at)
{
	__u32 index = t->index, from = index & ~(TABLE_HEADS - 1U);
	const void *slot = t->table + index * stride;
	struct hlist_head *head = (void *)slot + at;

	if (stride > TABLE_STRIDE || from + TABLE_HEADS > t->size) {
		t->index = index + 1;
		return BPF_CORE_READ(head, first);
	}
	/* The walk fails rather than pass over a list: a sweep forgets what it has not seen. */
	if (!t->has_heads || t->heads_from != from) {
		if (bpf_probe_read_kernel(t->heads, TABLE_HEADS * stride,
					  t->table + from * stride)) {
			t->size = 0;
			return NULL;
		}
		t->heads_from = from;
		t->has_heads = 1;
	}
#pragma unroll
	for (int i = 0; i < TABLE_HEADS; i++) {
		struct hlist_node *first = *(struct hlist_node **)(t->heads + i * stride + at);

		if (first && from + i >= index) {
			t->index = from + i + 1;
			return first;
		}
	}
	t->index = from + TABLE_HEADS;
	return NULL;
}

static __always_inline void table_enter_list(struct table_walk *t)
{
	if (t->cursor.udp)
		t->cursor.socket = table_next_list(t, bpf_core_type_size(struct udp_hslot),
						   bpf_core_field_offset(struct udp_hslot, head));
	else
		t->cursor.bucket =
			table_next_list(t, bpf_core_type_size(struct inet_bind_hashbucket),
					bpf_core_field_offset(struct inet_bind_hashbucket, chain));
	t->cursor.list = t->index - 1;
}

/* Takes one step. False: the walk is over, at the end of the table if `done`. */
static __always_inline bool table_walk_advance(struct table_walk *t, void *walk,
					       walk_enter_fn *enter, walk_visit_fn *visit,
					       bool careful)
{
	enum walk_result result = walk_advance(&t->cursor, walk, enter, visit, careful);

	if (result != WALK_AT_END)
		return result == WALK_GOES_ON;
	if (t->index < t->size) {
		table_enter_list(t);
		return true;
	}
	t->done = 1;
	return false;
}

/* Begins a walk over the TCP table, which is one for all network namespaces, from list `start` on. */
static __always_inline void table_walk_begin_tcp(struct table_walk *t, const struct net *net,
						 __u32 start)
{
	struct inet_hashinfo *info = BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);

	t->cursor = (struct walk_cursor){};
	t->table = BPF_CORE_READ(info, bhash);
	t->index = start;
	t->size = t->table ? BPF_CORE_READ(info, bhash_size) : 0;
	t->cursor.mask = t->size - 1;
	t->has_heads = 0;
	t->done = 0;
}

/* Begins a walk over the UDP table of this network namespace, which in all but special cases is one for
 * all (net.ipv4.udp_child_hash_entries). Up to 6.1 it is found through a UDP socket: `sk`. */
static __always_inline void table_walk_begin_udp(struct table_walk *t, const struct net *net,
						 const struct sock *sk)
{
	struct udp_table *table = compat_udp_table(net, sk);

	t->cursor = (struct walk_cursor){ .udp = 1 };
	t->table = BPF_CORE_READ(table, hash);
	t->index = 0;
	t->size = t->table ? BPF_CORE_READ(table, mask) + 1 : 0;
	t->has_heads = 0;
	t->done = 0;
}

/* Gives the list with which a later walk goes on. If this walk stopped inside a list, that is the
 * same list again. */
static __always_inline __u32 table_walk_next(const struct table_walk *t)
{
	return t->index - walk_is_inside(&t->cursor);
}

#endif
