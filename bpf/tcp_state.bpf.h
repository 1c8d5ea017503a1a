/* SPDX-License-Identifier: GPL-2.0-only */
/* The program on TCP changes of state does two things. Where no cgroup programs can be attached
 * (cgroup_hook.bpf.h), it shows connect() to the tracepoint back end. For all back ends, it tells
 * when both ends of a connection are known (--claims).
 *
 * CLOSE to SYN_SENT is the one change that runs in the caller's context. The kernel chooses a port
 * after it, so skc_num is 0 when the kernel is going to choose. The port itself is read when the
 * holder is, or at the next change if a sink wants the port. The tracepoint's own `sport` is stale
 * on a reused socket and is not used. */
#ifndef PORTCLASH_TCP_STATE_BPF_H
#define PORTCLASH_TCP_STATE_BPF_H

#include "claim.bpf.h"

/* Reports the end of a listener; user space forgets its port again if the kernel cannot choose it.
 * A port that the kernel chose is given back before this change (tcp_set_state()), and one that was
 * asked for by number after it. */
static __always_inline void tcp_state_listener_ended(struct sock *sk)
{
	__u16 port = sock_port(sk);

	if (!port || !family_watched(sock_family(sk)) || sock_netns(sk) != config.monitor_netns)
		return;
	/* The port is protected here and now: the kernel can give it to the next client before user
	 * space knows. */
	protected_ports[port] = 1;
	endpoints_record(sk, claim_cookie(sk), PC_STATE_LISTEN, PC_ENDPOINTS_LISTENER_ENDED);
}

#define SHUTDOWN_MASK 3 /* include/net/sock.h */

/* A socket that asked for its port by number keeps it until close(): a listener that is shut down or destroyed (ss -K)
 * or whose listen() fails, a client whose connection fails or is reset. It can listen or connect again. close() sets
 * sk_shutdown before the state (__tcp_close()), tcp_done() after it. */
static __always_inline bool tcp_state_keeps_port(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_shutdown) != SHUTDOWN_MASK &&
	       BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & PC_LOCK_PORT;
}

/* Reports the end of a socket to the flight recorder, or that it listens: then its end will be reported. An accepted
 * connection has no cookie unless somebody asked for it, and has made no claim. */
static __always_inline void tcp_state_recorded(struct sock *sk, int oldstate, int newstate)
{
	__u64 cookie = claim_cookie(sk);
	__u8 what = PC_ENDPOINTS_ENDED;

	if (!cookie || !family_watched(sock_family(sk)))
		return;
	if (newstate == PC_STATE_LISTEN)
		what = PC_ENDPOINTS_LISTENS;
	else if (tcp_state_keeps_port(sk))
		what = PC_ENDPOINTS_KEEPS_PORT;
	endpoints_record(sk, cookie, oldstate, what);
}

static __always_inline void tcp_state_change(struct sock *sk, int oldstate, int newstate)
{
	if (oldstate == PC_STATE_CLOSE && newstate == PC_STATE_SYN_SENT) {
		if (claims_by_state)
			claim_connect(sk, compat_cookie(sk), bpf_get_current_pid_tgid(),
				      bpf_ktime_get_boot_ns(), compat_direct());
	} else if ((config.with_endpoints || config.with_protected) &&
		   oldstate == PC_STATE_SYN_SENT) {
		claim_endpoints(sk, claim_cookie(sk), newstate);
	} else if (config.with_protected && oldstate == PC_STATE_LISTEN) {
		tcp_state_listener_ended(sk);
	}
	if (config.with_ends && (newstate == PC_STATE_CLOSE || newstate == PC_STATE_LISTEN))
		tcp_state_recorded(sk, oldstate, newstate);
}

#endif
