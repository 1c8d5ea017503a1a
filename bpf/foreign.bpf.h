/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of a refused bind() of a socket that is neither TCP nor UDP: a Unix socket, or one of a
 * family that portclash does not look into. */
#ifndef PORTCLASH_FOREIGN_BPF_H
#define PORTCLASH_FOREIGN_BPF_H

#include "process.bpf.h"
#include "refusal.bpf.h"
#include "unix.h"

/* Adds root and working directory to this thread's draft. The process is often gone before user space
 * could look at it, and its path means nothing without them. */
GLOBAL int foreign_paths(void)
{
	struct refusal_draft *draft = scratch_of(&refusal_drafts);
	struct process_scratch *p = scratch_take(&process_scratch);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	__u32 root_len, len;

	if (!draft || !p || !fs)
		goto out;
	append_path(p, &fs->root);
	root_len = p->text_len;
	append_path(p, &fs->pwd);
	len = p->text_len;
	if (len > PC_FOREIGN_TEXT)
		goto out;
	bpf_probe_read_kernel(draft->foreign.text, len, p->record.text);
	draft->foreign.root_len = root_len;
	draft->foreign.cwd_len = len - root_len;
	draft->foreign.paths_known = 1;
out:
	if (p)
		scratch_give_back(&process_scratch);
	return 0;
}

static __always_inline void foreign_requester(struct pc_foreign_record *r)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	process_key(task, &r->process);
	process_note(&r->process);
	end_note(&r->process, r->time_ns);
	r->tid = (__u32)pid_tgid;
	r->uid = (__u32)bpf_get_current_uid_gid();
	r->cgroup_id = bpf_get_current_cgroup_id();
	r->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	if (config.monitor_tgid && process_below(config.monitor_tgid))
		r->marks |= PC_MARK_DESCENDANT;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
}

/* Reads the address, which is the user's memory. */
static __always_inline void foreign_address(struct pc_foreign_record *r, const void *address,
					    __u32 len)
{
	if (len > PC_FOREIGN_ADDRESS)
		len = PC_FOREIGN_ADDRESS;
	if (bpf_probe_read_user(r->address, len, address))
		stat_count(PC_STAT_ARGUMENTS_MISSING);
	else
		r->address_len = len;
}

static __noinline int foreign_record(const struct sock *sk, const void *address, __u32 len,
				     long ret)
{
	struct refusal_draft *draft = scratch_take(&refusal_drafts);
	struct pc_foreign_record *r;

	if (!draft) {
		stat_count(PC_STAT_REFUSALS_LOST);
		return 0;
	}
	r = &draft->foreign;
	r->header.type = PC_RECORD_FOREIGN;
	r->header.size = sizeof(*r);
	r->time_ns = bpf_ktime_get_boot_ns();
	r->error = -ret;
	r->op = PC_OP_BIND;
	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->type = BPF_CORE_READ(sk, sk_type);
	r->protocol = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol);
	r->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	foreign_requester(r);
	foreign_address(r, address, len);
	if (r->family == PC_FAMILY_UNIX)
		foreign_paths();
	if (bpf_ringbuf_output(&refusals, r, sizeof(*r), BPF_RB_FORCE_WAKEUP))
		stat_count(PC_STAT_REFUSALS_LOST);
	scratch_give_back(&refusal_drafts);
	return 0;
}

/* Asks the quota. Its outline has the family, and the protocol in place of the port, but no name: the
 * shares are those of the process and of the user. */
static __noinline bool foreign_admitted(const struct sock *sk, long ret)
{
	struct pc_merged_record outline = { .op = PC_OP_BIND };

	if (!sk)
		return false;
	process_key((void *)bpf_get_current_task(), &outline.process);
	outline.cgroup_id = bpf_get_current_cgroup_id();
	outline.uid = (__u32)bpf_get_current_uid_gid();
	outline.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	outline.error = -ret;
	outline.wanted_family = BPF_CORE_READ(sk, __sk_common.skc_family);
	outline.wanted_port = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol);
	outline.proto = outline.wanted_family == PC_FAMILY_UNIX ? PC_PROTO_UNIX : PC_PROTO_OTHER;
	if (config.monitor_tgid && process_below(config.monitor_tgid))
		outline.marks = PC_MARK_DESCENDANT;
	bpf_get_current_comm(outline.comm, sizeof(outline.comm));
	return quota_admits(&outline);
}

/* Takes the end of a bind() that was refused. `address` is the user's memory. */
GLOBAL int foreign_refused(__u32 fd, __u64 address, __u32 len, long ret)
{
	struct sock *sk = any_socket_of_file(file_of_fd(fd));

	if (sk && !socket_is_watched(sk) && foreign_admitted(sk, ret))
		foreign_record(sk, (const void *)address, len, ret);
	return 0;
}

#endif
