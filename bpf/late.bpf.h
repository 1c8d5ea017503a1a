/* SPDX-License-Identifier: GPL-2.0-only */
/* A note that is left tells of a bind() whose refusal no exit program saw. The thread's next bind(), or
 * user space, has it recorded. The errno is then a guess, and the socket may be gone. */
#ifndef PORTCLASH_LATE_BPF_H
#define PORTCLASH_LATE_BPF_H

#include "bind_thread.bpf.h"
#include "refusal.bpf.h"
#include "truth.bpf.h"

SCRATCH(late_checks, struct check);

/* Guesses the errno; 0: it is not known. Where the kernel's own check is seen, a bind() was refused
 * because of the port if and only if a socket was in the way. Elsewhere user space asks the rule. */
static __always_inline __s32 late_error(const struct check *check)
{
	if (check->note.op == PC_OP_LISTEN)
		return EADDRINUSE;
	if (check->note.op)
		return check->note.proto == PC_PROTO_UDP ? EAGAIN : EADDRNOTAVAIL;
	if (check->note.denied)
		return check->note.denied;
	return check->blocker || !conflicts_seen ? EADDRINUSE : 0;
}

/* Guesses the errno of a record. User space looks whether the machine lacks the address; if not, the errno is not known. */
static __always_inline __s32 late_record_error(const struct check *check)
{
	__s32 error = late_error(check);

	return !error && address_shows ? EADDRNOTAVAIL : error;
}

/* Does the pointer still lead to the socket of the bind(), not to one that reuses its memory? */
static __always_inline bool late_is_socket(const struct check *check)
{
	const struct sock *sk = check->asking;

	return BPF_CORE_READ(sk, __sk_common.skc_net.net) == check->note.net &&
	       BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) == check->note.cookie;
}

/* Does the pointer still lead to the network namespace of the bind()? */
static __always_inline bool late_has_netns(const struct check *check)
{
	const struct net *net = check->note.net;

	return late_is_socket(check) || BPF_CORE_READ(net, ns.inum) == check->note.netns;
}

static __always_inline void late_requester(struct pc_refusal_record *r, const struct check *check)
{
	const struct bind_note *note = &check->note;

	r->process = note->process;
	r->tid = note->tid;
	r->uid = note->uid;
	r->cgroup_id = note->cgroup_id;
	r->marks = PC_MARK_LATE | (note->descendant ? PC_MARK_DESCENDANT : 0);
	__builtin_memcpy(r->comm, note->comm, sizeof(r->comm));
}

/* Reads the options that a struct pc_socket_record has no field for. */
static __always_inline void late_options(struct pc_refusal_record *r, const struct sock *sk)
{
	__u32 own = compat_own_range(sk);

	r->own_low = (__u16)own;
	r->own_high = (__u16)(own >> 16);
	r->socket.flags |= compat_foreign_address(sk);
}

static __always_inline void late_socket(struct refusal_draft *draft, const struct check *check)
{
	struct pc_refusal_record *r = &draft->record;

	if (late_is_socket(check)) {
		draft->self = check->asking;
		refusal_socket();
		late_options(r, check->asking);
	} else {
		r->socket.family = check->note.wanted.sin6_family ?: PC_FAMILY_V4;
		r->socket.proto = check->note.proto;
		r->socket.state = PC_STATE_CLOSE;
		r->socket.netns = check->note.netns;
	}
	r->proto = check->note.proto;
	r->netns = check->note.netns;
}

static __always_inline void late_holders(struct refusal_draft *draft, const struct check *check)
{
	struct pc_refusal_record *r = &draft->record;
	__u16 port = r->op == PC_OP_CONNECT ? r->socket.lport : r->wanted_port;

	if (check->blocker) {
		r->holders[0] = check->found;
		r->holders_count = r->holders_total = 1;
		draft->blocker = check->blocker;
	}
	if (port && (r->op == PC_OP_CONNECT || r->error == EADDRINUSE))
		holders_find(port);
}

/* Records the refusal that this thread has in late_checks. */
GLOBAL int late_record(void)
{
	struct port_request request = {};
	const struct check *check = scratch_of(&late_checks);
	struct refusal_draft *draft = check ? scratch_take(&refusal_drafts) : NULL;
	struct pc_refusal_record *r;

	if (!check)
		return 0;
	if (!draft) {
		stat_count(PC_STAT_REFUSALS_LOST);
		return 0;
	}
	r = &draft->record;
	request.address = check->note.wanted;
	draft->net = check->note.net;
	r->header.type = PC_RECORD_REFUSAL;
	r->time_ns = check->note.time_ns;
	r->op = request.op = check->note.op ?: PC_OP_BIND;
	r->error = late_record_error(check);
	late_requester(r, check);
	late_socket(draft, check);
	refusal_wanted(r, &request);
	if (late_has_netns(check))
		refusal_netns();
	late_holders(draft, check);
	refusal_send(r);
	scratch_give_back(&refusal_drafts);
	return 0;
}

/* Sends the refusal that was drafted before the bind(). */
static __noinline int late_send_prepared(struct refusal_draft *draft, const struct check *check)
{
	struct pc_refusal_record *r;

	if (!draft || !check)
		return 0;
	r = &draft->record;
	r->error = late_record_error(check);
	r->marks |= PC_MARK_LATE;
	if (r->error != EADDRINUSE)
		r->holders_total = r->holders_count = 0;
	refusal_send(r);
	return 0;
}

static __always_inline bool late_asks_quota(const struct check *check)
{
	const struct bind_note *note = &check->note;
	const struct sockaddr_in *v4 = (const void *)&note->wanted;
	struct pc_merged_record outline = {
		.process = note->process,
		.cgroup_id = note->cgroup_id,
		.uid = note->uid,
		.netns = note->netns,
		.error = late_error(check),
		.op = note->op ?: PC_OP_BIND,
		.proto = note->proto,
		.wanted_family = note->wanted.sin6_family ?: PC_FAMILY_V4,
		.wanted_port = __builtin_bswap16(note->wanted.sin6_port),
		.marks = note->descendant ? PC_MARK_DESCENDANT : 0,
	};

	if (outline.wanted_family == PC_FAMILY_V6)
		__builtin_memcpy(outline.wanted, note->wanted.sin6_addr, sizeof(outline.wanted));
	else
		__builtin_memcpy(outline.wanted, &v4->sin_addr, 4);
	__builtin_memcpy(outline.comm, note->comm, sizeof(outline.comm));
	return quota_admits(&outline);
}

/* Clears what follows the end of a name. */
static __always_inline void late_end_name(char *name)
{
	__u64 keep = 1;

	for (int i = 0; i < PC_COMM_LEN; i++) {
		keep *= truth_is_zero(name[i]) ^ 1;
		name[i] *= keep;
	}
}

/* Asks the quota whether the refusal that this thread has in late_checks is recorded. */
GLOBAL int late_admitted(void)
{
	struct check *check = scratch_of(&late_checks);

	if (!check)
		return false;
	late_end_name(check->note.comm);
	return late_asks_quota(check);
}

/* Takes away the note that thread `id` made at this time. False: it is gone. */
static __always_inline bool late_take(__u64 id, __u64 time_ns)
{
	return id == bpf_get_current_pid_tgid() ? check_drop_own(id, time_ns) :
						  check_drop_of(id, time_ns);
}

/* Takes away the note of thread `id`, and records the refusal that it stands for. */
static __noinline int late_tell(const struct check *left, __u64 id, __u64 time_ns)
{
	struct check *check;
	struct refusal_draft *draft;

	if (!left)
		return 0;
	check = scratch_take(&late_checks);
	if (!check) {
		if (late_take(id, time_ns)) {
			note_ended();
			stat_count(PC_STAT_REFUSALS_LOST);
		}
		return 0;
	}
	/* A dropped check can be another thread's at once: the note is copied before. */
	bpf_probe_read_kernel(check, sizeof(*check), left);
	if (check->note.time_ns != time_ns)
		goto out;
	/* Before the note goes, which keeps the socket's close from telling the scar. */
	if (check->note.proto == PC_PROTO_UDP && late_is_socket(check))
		scar_told(check->asking);
	if (!late_take(id, time_ns))
		goto out;
	note_ended();
	draft = check->note.prepared ? bpf_map_lookup_elem(&prepared_refusals, &id) : NULL;
	if (draft && draft->record.time_ns != time_ns)
		draft = NULL; /* of the thread's next bind() */
	if (late_admitted()) {
		if (draft)
			late_send_prepared(draft, check);
		else
			late_record();
	}
	if (draft)
		bpf_map_delete_elem(&prepared_refusals, &id);
out:
	scratch_give_back(&late_checks);
	return 0;
}

/* A call of the current thread that no program saw, and that the state of its socket shows. */
struct late_call {
	const struct sock *sk;
	__u64 cookie;
	__u64 time_ns; /* boot clock */
	struct sockaddr_in6 wanted;
	__u8 op; /* enum pc_op */
	__u8 proto;
	__u8 pad[2];
};

/* Notes the current thread, `id`, by plain loads. The helper for the user takes 100 instructions, the one for the name 40 more
 * than a probe read. Up to 5.16, other bytes can follow the end of the name: see late_end_name(). */
static __always_inline void late_note_typed(struct bind_note *out, __u64 id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	/* In a kernel built by clang, whose types say what RCU protects, the verifier wants to see a look for NULL (6.4+). */
	const struct cred *cred = task->cred;

	out->kthread = !process_key_typed(task, id >> 32, &out->process);
	bind_thread_note_typed(out, task);
	out->uid = cred ? cred->uid.val : 0;
	bpf_probe_read_kernel(out->comm, sizeof(out->comm), &task->comm);
}

static __always_inline void late_note_probed(struct bind_note *out, __u64 id)
{
	out->kthread = !process_key_current(&out->process, id, false);
	bind_thread_note_probed(out);
	out->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(out->comm, sizeof(out->comm));
}

static __always_inline void late_note_current(struct bind_note *out, __u64 id)
{
	__u32 epoch = process_epoch;

	if (config.cgroup_direct)
		late_note_typed(out, id);
	else
		late_note_probed(out, id);
	out->sent_epoch = process_note(&out->process) ? epoch : 0;
	out->cgroup_id = bpf_get_current_cgroup_id();
	out->tid = (__u32)id;
	out->descendant = config.monitor_tgid && process_below(config.monitor_tgid);
}

/* Records the refusal of a call by its socket. */
static __noinline int late_tell_call(const struct late_call *call)
{
	struct check *check = scratch_take(&late_checks);
	const struct sock *sk;
	const struct net *net;

	if (!call || !check)
		return 0;
	sk = call->sk;
	net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	check->asking = sk;
	check->note.op = call->op;
	check->note.proto = call->proto;
	check->note.cookie = call->cookie;
	check->note.time_ns = call->time_ns;
	check->note.wanted = call->wanted;
	check->note.net = net;
	check->note.netns = BPF_CORE_READ(net, ns.inum);
	late_note_current(&check->note, bpf_get_current_pid_tgid());
	scar_told(sk);
	if (late_admitted())
		late_record();
	scratch_give_back(&late_checks);
	return 0;
}

/* Looks at the note of thread `id`, for user space. A bind() that is still under way holds the socket's lock, or its thread
 * waits for a processor; and if the socket has a port by now, the end of bind() is near. */
static __always_inline void late_look(__u64 id, __u64 age_ns)
{
	struct check *check = check_find(id);
	const struct sock *sk;
	__u64 time_ns;

	if (!check)
		return;
	time_ns = *(volatile __u64 *)&check->note.time_ns;
	sk = check->asking;
	if (!check->note.net || check->note.leaving || !time_ns ||
	    bpf_ktime_get_boot_ns() - time_ns < age_ns)
		return;
	if (!late_is_socket(check) ||
	    !(compat_sock_is_locked(sk) || BPF_CORE_READ(sk, __sk_common.skc_num) ||
	      bind_thread_may_be_inside(&check->note)))
		late_tell(check, id, time_ns);
}

#endif
