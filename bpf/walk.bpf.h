/* SPDX-License-Identifier: GPL-2.0-only */
/* Walking the kernel's port tables: every socket on one port, those worth naming first; or
 * the whole TCP table, to list the sockets that still hold a port (the sweep).
 * Nested loops (bucket, address, owner) exceed the verifier's limit, so there is one loop
 * with a cursor for each level, kept in a map so that the verifier's states converge. */
#ifndef PORTCLASH_WALK_BPF_H
#define PORTCLASH_WALK_BPF_H

#include "l3mdev.bpf.h"
#include "socket.bpf.h"

/* Sockets and table entries visited at most: some milliseconds. Beyond it PC_WALK_TRUNCATED
 * is set and the total is a lower bound. */
#define WALK_STEPS (1 << 17)
#define WALK_ROUND 128

/* How much a holder is worth naming, when there are more than fit. */
enum rank { RANK_OTHER, RANK_BLOCKING, RANK_LISTEN };

struct walk {
	const struct net *net;
	struct hlist_node *bucket;  /* inet_bind_bucket.node */
	struct hlist_node *address; /* inet_bind2_bucket.bhash_node */
	struct hlist_node *owner;   /* sock_common.skc_bind_node, or skc_node for UDP */
	const struct sock *found[PC_HOLDERS_MAX];
	__u8 fastreuse[PC_HOLDERS_MAX];
	__u8 fastreuseport[PC_HOLDERS_MAX];
	const struct sock *self;
	const struct sock *known;	    /* described already, and counted */
	struct inet_bind_hashbucket *table; /* the sweep's, with `index` the next to visit */
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
	__u8 reuse;
	__u8 tb_fastreuse;
	__u8 tb_fastreuseport;
	__u8 any_wanted;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pc_sweep);
} sweep_result SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk);
} walk_scratch SEC(".maps");

#define node_entry(node, type, member) \
	((type *)((void *)(node)-bpf_core_field_offset(type, member)))

/* A coarse order only; user space decides exactly what blocks. */
static __always_inline enum rank walk_rank(const struct walk *w, const struct sock *sk)
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

/* The slot for a holder of this rank, or PC_HOLDERS_MAX when there is none. Listeners fill
 * the front, other blocking ones follow, the rest fills from the back and gives way. */
static __always_inline __u32 walk_slot(struct walk *w, enum rank rank)
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

static __always_inline __u64 sweep_key(const struct sock *sk)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	bool is_v6 = BPF_CORE_READ(sk, __sk_common.skc_family) == PC_FAMILY_V6;
	__u32 remote[4] = {};

	if (cookie || BPF_CORE_READ(sk, __sk_common.skc_state) != PC_STATE_TIME_WAIT)
		return cookie;
	if (is_v6)
		bpf_core_read(remote, sizeof(remote), &sk->__sk_common.skc_v6_daddr);
	else
		bpf_core_read(remote, 4, &sk->__sk_common.skc_daddr);
	return pc_time_wait_key(BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
				BPF_CORE_READ(sk, __sk_common.skc_num),
				__builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport)), is_v6,
				remote);
}

/* False when there is no more room: the sweep is called again from this index. */
static __always_inline bool sweep_take(const struct sock *sk)
{
	__u32 zero = 0, n;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);

	if (!out)
		return false;
	n = out->count;
	if (n >= PC_SWEEP_COOKIES)
		return false;
	out->cookies[n] = sweep_key(sk);
	out->count = n + 1;
	return true;
}

/* A port of the caller's own network namespace is taken. */
static __always_inline void sweep_port(const struct walk *w, const struct inet_bind_bucket *tb)
{
	__u32 zero = 0;
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	__u16 port = BPF_CORE_READ(tb, port);

	if (out && BPF_CORE_READ(tb, ib_net.net) == w->net)
		out->ports[port / 64] |= 1ULL << (port % 64);
}

static __always_inline void walk_take(struct walk *w, const struct sock *sk)
{
	__u32 slot;

	if (sk == w->self || sk == w->known)
		return;
	w->total++;
	slot = walk_slot(w, walk_rank(w, sk));
	if (slot >= PC_HOLDERS_MAX)
		return;
	/* The verifier does not see the bound through the register copies before it. */
	asm volatile("" : "+r"(slot));
	slot &= PC_HOLDERS_MAX - 1;
	w->found[slot] = sk;
	w->fastreuse[slot] = w->tb_fastreuse;
	w->fastreuseport[slot] = w->tb_fastreuseport;
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

	if (w->udp) {
		sk = node_entry(owner, struct sock, __sk_common.skc_node);
		if (BPF_CORE_READ(sk, __sk_common.skc_net.net) == w->net &&
		    BPF_CORE_READ(sk, __sk_common.skc_num) == w->port)
			walk_take(w, sk);
	} else {
		sk = node_entry(owner, struct sock, __sk_common.skc_bind_node);
		if (!w->sweep)
			walk_take(w, sk);
		else if (!sweep_take(sk))
			return false;
	}
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

/* Is it the bucket of the port that was asked for? */
static __always_inline bool walk_is_bucket(const struct walk *w, const struct inet_bind_bucket *tb)
{
	return BPF_CORE_READ(tb, port) == w->port && BPF_CORE_READ(tb, ib_net.net) == w->net &&
	       (w->l3mdev == L3MDEV_UNKNOWN || BPF_CORE_READ(tb, l3mdev) == w->l3mdev);
}

static __always_inline void walk_bucket(struct walk *w)
{
	struct inet_bind_bucket *tb = node_entry(w->bucket, struct inet_bind_bucket, node);

	w->bucket = next_of(w->bucket);
	if (w->sweep) {
		sweep_port(w, tb);
	} else if (!walk_is_bucket(w, tb)) {
		return;
	} else {
		w->tb_fastreuse = (__u8)BPF_CORE_READ(tb, fastreuse);
		w->tb_fastreuseport = (__u8)BPF_CORE_READ(tb, fastreuseport);
	}
	if (compat_has_bhash2())
		w->address = compat_first_bind2(tb);
	else
		w->owner = compat_first_owner(tb);
}

/* The stride varies with the size of the kernel's spinlock. */
static __always_inline struct inet_bind_hashbucket *bind_bucket(struct inet_bind_hashbucket *table,
								__u32 index)
{
	return (void *)table + (__u64)index * bpf_core_type_size(struct inet_bind_hashbucket);
}

/* One step of the walk; 1 when it is over. */
__attribute__((noinline)) int walk_step(void)
{
	__u32 zero = 0;
	struct walk *w = bpf_map_lookup_elem(&walk_scratch, &zero);

	if (!w)
		return 1;
	if (w->owner) {
		return !walk_owner(w);
	} else if (compat_has_bhash2() && w->address) {
		walk_address(w);
	} else if (w->bucket) {
		walk_bucket(w);
	} else if (w->sweep && w->index < w->size) {
		struct inet_bind_hashbucket *head = bind_bucket(w->table, w->index++);

		w->bucket = BPF_CORE_READ(head, chain.first);
	} else {
		w->done = 1;
		return 1;
	}
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
	table = bind_bucket(table, index);
	w->bucket = BPF_CORE_READ(table, chain.first);
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
	slots = (void *)slots + (__u64)index * bpf_core_type_size(struct udp_hslot);
	w->owner = BPF_CORE_READ(slots, head.first);
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

static __always_inline void walk_run(void)
{
	for (int i = 0; i < WALK_STEPS / WALK_ROUND; i++)
		if (walk_round())
			break;
}

/* Appends what was found in slot `i`, if anything. `r` is memory of a map: the verifier
 * knows nothing of holders_count but what is checked here. */
static __always_inline void walk_describe(const struct walk *w, struct pc_refusal *r, __u32 i)
{
	__u32 n = r->holders_count;
	struct pc_socket *h;

	if (!w->found[i] || n >= PC_HOLDERS_MAX)
		return;
	asm volatile("" : "+r"(n));
	n &= PC_HOLDERS_MAX - 1;
	h = &r->holders[n];
	read_socket(h, w->found[i]);
	h->fastreuse = (__s8)w->fastreuse[i];
	h->fastreuseport = (__s8)w->fastreuseport[i];
	r->holders_count = n + 1;
}

/* Finds the holders of r->wanted_port in the network namespace of `self`, the refused
 * socket, which is left out, as is `known` (or NULL). They are added to r->holders, their number
 * to r->holders_total. */
static __always_inline void walk_holders(struct pc_refusal *r, const struct sock *self,
					 const struct sock *known)
{
	__u32 zero = 0;
	struct walk *w = bpf_map_lookup_elem(&walk_scratch, &zero);

	if (!w)
		return;
	__builtin_memset(w, 0, sizeof(*w));
	w->self = self;
	w->known = known;
	w->net = BPF_CORE_READ(self, __sk_common.skc_net.net);
	w->port = r->wanted_port;
	w->udp = r->proto == PC_PROTO_UDP;
	w->l3mdev = w->udp ? 0 : l3mdev_of(self);
	w->reuse = r->socket.reuse;
	w->v4_wanted = *(__u32 *)r->wanted;
	w->any_wanted = r->wanted_family != PC_FAMILY_V4 || !w->v4_wanted;
	if (w->udp ? !walk_start_udp(w) : !walk_start_tcp(w)) {
		r->walk |= PC_WALK_NO_TABLE;
		return;
	}
	walk_run();
	if (!w->done)
		r->walk |= PC_WALK_TRUNCATED;
	r->holders_total += w->total;
	for (__u32 i = 0; i < PC_HOLDERS_MAX; i++)
		walk_describe(w, r, i);
}

/* Lists the cookies of all sockets in the TCP port table from index `start` on. The table
 * is one for all network namespaces. */
static __always_inline void walk_sweep(__u32 start)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct walk *w = bpf_map_lookup_elem(&walk_scratch, &zero);
	struct pc_sweep *out = bpf_map_lookup_elem(&sweep_result, &zero);
	void *empty = bpf_map_lookup_elem(&zeros, &zero);
	const struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);
	struct inet_hashinfo *info = BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);

	if (!w || !out || !empty)
		return;
	__builtin_memset(w, 0, sizeof(*w));
	out->count = out->end = 0;
	out->next = start;
	if (start == 0)
		bpf_probe_read_kernel(out->ports, sizeof(out->ports), empty);
	w->net = net;
	w->sweep = 1;
	w->index = start;
	w->table = BPF_CORE_READ(info, bhash);
	w->size = w->table ? BPF_CORE_READ(info, bhash_size) : 0;
	walk_run();
	out->end = w->done && w->size;
	/* Stopped in the middle of an index: that one again. */
	out->next = w->index - (w->bucket || w->address || w->owner);
}

#endif
