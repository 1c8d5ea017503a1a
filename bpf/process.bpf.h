/* SPDX-License-Identifier: GPL-2.0-only */
/* Who the current process is, taken down before its first claim or refusal: a refused
 * server or a short-lived client is often gone before user space can look in /proc. */
#ifndef PORTCLASH_PROCESS_BPF_H
#define PORTCLASH_PROCESS_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* One path component at most, as in the kernel (NAME_MAX). */
#define COMPONENT_MAX 256
#define PATH_DEPTH 128
#define CGROUP_DEPTH 64

/* The length is kept beside the record, not in a register: what the verifier knows of it
 * is then the same in every round of a loop, and the rounds' states converge. */
struct process_scratch {
	struct pc_process record;
	__u32 text_len;
	__u32 pad;
	struct vfsmount *mnt; /* where the path of the executable has been followed to */
	struct dentry *dentry;
	struct kernfs_node *kn; /* and that of the cgroup */
};

SCRATCH(process_scratch, struct process_scratch);

static __always_inline void process_key(struct task_struct *task, struct pc_process_key *key)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	key->start_ns = BPF_CORE_READ(leader, start_boottime);
	key->tgid = BPF_CORE_READ(task, tgid);
	key->exec_id = (__u32)BPF_CORE_READ(leader, self_exec_id);
}

/* The same of the current process, without a helper for each load where `direct` (see
 * compat_direct()). False for a kernel thread: it acts for nobody, or for somebody it does not name
 * (io_uring's workers up to 5.11). */
static __always_inline bool process_key_current(struct pc_process_key *key, bool direct)
{
	struct task_struct *task, *leader;

	key->tgid = bpf_get_current_pid_tgid() >> 32;
	if (!direct) {
		task = (void *)bpf_get_current_task();
		leader = BPF_CORE_READ(task, group_leader);
		key->start_ns = BPF_CORE_READ(leader, start_boottime);
		key->exec_id = (__u32)BPF_CORE_READ(leader, self_exec_id);
		return !(BPF_CORE_READ(task, flags) & PF_KTHREAD);
	}
	task = bpf_get_current_task_btf();
	leader = task->group_leader;
	key->start_ns = leader->start_boottime;
	key->exec_id = (__u32)leader->self_exec_id;
	return !(task->flags & PF_KTHREAD);
}

static __always_inline __u32 task_netns(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
}

static __always_inline void append_component(struct process_scratch *p, const void *name)
{
	__u32 len = p->text_len;
	long n;

	if (len > PC_PROCESS_TEXT - COMPONENT_MAX)
		return;
	n = bpf_probe_read_kernel_str(&p->record.text[len], COMPONENT_MAX, name);
	if (n > 0)
		p->text_len = len + n;
}

static __noinline int append_args(struct process_scratch *p, struct mm_struct *mm)
{
	unsigned long start, want;

	if (!p || !mm)
		return 0;
	start = BPF_CORE_READ(mm, arg_start);
	want = BPF_CORE_READ(mm, arg_end) - start;
	p->record.args_cut = want > PC_PROCESS_ARGS;
	if (want > PC_PROCESS_ARGS)
		want = PC_PROCESS_ARGS;
	if (want && bpf_probe_read_user(p->record.text, want, (void *)start) == 0)
		p->text_len = want;
	return 0;
}

/* Leaf first, over mount points, as d_path() walks: fs/d_path.c prepend_path(). One component, or
 * the way over one mount point; 1 at the root. Global: see walk_round(). */
__attribute__((noinline)) int append_exe_step(void)
{
	struct process_scratch *p = scratch_of(&process_scratch);
	struct dentry *dentry, *parent;
	struct vfsmount *mnt;

	if (!p)
		return 1;
	mnt = p->mnt;
	dentry = p->dentry;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == BPF_CORE_READ(mnt, mnt_root) || dentry == parent) {
		struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
		struct mount *up = BPF_CORE_READ(m, mnt_parent);

		if (up == m)
			return 1;
		p->dentry = BPF_CORE_READ(m, mnt_mountpoint);
		p->mnt = (void *)up + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	append_component(p, BPF_CORE_READ(dentry, d_name.name));
	p->dentry = parent;
	return 0;
}

static __always_inline void append_exe(struct process_scratch *p, struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(mm, exe_file);

	if (!file)
		return;
	p->mnt = BPF_CORE_READ(file, f_path.mnt);
	p->dentry = BPF_CORE_READ(file, f_path.dentry);
	for (int i = 0; i < PATH_DEPTH; i++)
		if (append_exe_step())
			break;
}

/* One component; 1 at the root. */
__attribute__((noinline)) int append_cgroup_step(void)
{
	struct process_scratch *p = scratch_of(&process_scratch);
	struct kernfs_node *kn, *parent;

	if (!p)
		return 1;
	kn = p->kn;
	parent = compat_kernfs_parent(kn);
	if (!parent)
		return 1;
	append_component(p, BPF_CORE_READ(kn, name));
	p->kn = parent;
	return 0;
}

/* Through `p` the access would be relocated as if it were the kernel's. */
static __always_inline __u64 cgroup_id(const struct kernfs_node *kn)
{
	return BPF_CORE_READ(kn, id);
}

static __always_inline void append_cgroup(struct process_scratch *p, struct task_struct *task)
{
	p->kn = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	p->record.cgroup_id = cgroup_id(p->kn);
	for (int i = 0; i < CGROUP_DEPTH; i++)
		if (append_cgroup_step())
			break;
}

/* Is the current process below `root` in the process tree? The monitor is a subreaper, so
 * that children of its children stay below it when those exit. */
static __noinline bool process_below(__u32 root)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	for (int i = 0; i < 64; i++) {
		task = BPF_CORE_READ(task, real_parent);
		if (!task)
			return false;

		__u32 tgid = BPF_CORE_READ(task, tgid);

		if (tgid == root)
			return true;
		if (tgid <= 1)
			return false;
	}
	return false;
}

static __always_inline long process_fill(struct process_scratch *p, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct pc_process *r = &p->record;
	__u32 size;

	append_args(p, mm);
	r->args_len = p->text_len;
	append_exe(p, mm);
	r->exe_len = p->text_len - r->args_len;
	append_cgroup(p, task);
	r->cgroup_len = p->text_len - r->args_len - r->exe_len;
	r->header.type = PC_RECORD_PROCESS;
	r->uid = (__u32)bpf_get_current_uid_gid();
	r->netns = task_netns(task);
	r->descendant = config.monitor_tgid && process_below(config.monitor_tgid);
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), &BPF_CORE_READ(task, group_leader)->comm);
	size = p->text_len;
	if (size > PC_PROCESS_TEXT)
		return -1;
	size += __builtin_offsetof(struct pc_process, text);
	r->header.size = size;
	return bpf_ringbuf_output(&claims, r, size, claims_flags());
}

/* Sends the record of the current process; 0 when it could not. Global: see walk_round(). */
__attribute__((noinline)) int process_send(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct process_scratch *p = scratch_take(&process_scratch);
	long err;

	if (!p)
		return 0;
	process_key(task, &p->record.key);
	err = process_fill(p, task);
	scratch_give_back(&process_scratch);
	return err == 0;
}

/* Makes sure that the record of the current process, which has this key, was sent; false: it could not
 * be. */
static __always_inline bool process_note(const struct pc_process_key *key)
{
	typeof(recent_processes[0]) *recent = &recent_processes[key->tgid % RECENT_PROCESSES];
	__u64 rest = (__u64)key->exec_id << 32 | key->tgid;
	__u32 epoch = process_epoch, *seen;

	if (recent->rest == rest && recent->start_ns == key->start_ns && recent->epoch == epoch)
		return true;
	seen = bpf_map_lookup_elem(&seen_processes, key);
	if (!seen || *seen != epoch) {
		if (!process_send()) {
			stat_count(PC_STAT_PROCESSES_LOST);
			return false;
		}
		bpf_map_update_elem(&seen_processes, key, &epoch, BPF_ANY);
	}
	recent->epoch = 0;
	recent->start_ns = key->start_ns;
	recent->rest = rest;
	recent->epoch = epoch;
	return true;
}

#endif
