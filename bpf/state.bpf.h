/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP state changes: connect() as the tracepoint back end sees it where no cgroup programs can be
 * attached (autobind.bpf.h), and for all back ends the moment when both ends of a connection are known (--claims).
 *
 * CLOSE to SYN_SENT is the one change that runs in the caller's context. The kernel's choice
 * of a port comes after it, so skc_num is 0 when the kernel is going to choose; the port
 * itself is read when the holder is, or from the next change if a sink wants it. The
 * tracepoint's own `sport` is stale on a reused socket and is not used. */
#ifndef PORTCLASH_STATE_BPF_H
#define PORTCLASH_STATE_BPF_H

#include "claim.bpf.h"

/* User space forgets the port again if the kernel cannot choose it.
 * A port that the kernel chose is given back before this (tcp_set_state()); one that was asked for
 * by number, after it. */
static __always_inline void state_listener_ended(struct sock *sk)
{
	__u16 port = sk->__sk_common.skc_num;

	if (!port || !family_watched(sk->__sk_common.skc_family) ||
	    sk->__sk_common.skc_net.net->ns.inum != config.monitor_netns)
		return;
	/* At once: the next client can be given it before user space knows. */
	protected_ports[port] = 1;
	endpoints_record(sk, claim_cookie(sk), PC_STATE_LISTEN, 1);
}

static __always_inline void state_change(struct sock *sk, int oldstate, int newstate)
{
	if (oldstate == PC_STATE_CLOSE && newstate == PC_STATE_SYN_SENT) {
		if (claims_by_state)
			claim_connect(sk, compat_cookie(sk), compat_direct());
	} else if ((config.with_endpoints || config.with_protected) &&
		   oldstate == PC_STATE_SYN_SENT) {
		claim_endpoints(sk, claim_cookie(sk), newstate);
	} else if (config.with_protected && oldstate == PC_STATE_LISTEN) {
		state_listener_ended(sk);
	}
}

#endif
