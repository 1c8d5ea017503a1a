/* SPDX-License-Identifier: GPL-2.0-only */
/* The program on a socket's close tells the refusals that no program saw: of connect() by its note
 * (connect_note.bpf.h), of connect(), listen() and sends by their scar (scar.bpf.h). The kernel always runs
 * it. The process is then the one that closes the socket, which is mostly the one that was refused. */
#ifndef PORTCLASH_RELEASE_BPF_H
#define PORTCLASH_RELEASE_BPF_H

#include "connect_note.bpf.h"
#include "hooks_kprobe.bpf.h"

/* Takes the address from the socket. The port of a destination is gone. */
static __always_inline void release_wanted(struct sockaddr_in6 *wanted, const struct sock *sk,
					   __u8 op)
{
	struct sockaddr_in *v4 = (void *)wanted;

	wanted->sin6_family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (op == PC_OP_LISTEN)
		wanted->sin6_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_num));
	if (op != PC_OP_CONNECT)
		return;
	if (wanted->sin6_family == PC_FAMILY_V6)
		compat_v6_remote(wanted->sin6_addr, &sk->__sk_common);
	else
		v4->sin_addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
}

/* Tells the refusal, unless it was told. A bind() of UDP whose note is left tells for itself. */
static __noinline int release_tell(const struct sock *sk, __u64 cookie, __u8 op, __u8 proto)
{
	struct late_call call = { .sk = sk, .cookie = cookie, .op = op, .proto = proto };

	if (!sk || scar_was_told(sk, cookie) || note_has_socket(sk, cookie))
		return 0;
	probe_forget(PROBED_CONNECT);
	probe_forget(PROBED_LISTEN);
	probe_forget(PROBED_AUTOBIND);
	if (by_kernel_thread()) {
		stat_count(PC_STAT_NOT_RUN);
		return 0;
	}
	call.time_ns = bpf_ktime_get_boot_ns();
	release_wanted(&call.wanted, sk, op);
	late_tell_call(&call);
	scar_was_told(sk, cookie);
	return 0;
}

/* Takes the close of a socket. Of a raw socket nothing is known, whatever its protocol. A socket whose claim is in the log can
 * have a scar all the same: it may have given its port back since. */
static __always_inline void release_look(struct bpf_sock *ctx)
{
	bool may_have_scar = ctx->state == PC_STATE_CLOSE && ctx->type != SOCK_RAW;
	const struct sock *copy;
	__u32 protocol = ctx->protocol;
	__u8 op;

	connect_note_release();
	log_release(ctx);
	if (!may_have_scar && !unnamed_were_told)
		return;
	copy = sock_of(ctx);
	op = may_have_scar ? scar_of(copy, protocol) : PC_OP_INVALID;
	if (op)
		release_tell(copy, bpf_get_socket_cookie(ctx), op, protocol_of(protocol));
	else if (unnamed_were_told)
		scar_forget(copy);
}

#endif
