/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of a process is sent before its first claim or refusal: a refused server or a
 * short-lived client is often gone before user space can look in /proc. */
#ifndef PORTCLASH_PROCESS_BPF_H
#define PORTCLASH_PROCESS_BPF_H

#include "cgroup.h"
#include "compat.bpf.h"
#include "maps.bpf.h"
#include "rounds.bpf.h"
#include "share.bpf.h"

/* include/linux/sched.h */
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000

/* A path component has at most so many bytes, as in the kernel (NAME_MAX). */
#define COMPONENT_MAX 256
#define PATH_DEPTH 128
#define CGROUP_DEPTH 64

/* Global functions go up so many components each. */
#define PATH_ROUND 8

/* A process whose tree is deeper counts as the monitor's: better told too much than left out. */
#define TREE_DEPTH 256
#define TREE_ROUND 16

/* The draft of a process' record. The length of its text lies beside the record and not in a
 * register: what the verifier knows of the length is then the same in every round of a loop, and
 * the states of the rounds converge. */
struct process_scratch {
	struct pc_process_record record;
	__u32 text_len;
	__u32 pad;
	struct vfsmount *mnt; /* how far a path of files has been followed */
	struct dentry *dentry;
	struct kernfs_node *kn; /* how far the path of the cgroup has been followed */
};

SCRATCH(process_scratch, struct process_scratch);

static __always_inline void process_key_of(struct task_struct *task, __u32 tgid,
					   struct pc_process_key *key)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	key->start_ns = BPF_CORE_READ(leader, start_boottime);
	key->tgid = tgid;
	key->exec_id = (__u32)BPF_CORE_READ(leader, self_exec_id);
}

static __always_inline void process_key(struct task_struct *task, struct pc_process_key *key)
{
	process_key_of(task, BPF_CORE_READ(task, tgid), key);
}

/* Gives the key of the process of a task. False for a kernel thread. `task` is a BTF pointer. */
static __always_inline bool process_key_typed(struct task_struct *task, __u32 tgid,
					      struct pc_process_key *key)
{
	struct task_struct *leader = task->group_leader;

	key->start_ns = leader->start_boottime;
	key->tgid = tgid;
	key->exec_id = (__u32)leader->self_exec_id;
	return !(task->flags & PF_KTHREAD);
}

/* Gives the key of the current process, whose thread is `id`, without a helper for each load where `direct` (see
 * compat_direct()). False for a kernel thread, which acts for no process or does not name it
 * (io_uring's workers up to 5.11). */
static __always_inline bool process_key_current(struct pc_process_key *key, __u64 id, bool direct)
{
	struct task_struct *task;

	if (direct)
		return process_key_typed(bpf_get_current_task_btf(), id >> 32, key);
	task = (void *)bpf_get_current_task();
	process_key_of(task, id >> 32, key);
	return !(BPF_CORE_READ(task, flags) & PF_KTHREAD);
}

/* Gives the network namespace of the task's first thread, which nsenter and /proc/PID/ns/net take. Any other thread can be in
 * another one. Programs in Go also put their first thread into another one, for a while. */
static __always_inline __u32 leader_netns(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, nsproxy, net_ns, ns.inum);
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

/* Appends one component of a file's path, or passes one mount point; returns 1 at the root of the mount
 * namespace. The leaf comes first, as in d_path(): prepend_path() in fs/d_path.c. */
GLOBAL int append_path_step(void)
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

DEFINE_ROUND(append_path_round, append_path_step, PATH_ROUND)

static __always_inline void append_path(struct process_scratch *p, const struct path *path)
{
	p->mnt = BPF_CORE_READ(path, mnt);
	p->dentry = BPF_CORE_READ(path, dentry);
	ONE_CALL
	for (int i = 0; i < PATH_DEPTH / PATH_ROUND; i++)
		if (append_path_round())
			break;
}

static __always_inline void append_exe(struct process_scratch *p, struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(mm, exe_file);

	if (file)
		append_path(p, &file->f_path);
}

/* Appends one component of the cgroup's path, leaf first; returns 1 at the root. */
GLOBAL int append_cgroup_step(void)
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

DEFINE_ROUND(append_cgroup_round, append_cgroup_step, PATH_ROUND)

/* The parameter keeps `kn` apart from the scratch memory: an access through `p` would be relocated
 * as if it were the kernel's. */
static __always_inline __u64 cgroup_id(const struct kernfs_node *kn)
{
	return BPF_CORE_READ(kn, id);
}

/* Finds the task's group in the hierarchy of the controller "pids", if that is one of cgroup v1. There every
 * service manager and container runtime has a group for each service and container. On a hybrid machine the
 * group in cgroup v2 can be that of the runtime's own service. */
static __always_inline struct kernfs_node *cgroup_v1(struct task_struct *task)
{
	struct cgroup_subsys_state *css = NULL;
	struct css_set *set;
	struct cgroup *group;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return NULL;
	set = BPF_CORE_READ(task, cgroups);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(set->subsys) +
				      bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id) *
					      sizeof(css));
	group = BPF_CORE_READ(css, cgroup);
	if (!group || BPF_CORE_READ(group, root) == BPF_CORE_READ(set, dfl_cgrp, root))
		return NULL;
	return BPF_CORE_READ(group, kn);
}

static __always_inline void append_cgroup_path(void)
{
	ONE_CALL
	for (int i = 0; i < CGROUP_DEPTH / PATH_ROUND; i++)
		if (append_cgroup_round())
			break;
}

/* Appends an empty component, which no path has, and the path of cgroup v1. */
static __always_inline void append_cgroup_v1(struct process_scratch *p, struct kernfs_node *kn)
{
	__u32 len = p->text_len;

	if (len > PC_PROCESS_TEXT - COMPONENT_MAX)
		return;
	p->record.text[len] = '\0';
	p->text_len = len + 1;
	p->kn = kn;
	append_cgroup_path();
}

static __always_inline void append_cgroup(struct process_scratch *p, struct task_struct *task)
{
	struct kernfs_node *v1;

	if (!bpf_core_field_exists(task->cgroups)) /* no CONFIG_CGROUPS */
		return;
	v1 = cgroup_v1(task);
	p->kn = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	p->record.cgroup_id = cgroup_id(p->kn);
	append_cgroup_path();
	if (v1)
		append_cgroup_v1(p, v1);
}

/* Goes up in the process tree from the process of a task, some steps at a time. Gives 1 for a task below `root`, 0 for
 * one that is not, and else the task above, of which the same is asked. */
GLOBAL __u64 process_above(__u64 task, __u32 root)
{
	struct task_struct *parent = BPF_CORE_READ((struct task_struct *)task, real_parent);
	__u32 tgid;

	if (!parent)
		return 0;
	tgid = BPF_CORE_READ(parent, tgid);
	if (tgid == root)
		return 1;
	return tgid <= 1 ? 0 : (__u64)parent;
}

GLOBAL __u64 process_far_above(__u64 task, __u32 root)
{
	ONE_CALL
	for (int i = 0; i < TREE_ROUND && task > 1; i++)
		task = process_above(task, root);
	return task;
}

/* Is the current process below `root` in the process tree? The monitor is a subreaper, so the
 * children of its children stay below it when their parents exit. */
static __always_inline bool process_below(__u32 root)
{
	__u64 task = (__u64)bpf_get_current_task();

	ONE_CALL
	for (int i = 0; i < TREE_DEPTH / TREE_ROUND && task > 1; i++)
		task = process_far_above(task, root);
	return task != 0;
}

/* Drafts the record and gives its size; 0: there is no room for its text. */
static __always_inline __u32 process_fill(struct process_scratch *p, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct pc_process_record *r = &p->record;
	__u32 size;

	append_args(p, mm);
	r->args_len = p->text_len;
	append_exe(p, mm);
	r->exe_len = p->text_len - r->args_len;
	append_cgroup(p, task);
	r->cgroup_len = p->text_len - r->args_len - r->exe_len;
	r->header.type = PC_RECORD_PROCESS;
	r->uid = (__u32)bpf_get_current_uid_gid();
	r->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	r->descendant = config.monitor_tgid && process_below(config.monitor_tgid);
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), &BPF_CORE_READ(task, group_leader)->comm);
	size = p->text_len;
	if (size > PC_PROCESS_TEXT)
		return 0;
	size += __builtin_offsetof(struct pc_process_record, text);
	r->header.size = size;
	return size;
}

/* Sends the record of the current process; 0 when that failed, which was counted. */
GLOBAL int process_send(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct process_scratch *p = scratch_take(&process_scratch);
	__u32 size = 0;
	bool sent = false;

	if (p) {
		process_key(task, &p->record.key);
		size = process_fill(p, task);
	}
	if (size && share_admits_current(size, false))
		sent = !bpf_ringbuf_output(&claims, &p->record, size, claims_flags());
	if (!sent)
		stat_count(PC_STAT_PROCESSES_LOST);
	scratch_give_back(&process_scratch);
	return sent;
}

/* Makes sure that the record of the current process, which has this key, was sent. False: it could
 * not be sent. */
static __always_inline bool process_note(const struct pc_process_key *key)
{
	typeof(recent_processes[0]) *recent = &recent_processes[key->tgid % RECENT_PROCESSES];
	__u64 rest = (__u64)key->exec_id << 32 | key->tgid;
	__u32 epoch = process_epoch, *seen;

	barrier_var(recent); /* see connect_note_slot() */
	if (recent->rest == rest && recent->start_ns == key->start_ns && recent->epoch == epoch)
		return true;
	seen = bpf_map_lookup_elem(&seen_processes, key);
	if (!seen || *seen != epoch) {
		if (!process_send())
			return false;
		bpf_map_update_elem(&seen_processes, key, &epoch, BPF_ANY);
	}
	recent->epoch = 0;
	recent->start_ns = key->start_ns;
	recent->rest = rest;
	recent->epoch = epoch;
	return true;
}

#endif
