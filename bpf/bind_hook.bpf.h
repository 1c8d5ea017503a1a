/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs on cgroup hooks see bind() before the kernel decides, and after it has allowed the bind().
 * The first makes a note (bind_note.bpf.h), the second takes it away and records the claim. */
#ifndef PORTCLASH_BIND_HOOK_BPF_H
#define PORTCLASH_BIND_HOOK_BPF_H

#include "hook_netns.bpf.h"
#include "late.bpf.h"

/* The facts of a socket that the note of its bind() needs. */
struct bind_hook_socket {
	struct hook_netns netns;
	bool is_kernels;
};

/* Looks at the socket, which is noted in the check: of TCP by plain loads, where the kernel has BTF, else by probes. Of what
 * is read from the check, which only this thread writes, the verifier knows that it is a number. */
static __always_inline void bind_hook_look(struct bpf_sock_addr *ctx, struct bpf_sock *known,
					   struct check *check, struct bind_hook_socket *out)
{
	struct tcp_sock *tcp =
		kernel_types && ctx->protocol == IPPROTO_TCP ? bpf_skc_to_tcp_sock(known) : NULL;
	const struct sock *copy;

	check->asking = (const struct sock *)known;
	if (tcp) {
		struct sock *sk = (struct sock *)tcp;
		struct socket *socket = sk->sk_socket;

		out->netns.net = sk->__sk_common.skc_net.net;
		out->netns.inum = sk->__sk_common.skc_net.net->ns.inum;
		out->is_kernels = !socket || !socket->file;
		return;
	}
	copy = *(const struct sock *const volatile *)&check->asking;
	if (!hook_netns_of_process(ctx, &out->netns))
		hook_netns_probe(copy, &out->netns);
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
	if (check_may_exist(id) && bind_hook_tell_left(id))
		bind_hook_tell_left(id);
}

/* Begins the check of a bind(): the socket, and the address that the kernel acts by. */
static __always_inline struct check *bind_hook_begin(struct bpf_sock_addr *ctx, bool is_v6,
						     __u64 id, struct bind_hook_socket *look)
{
	__u8 proto = protocol_of(ctx->protocol);
	struct bpf_sock *known = ctx->sk;
	struct sockaddr_in *v4;
	struct check *check;
	__u32 *words;

	if (!known || ctx->type == SOCK_RAW || !proto)
		return NULL;
	bind_hook_tell_last(id);
	check = bind_hook_check(id);
	if (!check)
		return NULL;
	bind_hook_look(ctx, known, check, look);
	check->note.proto = proto;
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
static __always_inline void bind_hook_note_socket(const struct check *check, __u64 id)
{
	/* The verifier forbids to count with a pointer, but not with a number from a map. */
	__u64 sk = *(const volatile __u64 *)&check->asking;
	struct noted_socket *noted = noted_socket_slot(sk);

	noted->id = id;
	noted->sk = sk;
}

/* Makes the note. A socket of the kernel's own has none: nobody waits for its refusal. */
static __always_inline void bind_hook_note(struct bpf_sock_addr *ctx, struct check *check, __u64 id,
					   const struct bind_hook_socket *look)
{
	int answer = config.cgroup_retval ? bpf_get_retval() : 0;
	struct pc_cpu_work *here = work_here();

	if (bind_hook_is_idle(ctx, ctx->sk) || look->is_kernels ||
	    (!ctx->user_port &&
	     compat_no_port(*(const struct sock *const volatile *)&check->asking)))
		return;
	check->note.cookie = bpf_get_socket_cookie(ctx);
	check->note.time_ns = bpf_ktime_get_boot_ns();
	late_note_current(&check->note, id);
	check->note.netns = look->netns.inum;
	if (answer < 0)
		check->note.denied = -answer;
	if (exit_is_at_work(here) && ctx->user_port)
		bind_hook_prepare();
	check->note.net = look->netns.net;
	if (check->note.proto == PC_PROTO_UDP)
		bind_hook_note_socket(check, id);
	note_begun(here);
}

static __always_inline void bind_hook_begin4(struct bpf_sock_addr *ctx)
{
	struct bind_hook_socket look = {};
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = bind_hook_begin(ctx, false, id, &look);

	if (check)
		bind_hook_note(ctx, check, id, &look);
}

static __always_inline void bind_hook_begin6(struct bpf_sock_addr *ctx)
{
	struct bind_hook_socket look = {};
	__u64 id = bpf_get_current_pid_tgid();
	struct check *check = bind_hook_begin(ctx, true, id, &look);

	if (check)
		bind_hook_note(ctx, check, id, &look);
}

/* Records the claim. What the note knows of the process, and of the time, is not asked again. */
static __always_inline void bind_hook_claim(const struct claim_args *a, struct claimer *by,
					    __u32 sent_epoch)
{
	if (!claim_is_admitted(a))
		return;
	end_note_binder(&by->key, by->time_ns);
	by->is_sent = sent_epoch == process_epoch || process_note(&by->key);
	claim_write(a, by);
}

/* Records the claim of a bind() that was allowed. A check without a note is left for the exit, which
 * then records the claim. The bind() of another protocol (UDP-Lite) has no note: the thread has left that of an earlier one. */
static __always_inline void bind_hook_allowed(struct bpf_sock *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	bool in_slot = check_is_in_slot(check_slot_of(id), id);
	struct check *check = in_slot ? check_slot_at(id) : check_find(id);
	struct claim_args a = {};
	struct claimer by;
	const struct sock *sk;
	__u32 sent_epoch;
	bool kthread;

	if (!check || !check->note.net || !protocol_of(ctx->protocol))
		return;
	sk = check->asking;
	a.how = check->note.wanted.sin6_port ? PC_HOW_BIND : PC_HOW_BIND_ZERO;
	a.netns = check->note.netns;
	a.cookie = check->note.cookie;
	a.proto = check->note.proto;
	by.key = check->note.process;
	by.time_ns = check->note.time_ns;
	by.tid = (__u32)id;
	sent_epoch = check->note.sent_epoch;
	kthread = check->note.kthread;
	check->note.leaving = NOTE_ALLOWED;
	if (check->note.prepared)
		scratch_give_back(&prepared_refusals);
	if (in_slot ? check_drop_slot(id) : check_drop(id))
		note_ended();
	a.port = ctx->src_port;
	a.family = ctx->family;
	if (!a.port)
		return;
	if (a.proto == PC_PROTO_UDP)
		claimed_socket_note(a.cookie, a.port);
	if (!kthread)
		bind_hook_claim(&a, &by, sent_epoch);
	claim_endpoints_on(a.port, sk, a.cookie, PC_STATE_CLOSE);
}

#endif
