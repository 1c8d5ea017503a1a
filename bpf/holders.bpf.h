/* SPDX-License-Identifier: GPL-2.0-only */
/* The holders of one port in one network namespace, those worth naming first. */
#ifndef PORTCLASH_HOLDERS_BPF_H
#define PORTCLASH_HOLDERS_BPF_H

#include "l3mdev.bpf.h"
#include "walk.bpf.h"

/* How much a holder is worth naming, when there are more than fit. */
enum rank { RANK_OTHER, RANK_BLOCKING, RANK_LISTEN };

/* A coarse order only; user space decides exactly what blocks. */
static __always_inline enum rank holders_rank(const struct walk *w, const struct sock *sk)
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
static __always_inline __u32 holders_slot(struct walk *w, enum rank rank)
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

static __always_inline void holders_take(struct walk *w, const struct sock *sk)
{
	__u32 slot;

	if (sk == w->self || sk == w->known)
		return;
	w->total++;
	slot = holders_slot(w, holders_rank(w, sk));
	if (slot >= PC_HOLDERS_MAX)
		return;
	/* The verifier does not see the bound through the register copies before it. */
	asm volatile("" : "+r"(slot));
	slot &= PC_HOLDERS_MAX - 1;
	w->found[slot] = sk;
	w->fastreuse[slot] = w->tb_fastreuse;
	w->fastreuseport[slot] = w->tb_fastreuseport;
}

/* Is it the bucket of the port that was asked for? */
static __always_inline bool holders_enter(struct walk *w, const struct inet_bind_bucket *tb)
{
	if (BPF_CORE_READ(tb, port) != w->port || BPF_CORE_READ(tb, ib_net.net) != w->net)
		return false;
	if (w->l3mdev != L3MDEV_UNKNOWN && BPF_CORE_READ(tb, l3mdev) != w->l3mdev)
		return false;
	walk_read_reuse(w, tb);
	return true;
}

static __always_inline void holders_visit(struct walk *w, const struct sock *sk)
{
	/* A slot of the UDP table has other ports and namespaces, too. */
	if (w->udp && (BPF_CORE_READ(sk, __sk_common.skc_net.net) != w->net ||
		       BPF_CORE_READ(sk, __sk_common.skc_num) != w->port))
		return;
	holders_take(w, sk);
}

/* A refusal is put together here, because its length is not known before its end. The pointers are
 * kept here to be passed on: global functions take numbers only. */
struct refusing {
	struct pc_refusal record;
	const struct sock *self;  /* the refused socket */
	const struct sock *known; /* the holder that is in the record already, or NULL */
};

SCRATCH(refusal_scratch, struct refusing);

/* Appends what was found in slot `i`, if anything. The verifier knows nothing of holders_count but
 * what is checked here. */
__attribute__((noinline)) int holders_describe(__u32 i)
{
	struct walk *w = scratch_of(&walk_scratch);
	struct refusing *refusing = scratch_of(&refusal_scratch);
	struct pc_refusal *r = &refusing->record;
	struct pc_socket *h;
	__u32 n;

	if (!w || !refusing || i >= PC_HOLDERS_MAX || r->holders_count >= PC_HOLDERS_MAX ||
	    !w->found[i])
		return 0;
	n = r->holders_count;
	asm volatile("" : "+r"(n));
	n &= PC_HOLDERS_MAX - 1;
	h = &r->holders[n];
	read_socket(h, w->found[i]);
	h->fastreuse = (__s8)w->fastreuse[i];
	h->fastreuseport = (__s8)w->fastreuseport[i];
	r->holders_count = n + 1;
	return 0;
}

static __always_inline void holders_walk(struct pc_refusal *r, struct walk *w)
{
	if (w->udp ? !walk_start_udp(w) : !walk_start_tcp(w)) {
		r->walk |= PC_WALK_NO_TABLE;
		return;
	}
	walk_run();
	if (!w->done)
		r->walk |= PC_WALK_TRUNCATED;
	r->holders_total += w->total;
	for (__u32 i = 0; i < PC_HOLDERS_MAX; i++)
		holders_describe(i);
}

/* Finds the holders of `port` in the network namespace of the refused socket, which is left out, as
 * is the one that is known. They are added to the holders of the refusal that this thread is putting
 * together, their number to its holders_total. Global: see walk_round(). */
__attribute__((noinline)) int holders_find(__u32 port)
{
	struct refusing *refusing = scratch_of(&refusal_scratch);
	struct walk *w = scratch_take(&walk_scratch);
	struct pc_refusal *r;
	const struct sock *sk;

	if (!refusing)
		return 0;
	r = &refusing->record;
	sk = refusing->self;
	if (!w) {
		r->walk |= PC_WALK_NO_TABLE;
		return 0;
	}
	w->self = sk;
	w->known = refusing->known;
	w->net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	w->port = (__u16)port;
	w->udp = r->proto == PC_PROTO_UDP;
	w->l3mdev = w->udp ? 0 : l3mdev_of((__u64)sk);
	w->reuse = r->socket.reuse;
	w->v4_wanted = *(__u32 *)r->wanted;
	w->any_wanted = r->wanted_family != PC_FAMILY_V4 || !w->v4_wanted;
	holders_walk(r, w);
	scratch_give_back(&walk_scratch);
	return 0;
}

#endif
