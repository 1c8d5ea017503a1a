/* SPDX-License-Identifier: GPL-2.0-only */
/* This header records claims: a socket obtained a local port. */
#ifndef PORTCLASH_CLAIM_BPF_H
#define PORTCLASH_CLAIM_BPF_H

#include "claim_log.bpf.h"
#include "ended.bpf.h"
#include "process.bpf.h"
#include "share.bpf.h"
#include "socket.bpf.h"

/* The program looks how full the ring is at one claim in so many. It counts claims without a lock: a lost count only
 * delays the look. */
#define CLAIMS_PER_LOOK 16

static __u32 claims_counted;

struct claim_args {
	__u64 cookie;
	__u32 netns;
	__u16 port;
	__u8 how;
	__u8 proto;
	__u8 family;
	__u8 flags;
};

/* Gives the key by which the claim of this socket is found again: its cookie. A subflow of MPTCP is
 * made by the kernel and has none; its key is the cookie of the socket that the process has
 * open. */
static __always_inline __u64 claim_cookie(const struct sock *sk)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);

	return cookie ? cookie : BPF_CORE_READ(sk, sk_socket, sk, __sk_common.skc_cookie.counter);
}

/* Is this a socket of the kernel's own (NFS, tunnels)? Such a socket has no file, and the process
 * that happened to set it up is not its owner. */
static __always_inline bool is_kernel_socket(const struct sock *sk)
{
	return !BPF_CORE_READ(sk, sk_socket, file);
}

/* The part of a claim that is about the current process. */
struct claimer {
	struct pc_process_key key;
	__u64 time_ns; /* boot clock */
	__u32 tid;
	bool is_sent; /* the record of the process */
};

/* Fills in the claim, but for its comm. There are only stores. */
static __always_inline void claim_fill(struct pc_claim_record *c, const struct claim_args *a,
				       const struct claimer *by)
{
	c->header.type = PC_RECORD_CLAIM;
	c->header.size = sizeof(*c);
	c->time_ns = by->time_ns;
	c->cookie = a->cookie;
	c->process = by->key;
	c->tid = by->tid;
	c->netns = a->netns;
	c->port = a->port;
	c->how = a->how;
	c->proto = a->proto;
	c->family = a->family;
	c->flags = a->flags;
	c->pad[0] = c->pad[1] = 0;
}

/* Wakes the reader, with a record that it never sees. */
static __noinline int claim_wake(void)
{
	void *nothing = bpf_ringbuf_reserve(&claims, sizeof(__u64), 0);

	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* Writes the claim into the log. False: there is no room. */
static __always_inline bool claim_log(const struct claim_args *a, const struct claimer *by)
{
	struct pc_log_part *part;
	struct pc_logged_claim *c = log_begin(a->cookie, &part);

	if (!c)
		return false;
	c->time_ns = by->time_ns;
	c->cookie = a->cookie;
	c->process = by->key;
	c->tid = by->tid;
	c->netns = a->netns;
	c->ended = 0;
	c->port = a->port;
	c->how = a->how;
	c->proto = a->proto;
	c->family = a->family;
	c->flags = a->flags;
	c->taken = 0;
	if (log_finish(part))
		claim_wake();
	return true;
}

/* Writes the claim into the ring. */
static __always_inline void claim_submit(const struct claim_args *a, const struct claimer *by)
{
	char comm[PC_COMM_LEN] = {};
	struct pc_claim_record *c;

	/* The record of the process has the name. The claim carries it only if that record was
	 * lost. */
	if (!by->is_sent)
		bpf_get_current_comm(comm, sizeof(comm));
	/* From reserving to submitting there are only stores: the reader waits for this record
	 * before it reads the next. */
	c = bpf_ringbuf_reserve(&claims, sizeof(*c), 0);
	if (!c) {
		stat_count(PC_STAT_CLAIMS_LOST);
		return;
	}
	claim_fill(c, a, by);
	__builtin_memcpy(c->comm, comm, sizeof(c->comm));
	bpf_ringbuf_submit(c,
			   ++claims_counted % CLAIMS_PER_LOOK ? BPF_RB_NO_WAKEUP : claims_flags());
}

/* May this claim be recorded? If not, it is counted. */
static __always_inline bool claim_is_admitted(const struct claim_args *a)
{
	if (!a->cookie) {
		stat_count(PC_STAT_COOKIES_MISSING);
		return false;
	}
	if (!share_admits_current(sizeof(struct pc_claim_record), true)) {
		stat_count(PC_STAT_OVER_SHARE);
		return false;
	}
	return true;
}

/* Writes the claim into the log or into the ring. */
static __always_inline void claim_write(const struct claim_args *a, const struct claimer *by)
{
	if (log_may_have(a->port, a->flags)) {
		if (by->is_sent && log_is_quiet(by->time_ns) && claim_log(a, by))
			return;
		log_end(a->cookie);
	}
	claim_submit(a, by);
}

/* Records a claim that the current process made at this time, in the thread `id`. `direct`: see compat_direct(). */
static __always_inline void claim_record_at(const struct claim_args *a, __u64 id, __u64 time_ns,
					    bool direct)
{
	struct claimer by;

	by.time_ns = time_ns;
	by.tid = (__u32)id;
	/* A claim by a kernel thread says nothing about a process. */
	if (!process_key_current(&by.key, id, direct) || !claim_is_admitted(a))
		return;
	if (a->how == PC_HOW_BIND || a->how == PC_HOW_BIND_ZERO)
		end_note_binder(&by.key, by.time_ns);
	by.is_sent = process_note(&by.key);
	claim_write(a, &by);
}

static __always_inline void claim_record_by(const struct claim_args *a, bool direct)
{
	claim_record_at(a, bpf_get_current_pid_tgid(), bpf_ktime_get_boot_ns(), direct);
}

static __always_inline void claim_record(const struct claim_args *a)
{
	claim_record_by(a, false);
}

/* May this listen() have given the socket its port, as a bind() to port 0 would? After it, a socket does not show whether it
 * had a port before, only whether it had asked for one by number (PC_LOCK_PORT). */
static __always_inline bool listen_may_autobind(const struct sock *sk)
{
	return !(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & PC_LOCK_PORT);
}

/* Records the claim, unless it is one of a listen() (PC_CLAIM_IF_NEW) whose socket has its claim in the log. */
static __always_inline void claim_unless_known(const struct claim_args *a, bool direct)
{
	if (!(a->flags & PC_CLAIM_IF_NEW) || !log_has(a->cookie, a->port))
		claim_record_by(a, direct);
}

/* The three functions read fields of a socket that is a BTF pointer if the kernel has BTF. */
static __always_inline __u16 sock_family(const struct sock *sk)
{
	return COMPAT_LOAD(sk->__sk_common.skc_family, BPF_CORE_READ(sk, __sk_common.skc_family));
}

static __always_inline __u32 sock_netns(const struct sock *sk)
{
	return COMPAT_LOAD(sk->__sk_common.skc_net.net->ns.inum,
			   BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum));
}

static __always_inline __u16 sock_port(const struct sock *sk)
{
	return COMPAT_LOAD(sk->__sk_common.skc_num, BPF_CORE_READ(sk, __sk_common.skc_num));
}

/* Is this TCP on a socket of a process? See is_kernel_socket(). */
static __always_inline bool is_users_tcp(const struct sock *sk)
{
	__u16 protocol = COMPAT_LOAD(BPF_CORE_READ_BITFIELD(sk, sk_protocol),
				     BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
	struct socket *socket;

	if (protocol_of(protocol) != PC_PROTO_TCP)
		return false;
	if (!kernel_types)
		return !is_kernel_socket(sk);
	socket = sk->sk_socket;
	return socket && socket->file;
}

/* Records the claim of a connect() that is about to be given a port. A client that bound its port
 * made its claim at bind(). `sk` is a BTF pointer if the kernel has BTF. */
static __always_inline void claim_connect(struct sock *sk, __u64 cookie, __u64 id, __u64 time_ns,
					  bool direct)
{
	struct claim_args a = {
		.cookie = cookie,
		.family = sock_family(sk),
		.proto = PC_PROTO_TCP,
		.how = PC_HOW_CONNECT,
		.flags = PC_CLAIM_PORT_LATER,
	};

	if (sock_port(sk) || !family_watched(a.family) || !is_users_tcp(sk))
		return;
	a.netns = sock_netns(sk);
	claim_record_at(&a, id, time_ns, direct);
}

/* Records the claim of a UDP socket that was given a port without a bind(), at this time and in the thread `id`. `sk` is a
 * BTF pointer, as above. connect() chooses the address after the port, so both ends come later. */
static __always_inline void claim_autobind(struct sock *sk, __u64 cookie, __u64 id, __u64 time_ns,
					   bool direct)
{
	struct claim_args a = {
		.cookie = cookie,
		.port = sk->__sk_common.skc_num,
		.family = sk->__sk_common.skc_family,
		.proto = PC_PROTO_UDP,
		.how = PC_HOW_AUTOBIND,
	};
	struct socket *socket = sk->sk_socket;

	if (!a.port || !socket || !socket->file || !family_watched(a.family))
		return;
	a.netns = sk->__sk_common.skc_net.net->ns.inum;
	claim_record_at(&a, id, time_ns, direct);
}

/* Records the claim of a bind() that succeeded. __inet_bind() marks a socket that asked for its port by number. False: there is
 * no claim, as of a socket of the kernel's own. `sk` is a BTF pointer, as above. */
static __noinline int claim_bound(struct sock *sk, __u64 cookie)
{
	struct claim_args a = {
		.cookie = cookie,
		.port = sk->__sk_common.skc_num,
		.family = sk->__sk_common.skc_family,
		.proto = protocol_of(BPF_CORE_READ_BITFIELD(sk, sk_protocol)),
		.how = BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & PC_LOCK_PORT ? PC_HOW_BIND :
										 PC_HOW_BIND_ZERO,
	};
	struct socket *socket = sk->sk_socket;

	/* With IP_BIND_ADDRESS_NO_PORT, bind() took an address only. */
	if (!a.port || !a.proto || sk->sk_type == SOCK_RAW || !socket || !socket->file ||
	    !family_watched(a.family))
		return false;
	a.netns = sk->__sk_common.skc_net.net->ns.inum;
	claim_record_by(&a, compat_direct());
	return true;
}

static __noinline int endpoints_record(const struct sock *sk, __u64 cookie, __u8 state, __u8 closed)
{
	struct pc_endpoints_record *e;
	struct pc_socket_record s = {};

	if (!sk)
		return 0;
	socket_read(&s, sk);
	/* The current process need not have to do with it. */
	e = !share_is_pressed || share_admits(sizeof(*e), s.uid, 0, false) ?
		    bpf_ringbuf_reserve(&claims, sizeof(*e), 0) :
		    NULL;
	if (!e) {
		stat_count(PC_STAT_ENDPOINTS_LOST);
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->header.type = PC_RECORD_ENDPOINTS;
	e->header.size = sizeof(*e);
	e->cookie = cookie;
	__builtin_memcpy(e->local, s.local, sizeof(e->local));
	__builtin_memcpy(e->remote, s.remote, sizeof(e->remote));
	e->lport = s.lport;
	e->rport = s.rport;
	e->family = s.family;
	e->state = state;
	e->own_netns = s.netns == config.monitor_netns;
	e->closed = closed;
	/* An event on a protected port, or the end of a listener, wakes the reader at once. */
	bpf_ringbuf_submit(e, is_protected(s.lport) || closed == PC_ENDPOINTS_LISTENER_ENDED ?
				      BPF_RB_FORCE_WAKEUP :
				      claims_flags());
	return 0;
}

/* Records both ends of a claim, if a sink prints claims, or the port is protected or was refused to
 * somebody. */
static __always_inline void claim_endpoints_on(__u16 port, const struct sock *sk, __u64 cookie,
					       __u8 state)
{
	if (config.with_endpoints || is_protected(port) || refused_ports[port])
		endpoints_record(sk, cookie, state, 0);
}

static __always_inline void claim_endpoints(const struct sock *sk, __u64 cookie, __u8 state)
{
	claim_endpoints_on(BPF_CORE_READ(sk, __sk_common.skc_num), sk, cookie, state);
}

#endif
