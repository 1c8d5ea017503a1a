/* SPDX-License-Identifier: GPL-2.0-only */
/* A refused call leaves a scar in its socket, by which the refusal is known at the socket's close, whether
 * or not a program saw it. No program need run at the call:
 *
 *   listen()              the length of the queue is set before the kernel looks for the port
 *   connect() of TCP      the destination is set before, and the first sequence number after
 *   connect(), send: UDP  half of the socket's hash is computed before (udp_v4_get_port()), and the half of
 *                         the port is set when the socket has one, and stays
 *
 * A socket of TCP that was connected or has ended a listen() keeps a sequence number. A refused bind() of
 * UDP leaves the same scar as a refused connect(). */
#ifndef PORTCLASH_SCAR_BPF_H
#define PORTCLASH_SCAR_BPF_H

#include "socket.bpf.h"

/* The sockets whose refusal was recorded or counted, with their cookies: their scar tells nothing new. An
 * entry ends at the close. One that falls out of the map has its refusal told twice. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64); /* struct sock * */
	__type(value, __u64);
} told_sockets SEC(".maps");

/* True once a socket without a cookie was noted. Its entry fits every later socket at the same address. */
static bool unnamed_were_told;

/* User space sets this for the pass at the start: the scars that the pass finds are of calls before it. */
bool scars_are_old = false;

static __always_inline void scar_told(const struct sock *sk)
{
	__u64 key = (__u64)sk, cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);

	if (!cookie)
		unnamed_were_told = true;
	bpf_map_update_elem(&told_sockets, &key, &cookie, BPF_ANY);
}

/* Forgets a socket that is closed without a scar. The entry of a socket with a cookie may stay. */
static __always_inline void scar_forget(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&told_sockets, &key);
}

/* Forgets whether the refusal of this socket was told, and says it. The entry of a freed socket, at the same
 * address, has another cookie. */
static __always_inline bool scar_was_told(const struct sock *sk, __u64 cookie)
{
	__u64 key = (__u64)sk, *found = bpf_map_lookup_elem(&told_sockets, &key);
	bool told = found && (!*found || *found == cookie);

	if (found)
		bpf_map_delete_elem(&told_sockets, &key);
	return told;
}

/* Did a connect() of this closed TCP socket get as far as the search for a port? IPv4 sets the destination
 * after it has found a route; IPv6 leaves the route (had_no_source()). */
static __always_inline bool scar_has_destination(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_daddr) ||
	       (BPF_CORE_READ(sk, __sk_common.skc_family) == PC_FAMILY_V6 &&
		BPF_CORE_READ(sk, sk_dst_cache));
}

static __always_inline __u8 scar_of_tcp(const struct sock *sk)
{
	if (BPF_CORE_READ((const struct tcp_sock *)sk, write_seq))
		return PC_OP_INVALID;
	if (BPF_CORE_READ(sk, sk_max_ack_backlog))
		return PC_OP_LISTEN;
	return scar_has_destination(sk) ? PC_OP_CONNECT : PC_OP_INVALID;
}

/* skc_hash is two numbers of 16 bits: the hash of the port, and before it is known that of the address. */
static __always_inline bool scar_is_on_udp(const struct sock *sk)
{
	__u32 hash;

	if (BPF_CORE_READ(sk, __sk_common.skc_num))
		return false;
	hash = BPF_CORE_READ(sk, __sk_common.skc_hash);
	return hash && !(__u16)hash;
}

/* Gives the call whose scar a socket in state CLOSE has; PC_OP_INVALID: none. */
static __noinline __u8 scar_of(const struct sock *sk, __u32 protocol)
{
	if (!sk)
		return PC_OP_INVALID;
	if (protocol == IPPROTO_TCP)
		return scar_of_tcp(sk);
	return protocol == IPPROTO_UDP && scar_is_on_udp(sk) ? PC_OP_SEND : PC_OP_INVALID;
}

/* Notes, in the pass at the start, the scar of a call that was refused before. */
static __always_inline void scar_note_old(const struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == PC_STATE_CLOSE &&
	    scar_of(sk, BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol)))
		scar_told(sk);
}

#endif
