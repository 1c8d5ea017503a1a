/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking through the descriptor tables of a process without touching them. The kernel's own
 * iterator over open files holds each file for an instant, and a close() in that instant does not
 * free the socket's port: a monitor that uses it all the time brings about the very error it
 * watches for. So it is used once, at the start (owner.bpf.h), and afterwards this: reads only. */
#ifndef PORTCLASH_FILES_BPF_H
#define PORTCLASH_FILES_BPF_H

#include "owner.bpf.h"

/* Open descriptors, and runs of 64 closed ones, of one process at most; beyond it the pass says
 * so and user space falls back to the kernel's iterator. */
#define FILES_STEPS (1 << 17)
#define FILES_ROUND 64

/* One process' table. Its pointers are only as good as reads of freed memory: what they lead to
 * counts only if it is a wanted socket. */
struct files_walk {
	struct task_struct *task;
	struct file **files;
	unsigned long *open;
	__u64 word;
	__u32 fd;
	__u32 size;
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

/* Only cookies are wanted, of the sockets that are not in the TCP port table: UDP, and those of
 * MPTCP, whose ports are held by subflows. */
bool files_sweep = false;

static __always_inline void files_sweep_take(struct pc_files *out, const struct sock *sk)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	__u32 n = out->count;

	if (!cookie || BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol) == IPPROTO_TCP)
		return;
	if (n >= PC_FILES_COOKIES) {
		out->full = 1;
		return;
	}
	out->cookies[n] = cookie;
	out->count = n + 1;
}

static __always_inline void files_take(struct pc_files *out, const struct files_walk *w,
				       const struct sock *sk, const struct file *file, __u32 fd)
{
	struct task_struct *task = w->task;
	__u32 n = out->count;
	struct pc_owner *o;

	if (!owner_wanted(sk, file))
		return;
	if (n >= PC_FILES_OWNERS) {
		out->full = 1;
		return;
	}
	asm volatile("" : "+r"(n));
	n &= PC_FILES_OWNERS - 1;
	o = &out->owners[n];
	__builtin_memset(&o->socket, 0, sizeof(o->socket));
	read_socket(&o->socket, sk);
	o->header.type = PC_RECORD_OWNER;
	o->header.size = sizeof(*o);
	process_key(task, &o->process);
	o->fd = fd;
	o->pad = 0;
	bpf_probe_read_kernel(o->comm, sizeof(o->comm), &BPF_CORE_READ(task, group_leader)->comm);
	out->count = n + 1;
}

static __always_inline void files_look(struct pc_files *out, const struct files_walk *w,
				       struct file *file, __u32 fd)
{
	const struct sock *sk = socket_of_file(file);

	if (!sk)
		return;
	if (files_sweep)
		files_sweep_take(out, sk);
	else
		files_take(out, w, sk, file, fd);
}

/* The next descriptor, or the next 64 that are closed; 1 at the end of the table. */
__attribute__((noinline)) int files_step(void)
{
	__u32 zero = 0, fd;
	struct files_walk *w = bpf_map_lookup_elem(&files_scratch, &zero);
	struct pc_files *out = bpf_map_lookup_elem(&files_result, &zero);
	struct file *file = NULL;

	if (!w || !out || w->fd >= w->size)
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
	if (w->word >> fd % 64 & 1 &&
	    bpf_probe_read_kernel(&file, sizeof(file), w->files + fd) == 0)
		files_look(out, w, file, fd);
	return 0;
}

__attribute__((noinline)) int files_round(void)
{
	for (int i = 0; i < FILES_ROUND; i++)
		if (files_step())
			return 1;
	return 0;
}

__attribute__((noinline)) int files_rounds(void)
{
	for (int i = 0; i < FILES_ROUND; i++)
		if (files_round())
			return 1;
	return 0;
}

/* Threads share their leader's table but for those that have unshared it. */
static __always_inline void files_walk(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct files_struct *files;
	struct fdtable *fdt;
	__u32 zero = 0;
	struct files_walk *w = bpf_map_lookup_elem(&files_scratch, &zero);
	struct pc_files *out = bpf_map_lookup_elem(&files_result, &zero);

	if (!task || !w || !out)
		return;
	files = BPF_CORE_READ(task, files);
	if (!files || (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid) &&
		       files == BPF_CORE_READ(task, group_leader, files)))
		return;
	fdt = BPF_CORE_READ(files, fdt);
	w->task = task;
	w->files = BPF_CORE_READ(fdt, fd);
	w->open = BPF_CORE_READ(fdt, open_fds);
	w->size = BPF_CORE_READ(fdt, max_fds);
	w->fd = 0;
	for (int i = 0; i < FILES_STEPS / FILES_ROUND / FILES_ROUND; i++)
		if (files_rounds())
			return;
	out->full = 1;
}

#endif
