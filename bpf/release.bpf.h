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
static __always_inline int release_tell(const struct sock *sk, __u64 cookie, __u8 op, __u8 proto)
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

/* Has the socket a port? The kernel does not let the program load that of the context, which is the socket itself. */
static __always_inline bool release_has_port(struct bpf_sock *ctx)
{
	__u16 port = 0;

	bpf_probe_read_kernel(&port, sizeof(port),
			      (void *)ctx + bpf_core_field_offset(struct sock_common, skc_num));
	return port;
}

/* Can the socket have a scar? Of a raw socket nothing is known, whatever its protocol. A socket whose claim is in the log can
 * have one all the same: it may have given its port back since. */
static __always_inline bool release_may_have_scar(struct bpf_sock *ctx)
{
	if (ctx->state != PC_STATE_CLOSE || ctx->type == SOCK_RAW)
		return false;
	return ctx->protocol != IPPROTO_UDP || !release_has_port(ctx);
}

static __noinline int release_look_closely(struct bpf_sock *ctx, bool may_have_scar)
{
	const struct sock *copy = sock_of(ctx, bpf_get_current_pid_tgid());
	__u32 protocol = ctx->protocol;
	__u8 op = may_have_scar ? scar_of(copy, protocol) : PC_OP_INVALID;

	if (op)
		release_tell(copy, bpf_get_socket_cookie(ctx), op, protocol_of(protocol));
	else if (unnamed_were_told)
		scar_forget(copy);
	return 0;
}

/* Takes the close of a socket. */
static __always_inline void release_look(struct bpf_sock *ctx)
{
	bool may_have_scar;

	connect_note_release(bpf_get_current_pid_tgid());
	log_release(ctx);
	may_have_scar = release_may_have_scar(ctx);
	if (may_have_scar || unnamed_were_told)
		release_look_closely(ctx, may_have_scar);
}

#endif
