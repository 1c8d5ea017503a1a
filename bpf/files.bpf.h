/* SPDX-License-Identifier: GPL-2.0-only */
/* This pass looks through the descriptor tables of all processes, by reads alone. The kernel's own
 * iterator over open files (iter/task_file) holds each file for an instant. A close() in that instant does not
 * free the socket's port before the iterator's read() ends, and portclash would bring about the very
 * error it watches for. */
#ifndef PORTCLASH_FILES_BPF_H
#define PORTCLASH_FILES_BPF_H

#include "owner.bpf.h"
#include "rounds.bpf.h"

/* The pass takes at most so many steps in one process: open descriptors, and runs of 64 closed
 * ones. Beyond that, and when there is no more room for what it finds, it says where it stopped, and
 * user space runs it again from there. */
#define FILES_STEPS (1 << 17)
#define FILES_ROUNDS (FILES_STEPS / ROUNDS_STEPS)

/* The descriptor table of one process. The process may free the table meanwhile, so the target of a
 * pointer counts only if it is a wanted socket. */
struct files_walk {
	struct task_struct *task;
	struct file **files;
	unsigned long *open;
	__u64 word;
	__u32 fd;
	__u32 from; /* descriptors before it were looked at in an earlier pass */
	__u32 size;
	bool skips; /* files_listed(): the process at which the last pass stopped is still to come */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct files_walk);
} files_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pc_files);
} files_result SEC(".maps");

/* A sweep of descriptors lists only cookies, of the sockets that are not in the TCP port table: UDP
 * sockets, and those of MPTCP, whose ports are held by subflows. */
bool files_sweep = false;

/* A pass begins where the last one stopped; 0, 0: at the first descriptor of the first task. */
__u32 files_begin_pid = 0;
__u32 files_begin_fd = 0;

static __always_inline void files_stop(struct pc_files *out, const struct files_walk *w, __u32 fd)
{
	const struct task_struct *task = w->task;

	out->full = 1;
	out->pid = BPF_CORE_READ(task, pid);
	out->fd = fd;
}

static __always_inline void files_sweep_take(struct pc_files *out, const struct files_walk *w,
					     const struct sock *sk, __u32 fd)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	__u32 n = out->count;

	if (!cookie || BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol) == IPPROTO_TCP)
		return;
	if (n >= PC_FILES_COOKIES) {
		files_stop(out, w, fd);
		return;
	}
	asm volatile("" : "+r"(n));
	n &= PC_FILES_COOKIES - 1;
	out->cookies[n] = cookie;
	out->count = n + 1;
}

/* Gives room for one more owner, cleared; NULL: there is none. */
static __always_inline struct pc_owner_record *files_room(struct pc_files *out,
							  const struct files_walk *w, __u32 fd)
{
	__u32 n = out->count;
	struct pc_owner_record *o;

	if (n >= PC_FILES_OWNERS) {
		files_stop(out, w, fd);
		return NULL;
	}
	asm volatile("" : "+r"(n));
	n &= PC_FILES_OWNERS - 1;
	o = &out->owners[n];
	__builtin_memset(&o->socket, 0, sizeof(o->socket));
	return o;
}

static __always_inline void files_take(struct pc_files *out, const struct files_walk *w,
				       const struct sock *sk, const struct file *file, __u32 fd)
{
	struct pc_owner_record *o;

	if (!owner_wanted(sk, file))
		return;
	o = files_room(out, w, fd);
	if (!o)
		return;
	socket_read(&o->socket, sk);
	owner_head(o, w->task, fd);
	out->count++;
}

static __always_inline void files_take_unix(struct pc_files *out, const struct files_walk *w,
					    const struct sock *sk, const struct file *file,
					    __u32 fd)
{
	struct pc_owner_record *o = files_room(out, w, fd);

	if (!o || !owner_take_unix(&o->socket, sk, file, w->task))
		return;
	owner_head(o, w->task, fd);
	out->count++;
}

static __always_inline void files_look(struct pc_files *out, const struct files_walk *w,
				       struct file *file, __u32 fd)
{
	const struct sock *sk = any_socket_of_file(file);

	if (!sk)
		return;
	if (!socket_is_watched(sk)) {
		if (wanted_unix && !files_sweep)
			files_take_unix(out, w, sk, file, fd);
		return;
	}
#ifdef PORTCLASH_SCAR_BPF_H /* not in the object of `who` */
	if (scars_are_old)
		scar_note_old(sk);
#endif
	if (files_sweep)
		files_sweep_take(out, w, sk, fd);
	else
		files_take(out, w, sk, file, fd);
}

/* Visits the next descriptor, or skips the next 64 that are closed. Returns 1 at the end of the
 * table. */
GLOBAL int files_step(void)
{
	__u32 zero = 0, fd;
	struct files_walk *w = bpf_map_lookup_elem(&files_scratch, &zero);
	struct pc_files *out = bpf_map_lookup_elem(&files_result, &zero);
	struct file *file = NULL;

	if (!w || !out || out->full || w->fd >= w->size)
		return 1;
	fd = w->fd;
	if (fd % 64 == 0) {
		w->word = 0;
		bpf_probe_read_kernel(&w->word, sizeof(w->word), w->open + fd / 64);
		if (!w->word) {
			w->fd = fd + 64;
			return 0;
		}
	}
	w->fd = fd + 1;
	if (w->word >> fd % 64 & 1 && fd >= w->from &&
	    bpf_probe_read_kernel(&file, sizeof(file), w->files + fd) == 0)
		files_look(out, w, file, fd);
	return 0;
}

DEFINE_ROUNDS(files)

/* The iterator visits tasks in the order of their ids. In the machine's own pid namespace these are
 * the ids that the program sees; in another one the order can differ after an overflow of ids, and a
 * process can be missed. */
static __always_inline bool files_were_seen(const struct task_struct *task)
{
	return BPF_CORE_READ(task, pid) < files_begin_pid;
}

/* Enters the table of a task. False: it is none of this round. Threads share the table of their leader, unless they
 * have unshared it. */
static __always_inline bool files_enter(struct files_walk *w, struct pc_files *out,
					struct task_struct *task)
{
	struct files_struct *files = BPF_CORE_READ(task, files);
	struct fdtable *fdt;

	w->task = task;
	w->fd = w->size = 0;
	if (!files || (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid) &&
		       files == BPF_CORE_READ(task, group_leader, files)))
		return false;
	fdt = BPF_CORE_READ(files, fdt);
	w->files = BPF_CORE_READ(fdt, fd);
	w->open = BPF_CORE_READ(fdt, open_fds);
	w->size = BPF_CORE_READ(fdt, max_fds);
	if (w->size > PC_FILES_SMALL && !out->large)
		out->large_seen = 1;
	if ((w->size > PC_FILES_SMALL) != !!out->large) {
		w->size = 0;
		return false;
	}
	/* A run of 64 is entered at its beginning, where the word of open descriptors is read. */
	w->from = files_begin_pid == BPF_CORE_READ(task, pid) ? files_begin_fd : 0;
	w->fd = w->from & ~63U;
	return true;
}

static __always_inline void files_walk(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 zero = 0;
	struct files_walk *w = bpf_map_lookup_elem(&files_scratch, &zero);
	struct pc_files *out = bpf_map_lookup_elem(&files_result, &zero);

	if (!task || !w || !out || out->full || files_were_seen(task) || !files_enter(w, out, task))
		return;
	ONE_CALL
	for (int i = 0; i < FILES_ROUNDS; i++)
		if (files_rounds())
			return;
	files_stop(out, w, w->fd);
}

SEC("iter/task")
int process_files(struct bpf_iter__task *ctx)
{
	files_walk(ctx);
	return 0;
}

/* Goes on to the next process of the kernel's list. Returns 1 at the end, which is where the pass began. */
static __always_inline int files_next_process(struct files_walk *w, struct pc_files *out)
{
	struct task_struct *task = w->task, *own = (void *)bpf_get_current_task();
	struct task_struct *next =
		(void *)BPF_CORE_READ(task, tasks.next) - bpf_core_field_offset(task->tasks);

	if (next == BPF_CORE_READ(own, group_leader)) {
		/* The process where the last pass stopped has ended: once more from the beginning. */
		if (w->skips)
			out->full = 1;
		return 1;
	}
	w->task = next;
	w->size = 0;
	if (w->skips && BPF_CORE_READ(next, pid) != files_begin_pid)
		return 0;
	w->skips = false;
	files_enter(w, out, next);
	return 0;
}

GLOBAL int listed_step(void)
{
	__u32 zero = 0;
	struct files_walk *w = bpf_map_lookup_elem(&files_scratch, &zero);
	struct pc_files *out = bpf_map_lookup_elem(&files_result, &zero);

	if (!w || !out || out->full)
		return 1;
	return files_step() ? files_next_process(w, out) : 0;
}

DEFINE_ROUNDS(listed)

/* Does the work of process_files() where the kernel has no BTF, and so no iterators. The kernel's list of processes
 * is a ring, which is read from portclash's own process on, under RCU as BPF_PROG_TEST_RUN takes it. Threads with a
 * descriptor table of their own are not seen. */
SEC("raw_tp/portclash_files")
int files_listed(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct files_walk *w = bpf_map_lookup_elem(&files_scratch, &zero);
	struct pc_files *out = bpf_map_lookup_elem(&files_result, &zero);

	if (!w || !out)
		return 0;
	task = BPF_CORE_READ(task, group_leader);
	out->pid = out->fd = 0;
	w->skips = files_begin_pid && BPF_CORE_READ(task, pid) != files_begin_pid;
	w->task = task;
	w->size = 0;
	if (!w->skips)
		files_enter(w, out, task);
	ONE_CALL
	for (int i = 0; i < FILES_ROUNDS; i++)
		if (listed_rounds())
			return 0;
	files_stop(out, w, w->fd);
	return 0;
}

#endif
