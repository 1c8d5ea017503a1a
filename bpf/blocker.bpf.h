/* SPDX-License-Identifier: GPL-2.0-only */
/* The blocker is the socket because of which the kernel refuses. These functions take it down
 * inside the kernel's own conflict check, while the kernel holds the locks of its table. Only the
 * fentry and kprobe back ends have them.
 *
 * The blocker is the last socket for which the check says yes before it fails. The check asks
 *
 *   TCP, 6.1+                inet_bind_conflict(), for the list of the port and that of the address
 *   UDP, and TCP up to 5.15  inet_rcv_saddr_equal(), the last question asked of each socket
 *
 * The walk of the table (walk.bpf.h) comes later, without locks, and finds the other holders. */
#ifndef PORTCLASH_BLOCKER_BPF_H
#define PORTCLASH_BLOCKER_BPF_H

#include "check_slot.bpf.h"
#include "socket.bpf.h"

/* The threads whose bind() found no room for its check: its exit records what is to be recorded, as far as
 * the kernel runs it. A user can fill the map, with thousands of threads that wait for the lock of one socket
 * in bind(). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u8);
} unchecked_binds SEC(".maps");

static bool some_unchecked;

static __always_inline void check_is_missing(__u64 id)
{
	__u8 one = 1;

	some_unchecked = true;
	bpf_map_update_elem(&unchecked_binds, &id, &one, BPF_ANY);
}

/* Has a program on a cgroup hook recorded the claim of this thread's bind()? It has ended the check then. */
static __always_inline bool check_was_claimed(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (check_find(id))
		return false;
	return !some_unchecked || bpf_map_delete_elem(&unchecked_binds, &id);
}

static __always_inline void check_begin(const struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);

	/* The note of a bind() whose refusal is still to be told stays. */
	if (check && check->note.net)
		return;
	check = check_make(id);
	if (check)
		check->asking = sk;
}

/* Begins a check at bind(). A bind() to port 0 checks every port that the kernel tries, which says
 * nothing. */
static __always_inline void check_begin_bind(const struct sock *sk, const void *address)
{
	struct sockaddr_in a = {};

	if (bpf_probe_read_kernel(&a, sizeof(a), address) == 0 && a.sin_port)
		check_begin(sk);
}

/* The threads in bind(), where no program on a cgroup hook begins a check: each in the slot of its id's low bits. A bind() that
 * is not refused has no check: the check begins with the first socket that says yes. Of two threads with one slot the
 * earlier one has no check; the walk names its holder. */
#define BIND_CALLS 1024

static struct bind_call {
	__u64 id;	     /* pid_tgid; 0: none */
	const void *address; /* as the kernel copied it */
} bind_calls[BIND_CALLS];

static __always_inline struct bind_call *bind_call_slot(__u64 id)
{
	return &bind_calls[(__u32)id & (BIND_CALLS - 1)];
}

static __always_inline void bind_call_begin(const void *address)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct bind_call *call = bind_call_slot(id);

	call->address = address;
	call->id = id;
}

static __always_inline void bind_call_end(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct bind_call *call = bind_call_slot(id);

	if (call->id == id)
		call->id = 0;
}

static __always_inline void bind_hit(const struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct bind_call *call = bind_call_slot(id);

	if (call->id == id)
		check_begin_bind(sk, call->address);
}

/* Begins the check of a listen() with the first socket that says yes: one that is not refused has no check. Only a listen()
 * compares a socket in LISTEN. One without a port tries every port, which says nothing. */
static __always_inline void listen_hit(const struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == PC_STATE_LISTEN &&
	    BPF_CORE_READ(sk, __sk_common.skc_num))
		check_begin(sk);
}

static __always_inline void check_begin_listen(const struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_num))
		check_begin(sk);
}

/* Ends the check of this thread, and takes away the note of its bind(). False: somebody else did. */
static __always_inline bool check_end(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);
	bool noted = check && check->note.net;

	if (!check || !check_drop(id))
		return false;
	if (noted)
		note_ended();
	return true;
}

/* Ends the check of a listen(), which makes no note. */
static __always_inline void check_end_listen(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);

	if (check && !check->note.net)
		check_drop(id);
}

/* Finds the check of this thread's bind() that a program on a cgroup hook began. NULL: the kernel did not
 * get as far, or there was no room. Its note has the address that the kernel acts by: the argument is the
 * user's memory, where another thread can change it at any time. */
static __always_inline struct check *check_from_hook(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);

	return check && check->note.proto ? check : NULL;
}

/* Finds the check of this thread that has the note of a bind(). */
static __always_inline struct check *check_noted(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);

	return check && check->note.net ? check : NULL;
}

static __always_inline bool note_is_of(__u64 id, const struct sock *sk, __u64 cookie)
{
	struct check *check = check_find(id);

	return check && check->note.net && check->asking == sk && check->note.cookie == cookie;
}

/* Has this socket the note of a bind(), by whatever thread? It is mostly the current one. Of two sockets with one slot, the
 * later one is found by the slot. */
static __noinline bool note_has_socket(const struct sock *sk, __u64 cookie)
{
	const struct noted_socket *noted = noted_socket_slot((__u64)sk);
	__u64 id = bpf_get_current_pid_tgid();

	if (note_is_of(id, sk, cookie))
		return true;
	return noted->sk == (__u64)sk && note_is_of(noted->id, sk, cookie);
}

/* Finds the check under way in this thread, if it is about `asking`. */
static __always_inline struct check *check_of(const struct sock *asking)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);

	return check && check->asking == asking ? check : NULL;
}

/* Reads the marks of the socket's bind bucket, which say whether connect() made the bucket. */
static __always_inline void check_read_bucket(struct pc_socket_record *s, const struct sock *sk)
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
	__builtin_memset(&check->found, 0, sizeof(check->found));
	socket_read(&check->found, holder);
	if (check->found.proto == PC_PROTO_TCP)
		check_read_bucket(&check->found, holder);
	check->found.flags |= PC_SOCKET_EXACT;
	return 0;
}

/* Takes the answer for one socket. Both questions return bool, of which only the lowest byte is
 * defined. */
static __always_inline void check_answered(const struct sock *asking, const struct sock *holder,
					   long ret)
{
	struct check *check;

	if (!(__u8)ret)
		return;
	check = check_of(asking);
	if (!check) {
		listen_hit(asking);
		bind_hit(asking);
		check = check_of(asking);
	}
	check_hit(check, holder);
}

static __always_inline void check_compare(const struct sock *asking, const struct sock *holder)
{
	struct check *check = check_of(asking);

	if (check)
		check->compared = holder;
}

static __always_inline void check_compared(long ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);

	if (!check || !check->compared)
		return;
	if ((__u8)ret)
		check_hit(check, check->compared);
	check->compared = NULL;
}

#endif
