/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs on cgroup hooks see bind() before the kernel decides, and after it has allowed the bind().
 * The first makes a note (bind_note.bpf.h), the second takes it away and records the claim. */
#ifndef PORTCLASH_BIND_HOOK_BPF_H
#define PORTCLASH_BIND_HOOK_BPF_H

#include "late.bpf.h"

/* The socket of a bind(), and what the note needs of it. */
struct bind_hook_socket {
	const struct sock *sk;
	const struct net *net;
	__u32 netns;
	bool is_kernels;
};

/* Looks at the socket: of TCP by plain loads, where the kernel has BTF, else by probes. */
static __always_inline void bind_hook_look(struct bpf_sock *known, __u32 protocol,
					   struct bind_hook_socket *out)
{
	struct tcp_sock *tcp =
		kernel_types && protocol == IPPROTO_TCP ? bpf_skc_to_tcp_sock(known) : NULL;
	const struct sock *copy;
	const struct net *net;

	if (tcp) {
		struct sock *sk = (struct sock *)tcp;
		struct socket *socket = sk->sk_socket;

		out->sk = sk;
		out->net = sk->__sk_common.skc_net.net;
		out->netns = sk->__sk_common.skc_net.net->ns.inum;
		out->is_kernels = !socket || !socket->file;
		return;
	}
	copy = sock_of(known);
	net = BPF_CORE_READ(copy, __sk_common.skc_net.net);
	out->sk = copy;
	out->net = net;
	out->netns = BPF_CORE_READ(net, ns.inum);
	out->is_kernels = is_kernel_socket(copy);
}

/* Makes an empty check for this thread. NULL: there is no room. */
static __always_inline struct check *bind_hook_check(__u64 id)
{
	struct check *check = check_make(id);

	if (!check)
		check_is_missing(id);
	return check;
}

/* Will this bind() end without a claim and without a refusal? __inet_bind() fails with EINVAL if the
 * socket has a port, and with EAFNOSUPPORT if the address is of another family. */
static __always_inline bool bind_hook_is_idle(const struct bpf_sock_addr *ctx,
					      const struct bpf_sock *known)
{
	bool family_fits = ctx->user_family == ctx->family ||
			   (ctx->family == PC_FAMILY_V4 && !ctx->user_family);

	return !known || known->src_port || !family_fits;
}

/* Tells the newest refusal that this thread has left. False: it has left none. */
GLOBAL int bind_hook_tell_left(__u64 id)
{
	struct check *left = check_find(id);

	if (!left || !left->note.net)
		return false;
	if (left->note.leaving != NOTE_ALLOWED)
		late_tell(left, id, left->note.time_ns);
	else if (check_drop_own(id, left->note.time_ns)) /* `late_one` kept it from being dropped */
		note_ended();
	return true;
}

/* Tells the refusal that this thread's last bind() has left, if it has; and the one before, which `late_one` was about
 * to take. */
static __always_inline void bind_hook_tell_last(__u64 id)
{
	if (bind_hook_tell_left(id))
		bind_hook_tell_left(id);
}

/* Begins the check of a bind(): the socket, and the address that the kernel acts by. */
static __always_inline struct check *bind_hook_begin(struct bpf_sock_addr *ctx, bool is_v6,
						     struct bind_hook_socket *look)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct bpf_sock *known = ctx->sk;
	struct sockaddr_in *v4;
	struct check *check;
	__u32 *words;

	if (!known || ctx->type == SOCK_RAW || !protocol_of(ctx->protocol))
		return NULL;
	bind_hook_tell_last(id);
	check = bind_hook_check(id);
	if (!check)
		return NULL;
	bind_hook_look(known, ctx->protocol, look);
	check->asking = look->sk;
	check->note.proto = protocol_of(ctx->protocol);
	check->note.wanted.sin6_family = is_v6 ? PC_FAMILY_V6 : PC_FAMILY_V4;
	check->note.wanted.sin6_port = ctx->user_port;
	if (is_v6) {
		words = (void *)check->note.wanted.sin6_addr;
		words[0] = ctx->user_ip6[0];
		words[1] = ctx->user_ip6[1];
		words[2] = ctx->user_ip6[2];
		words[3] = ctx->user_ip6[3];
	} else {
		v4 = (void *)&check->note.wanted;
		v4->sin_addr = ctx->user_ip4;
	}
	return check;
}

/* Drafts the refusal ahead. The owner of the socket that has the port now may be gone when the refusal
 * is told late. */
GLOBAL int bind_hook_prepare(void)
{
	struct port_request request = { .op = PC_OP_BIND };
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_find(id);
	struct refusal_draft *draft;

	if (!check)
		return 0;
	request.address = check->note.wanted;
	draft = refusal_make_draft(check->asking, &request, -EADDRINUSE);
	if (!draft)
		return 0;
	draft->record.time_ns = check->note.time_ns; /* by which late_tell() knows it */
	check->note.prepared = !bpf_map_update_elem(&prepared_refusals, &id, draft, BPF_ANY);
	scratch_give_back(&refusal_drafts);
	return 0;
}

/* Notes which thread has the note of this socket. A refused bind() of UDP leaves a scar (scar.bpf.h). */
static __always_inline void bind_hook_note_socket(const struct check *check)
{
	/* The verifier forbids to count with a pointer, but not with a number from a map. */
	__u64 sk = *(const volatile __u64 *)&check->asking;
	struct noted_socket *noted = noted_socket_slot(sk);

	noted->id = bpf_get_current_pid_tgid();
	noted->sk = sk;
}

/* Makes the note. A socket of the kernel's own has none: nobody waits for its refusal. */
static __always_inline void bind_hook_note(struct bpf_sock_addr *ctx, struct check *check,
					   const struct bind_hook_socket *look)
{
	int answer = config.cgroup_retval ? bpf_get_retval() : 0;

	if (bind_hook_is_idle(ctx, ctx->sk) || look->is_kernels ||
	    (!ctx->user_port && compat_no_port(look->sk)))
		return;
	check->note.cookie = bpf_get_socket_cookie(ctx);
	check->note.time_ns = bpf_ktime_get_boot_ns();
	late_note_current(&check->note);
	check->note.netns = look->netns;
	if (answer < 0)
		check->note.denied = -answer;
	if (exit_is_at_work() && ctx->user_port)
		bind_hook_prepare();
	check->note.net = look->net;
	if (check->note.proto == PC_PROTO_UDP)
		bind_hook_note_socket(check);
	note_begun();
}

static __always_inline void bind_hook_begin4(struct bpf_sock_addr *ctx)
{
	struct bind_hook_socket look = {};
	struct check *check = bind_hook_begin(ctx, false, &look);

	if (check)
		bind_hook_note(ctx, check, &look);
}

static __always_inline void bind_hook_begin6(struct bpf_sock_addr *ctx)
{
	struct bind_hook_socket look = {};
	struct check *check = bind_hook_begin(ctx, true, &look);

	if (check)
		bind_hook_note(ctx, check, &look);
}

/* Records the claim of a bind() that was allowed. A check without a note is left for the exit, which
 * then records the claim. */
static __always_inline void bind_hook_allowed(struct bpf_sock *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = check_noted();
	struct claim_args a = {};
	const struct sock *sk;

	if (!check)
		return;
	sk = check->asking;
	a.how = check->note.wanted.sin6_port ? PC_HOW_BIND : PC_HOW_BIND_ZERO;
	a.netns = check->note.netns;
	a.cookie = check->note.cookie;
	a.proto = check->note.proto;
	check->note.leaving = NOTE_ALLOWED;
	if (check->note.prepared)
		scratch_give_back(&prepared_refusals);
	if (check_drop(id))
		note_ended();
	a.port = ctx->src_port;
	a.family = ctx->family;
	if (!a.port)
		return;
	if (a.proto == PC_PROTO_UDP)
		claimed_socket_note(a.cookie, a.port);
	claim_record_by(&a, config.cgroup_direct);
	claim_endpoints_on(a.port, sk, a.cookie, PC_STATE_CLOSE);
}

#endif
