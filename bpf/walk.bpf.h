/* SPDX-License-Identifier: GPL-2.0-only */
/* A walk visits sockets in the kernel's port tables: in TCP's bind buckets, or in a slot of UDP's
 * hash table. Loops within loops (bucket, address, socket) exceed the verifier's limit. So a walk
 * is one loop with a cursor for each level. The cursors lie in a map, so that the verifier's states
 * converge.
 *
 * A walk for the holders of one port visits one list (holders.bpf.h); a walk for a sweep or for
 * `who` visits a whole table (walk_table.bpf.h). Each has a struct of its own, which begins with
 * the cursors, and its own functions for a bucket and for a socket. */
#ifndef PORTCLASH_WALK_BPF_H
#define PORTCLASH_WALK_BPF_H

#include "rounds.bpf.h"
#include "socket.bpf.h"

/* A walk takes at most so many steps, each to a socket or a table entry: some milliseconds. Beyond
 * that, the walk is marked as cut. */
#define WALK_STEPS (1 << 17)

/* Finding the walk in its map costs as much as a step, so one call takes several steps. */
#define WALK_AT_ONCE 4
#define WALK_ROUNDS (WALK_STEPS / WALK_AT_ONCE / ROUNDS_STEPS)

struct walk_cursor {
	struct hlist_node *bucket;  /* inet_bind_bucket.node */
	struct hlist_node *address; /* inet_bind2_bucket.bhash_node */
	struct hlist_node *socket;  /* sock_common.skc_bind_node, or skc_node for UDP */
	const struct net *mixed;    /* the last namespace whose hash_mix was read */
	const struct net *net;	    /* of the bucket, for a careful walk, as what follows */
	__u32 list;		    /* its number in the table */
	__u32 mask;		    /* of these numbers */
	__u32 mix;
	__u16 port;
	__u8 udp;
	__u8 pad;
};

enum walk_result {
	WALK_GOES_ON,
	WALK_STOPPED, /* by the function for sockets, or where the list was left */
	WALK_AT_END,
};

/* Is this bucket to be entered? `walk` is the struct of the walk. */
typedef bool walk_enter_fn(void *walk, const struct inet_bind_bucket *tb);

/* Takes a socket in. False stops the walk at this socket. */
typedef bool walk_visit_fn(void *walk, const struct sock *sk);

/* These marks of a bind bucket say why its sockets may share the port. */
struct bucket_reuse {
	__u8 fastreuse;
	__u8 fastreuseport;
};

static __always_inline void bucket_reuse_read(struct bucket_reuse *reuse,
					      const struct inet_bind_bucket *tb)
{
	reuse->fastreuse = (__u8)BPF_CORE_READ(tb, fastreuse);
	reuse->fastreuseport = (__u8)BPF_CORE_READ(tb, fastreuseport);
}

#define node_entry(node, type, member) \
	((type *)((void *)(node)-bpf_core_field_offset(type, member)))

/* Each function below copies a cursor before it follows it: BPF_CORE_READ would relocate an access
 * through `c` as if struct walk_cursor were the kernel's. */
static __always_inline struct hlist_node *walk_node_after(const struct hlist_node *node)
{
	return BPF_CORE_READ(node, next);
}

/* Is this socket in its bucket still? The walk takes no lock: a socket that is freed and used again has a
 * `next` in another list. */
static __always_inline bool walk_stays(const struct walk_cursor *c, const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_num) == c->port &&
	       BPF_CORE_READ(sk, __sk_common.skc_net.net) == c->net;
}

/* Visits the next socket. False: the walk stops here. */
static __always_inline bool walk_socket(struct walk_cursor *c, void *walk, walk_visit_fn *visit,
					bool careful)
{
	struct hlist_node *socket = c->socket, *next;
	const struct sock *sk;

	if (c->udp)
		sk = node_entry(socket, struct sock, __sk_common.skc_node);
	else
		sk = node_entry(socket, struct sock, __sk_common.skc_bind_node);
	if (!visit(walk, sk))
		return false;
	next = walk_node_after(socket);
	if (careful && !walk_stays(c, sk))
		return false;
	c->socket = next;
	return true;
}

/* Enters the next bucket of an address. False: it has gone to another port meanwhile. */
static __always_inline bool walk_address(struct walk_cursor *c, bool careful)
{
	struct hlist_node *address = c->address, *next;
	struct inet_bind2_bucket___6_8 *tb2 =
		node_entry(address, struct inet_bind2_bucket___6_8, bhash_node);

	next = walk_node_after(address);
	c->socket = BPF_CORE_READ(tb2, owners.first);
	if (careful &&
	    (BPF_CORE_READ(tb2, port) != c->port || BPF_CORE_READ(tb2, ib_net.net) != c->net))
		return false;
	c->address = next;
	return true;
}

/* Gives the number of the list that has the bucket of the cursor: inet_bhashfn(). Most buckets are of one namespace. If
 * another one has its memory by now, the walk stops, and the next one reads it. */
static __always_inline __u32 walk_bucket_list(struct walk_cursor *c)
{
	const struct net *net = c->net;

	if (c->mixed != net) {
		c->mix = BPF_CORE_READ(net, hash_mix);
		c->mixed = net;
	}
	return (c->port + c->mix) & c->mask;
}

/* Enters the next bucket, if it is wanted. False: it has gone to another list meanwhile. */
static __always_inline bool walk_bucket(struct walk_cursor *c, void *walk, walk_enter_fn *enter,
					bool careful)
{
	struct hlist_node *bucket = c->bucket, *next;
	struct inet_bind_bucket *tb = node_entry(bucket, struct inet_bind_bucket, node);

	next = walk_node_after(bucket);
	if (careful) {
		c->port = BPF_CORE_READ(tb, port);
		c->net = BPF_CORE_READ(tb, ib_net.net);
		if (walk_bucket_list(c) != c->list)
			return false;
	}
	c->bucket = next;
	if (!enter(walk, tb))
		return true;
	if (compat_has_bhash2())
		c->address = compat_first_bind2(tb);
	else
		c->socket = compat_first_socket(tb);
	return true;
}

/* Takes one step. A careful walk of TCP's table stops where a socket or a bucket has gone to another list
 * meanwhile; `careful` is a constant. */
static __always_inline enum walk_result walk_advance(struct walk_cursor *c, void *walk,
						     walk_enter_fn *enter, walk_visit_fn *visit,
						     bool careful)
{
	if (c->socket)
		return walk_socket(c, walk, visit, careful) ? WALK_GOES_ON : WALK_STOPPED;
	if (compat_has_bhash2() && c->address)
		return walk_address(c, careful) ? WALK_GOES_ON : WALK_STOPPED;
	if (c->bucket)
		return walk_bucket(c, walk, enter, careful) ? WALK_GOES_ON : WALK_STOPPED;
	return WALK_AT_END;
}

/* Is the walk in the middle of a list? */
static __always_inline bool walk_is_inside(const struct walk_cursor *c)
{
	return c->bucket || c->address || c->socket;
}

#endif
