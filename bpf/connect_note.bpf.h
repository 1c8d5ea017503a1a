/* SPDX-License-Identifier: GPL-2.0-only */
/* The note of a connect() is made on the cgroup hook before it, and taken away by the program at its exit.
 * No hook follows a connect() that found a port, so a note that is left may stand for either. The socket
 * shows what came of it, when the thread closes it or calls connect() again. */
#ifndef PORTCLASH_CONNECT_NOTE_BPF_H
#define PORTCLASH_CONNECT_NOTE_BPF_H

#include "late.bpf.h"

/* A note has the slot of its thread's id. Of two threads with one slot, the later one's note stays. */
#define CONNECT_NOTES 1024

struct connect_note {
	__u64 id; /* pid_tgid; 0: there is no note */
	__u64 cookie;
	__u64 time_ns; /* boot clock */
	const struct sock *sk;
	struct sockaddr_in6 to;
	__u8 proto;
	__u8 pad[3];
};

static struct connect_note connect_notes[CONNECT_NOTES];

static __always_inline struct connect_note *connect_note_slot(__u64 id)
{
	struct connect_note *note = &connect_notes[(__u32)id & (CONNECT_NOTES - 1)];

	/* The barrier keeps the compiler from computing the address anew at each use, with five instructions. */
	barrier_var(note);
	return note;
}

/* Takes the note away: a program saw the exit of this thread's connect(). */
static __always_inline void connect_note_end(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct connect_note *note = connect_note_slot(id);

	if (note->id == id)
		note->id = 0;
}

/* Takes away the note of the connect() of this UDP socket, and gives its cookie and time. False: there is none, or another
 * thread may be writing into the slot now. That thread writes the id last, and clears it first. */
static __always_inline bool connect_note_take(const struct sock *sk, __u64 id, __u64 *cookie,
					      __u64 *time_ns)
{
	struct connect_note *note = connect_note_slot(id);
	bool is_this;

	if (note->id != id)
		return false;
	is_this =
		STORES_IN_ORDER && note->sk == sk && *(volatile __u8 *)&note->proto == PC_PROTO_UDP;
	*cookie = *(volatile __u64 *)&note->cookie;
	*time_ns = *(volatile __u64 *)&note->time_ns;
	if (*(volatile __u64 *)&note->id != id)
		return false;
	note->id = 0;
	return is_this;
}

/* Was this connect() refused for want of a port? Then its socket is closed and has none. It has the
 * destination, which IPv4 sets after the route was found; IPv6 leaves the route (see had_no_source()). */
static __always_inline bool connect_note_is_refused(const struct connect_note *note)
{
	const struct sock *sk = note->sk;
	const __u64 *halves = (const void *)note->to.sin6_addr;
	const __u32 *words = (const void *)note->to.sin6_addr;
	const struct sockaddr_in *v4 = (const void *)&note->to;
	__u64 daddr[2] = {};

	if (BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) != note->cookie ||
	    BPF_CORE_READ(sk, __sk_common.skc_num) ||
	    BPF_CORE_READ(sk, __sk_common.skc_state) != PC_STATE_CLOSE)
		return false;
	if (note->proto == PC_PROTO_UDP)
		return scar_is_on_udp(sk);
	if (note->to.sin6_family == PC_FAMILY_V4)
		return v4->sin_addr && BPF_CORE_READ(sk, __sk_common.skc_daddr) == v4->sin_addr;
	if (!words[0] && !words[1] && words[2] == __builtin_bswap32(0xffff))
		return words[3] && BPF_CORE_READ(sk, __sk_common.skc_daddr) == words[3];
	compat_v6_remote(daddr, &sk->__sk_common);
	return daddr[0] == halves[0] && daddr[1] == halves[1] && BPF_CORE_READ(sk, sk_dst_cache);
}

/* Settles the note that this thread's last connect() has left, if it has. */
GLOBAL int connect_note_settle(__u64 id)
{
	struct connect_note *note = connect_note_slot(id);
	struct late_call call = {};

	if (note->id != id)
		return 0;
	note->id = 0;
	if (!connect_note_is_refused(note))
		return 0;
	call.sk = note->sk;
	call.cookie = note->cookie;
	call.time_ns = note->time_ns;
	call.wanted = note->to;
	call.op = PC_OP_CONNECT;
	call.proto = note->proto;
	return late_tell_call(&call);
}

/* Makes the note of a connect(), by a socket without a port. */
static __always_inline void connect_note_begin(struct bpf_sock_addr *ctx, __u64 cookie, __u64 id,
					       __u64 time_ns, bool is_v6)
{
	struct connect_note *note = connect_note_slot(id);
	struct bpf_sock *known = ctx->sk;
	struct sockaddr_in *v4 = (void *)&note->to;
	__u32 *words = (void *)note->to.sin6_addr;

	if (note->id)
		connect_note_settle(id);
	note->id = 0;
	/* From a map, it is a number again, from which a probe may read. */
	note->sk = (const struct sock *)known;
	note->cookie = cookie;
	note->time_ns = time_ns;
	note->proto = protocol_of(ctx->protocol);
	note->to.sin6_family = is_v6 ? PC_FAMILY_V6 : PC_FAMILY_V4;
	note->to.sin6_port = ctx->user_port;
	if (is_v6) {
		words[0] = ctx->user_ip6[0];
		words[1] = ctx->user_ip6[1];
		words[2] = ctx->user_ip6[2];
		words[3] = ctx->user_ip6[3];
	} else {
		v4->sin_addr = ctx->user_ip4;
	}
	note->id = id;
}

/* Sees that this thread closes a socket: its connect() is over. */
static __always_inline void connect_note_release(__u64 id)
{
	if (connect_note_slot(id)->id == id)
		connect_note_settle(id);
}

#endif
