/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket because of which the kernel refuses, taken inside the kernel's own conflict check
 * while it holds the locks of its table: the fentry and kprobe back ends only.
 *
 * The last socket for which the check says yes before it fails is the one:
 *   TCP, 6.1+                inet_bind_conflict(), both for the port's and the address's list
 *   UDP, and TCP up to 5.15  inet_rcv_saddr_equal(), the last question asked of each socket
 * The walk of the table (walk.bpf.h) comes later, without locks, and fills in the others. */
#ifndef PORTCLASH_BLOCKER_BPF_H
#define PORTCLASH_BLOCKER_BPF_H

#include "socket.bpf.h"

/* A bind() to a port by number, or a listen(), between entry and exit. */
struct check {
	const struct sock *asking;
	const struct sock *looked_at; /* kprobe: between entry and exit of the question */
	const struct sock *blocker;   /* NULL: none so far; only for comparing */
	struct pc_socket found;
};

/* By pid_tgid. One that is not kept costs the exact answer, and the walk gives it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct check);
} checks SEC(".maps");

static __always_inline void check_begin(const struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check check = { .asking = sk };

	bpf_map_update_elem(&checks, &id, &check, BPF_ANY);
}

/* At bind() to port 0 every port that is tried is checked: that says nothing. */
static __always_inline void check_begin_bind(const struct sock *sk, const void *address)
{
	struct sockaddr_in a = {};

	if (bpf_probe_read_kernel(&a, sizeof(a), address) == 0 && a.sin_port)
		check_begin(sk);
}

static __always_inline void check_begin_get_port(const struct sock *sk, __u16 port)
{
	if (port && BPF_CORE_READ(sk, __sk_common.skc_state) == PC_STATE_LISTEN)
		check_begin(sk);
}

static __always_inline void check_end(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&checks, &id);
}

/* The check under way in this thread, if it is about `asking`. */
static __always_inline struct check *check_of(const struct sock *asking)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = bpf_map_lookup_elem(&checks, &id);

	return check && check->asking == asking ? check : NULL;
}

/* The marks of its bind bucket, which say whether connect() made it. */
static __always_inline void read_bucket(struct pc_socket *s, const struct sock *sk)
{
	const struct inet_connection_sock *icsk = (const void *)sk;
	const struct inet_timewait_sock *tw = (const void *)sk;
	struct inet_bind_bucket *tb;

	tb = s->state == PC_STATE_TIME_WAIT ? BPF_CORE_READ(tw, tw_tb) :
					      BPF_CORE_READ(icsk, icsk_bind_hash);
	if (!tb)
		return;
	s->fastreuse = BPF_CORE_READ(tb, fastreuse);
	s->fastreuseport = BPF_CORE_READ(tb, fastreuseport);
}

static __noinline int check_hit(struct check *check, const struct sock *holder)
{
	if (!check)
		return 0;
	check->blocker = holder;
	read_socket(&check->found, holder);
	if (check->found.proto == PC_PROTO_TCP)
		read_bucket(&check->found, holder);
	check->found.flags |= PC_SOCKET_EXACT;
	return 0;
}

/* Both functions return bool, of which only the lowest byte is defined. */
static __always_inline void check_answer(const struct sock *asking, const struct sock *holder,
					 long ret)
{
	if ((__u8)ret)
		check_hit(check_of(asking), holder);
}

static __always_inline void check_look(const struct sock *asking, const struct sock *holder)
{
	struct check *check = check_of(asking);

	if (check)
		check->looked_at = holder;
}

static __always_inline void check_looked(long ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = bpf_map_lookup_elem(&checks, &id);

	if (!check || !check->looked_at)
		return;
	if ((__u8)ret)
		check_hit(check, check->looked_at);
	check->looked_at = NULL;
}

#endif
