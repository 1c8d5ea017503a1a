/* SPDX-License-Identifier: GPL-2.0-only */
/* The note of a bind() is made before it, and taken away when it was allowed or its refusal was
 * recorded. So a note that is left stands for a refusal that no exit program saw.
 *
 * The kernel leaves out a program on a function or a tracepoint while another task is preempted in the
 * same program on that CPU (bpf_prog_get_recursion_context()), and a kprobe beside any bpf() call on a map
 * (bpf_prog_active). Programs on cgroup hooks have no such check and always run: they make the notes
 * (bind_hook.bpf.h). */
#ifndef PORTCLASH_BIND_NOTE_BPF_H
#define PORTCLASH_BIND_NOTE_BPF_H

#include "maps.bpf.h"

/* A program is at work on the refusal, or on the claim. */
#define NOTE_REFUSED 1
#define NOTE_ALLOWED 2

struct bind_note {
	const struct net *net; /* NULL: there is no note */
	__u64 time_ns;	       /* boot clock */
	__u64 cookie;	       /* of the socket; 0: it had none */
	__u64 cgroup_id;
	struct pc_process_key process;
	struct sockaddr_in6 wanted;
	__u32 sent_epoch; /* process_epoch when the record of the process had been sent; 0: it was not */
	const struct task_struct *task; /* see bind_thread.bpf.h */
	__u64 switches;
	__u32 tid;
	__u32 uid;
	__u32 netns;
	__s32 denied; /* the errno with which a program on a cgroup refused before; 0: none did */
	char comm[PC_COMM_LEN];
	__u8 proto; /* 0: no program on a cgroup hook began this check */
	__u8 descendant;
	__u8 prepared; /* the refusal is drafted, in prepared_refusals */
	__u8 leaving;  /* NOTE_REFUSED, NOTE_ALLOWED; 0: neither is known */
	__u8 op;       /* enum pc_op; 0: bind() */
	__u8 kthread;  /* a kernel thread acts, for no process or for one that is not known */
	__u8 pad[2];
};

/* The UDP sockets whose bind() was noted, and the threads that have the notes: a thread can close a socket whose
 * bind() another thread has noted. A slot tells the truth only while the note is there. */
#define NOTED_SOCKETS 1024

static struct noted_socket {
	__u64 sk; /* struct sock * */
	__u64 id; /* pid_tgid */
} noted_sockets[NOTED_SOCKETS];

/* The sockets of one protocol are at few distances from multiples of 32 KiB: slabs have that size. So all bits of the
 * address choose the slot. */
static __always_inline struct noted_socket *noted_socket_slot(__u64 sk)
{
	return &noted_sockets[(sk * 0x9e3779b97f4a7c15ULL) >> 54 & (NOTED_SOCKETS - 1)];
}

static __always_inline void note_begun(struct pc_cpu_work *here)
{
	__sync_fetch_and_add(&here->begun, 1);
}

static __always_inline void note_ended(void)
{
	__sync_fetch_and_add(&work_here()->ended, 1);
}

/* An exit program counts itself while it is at work on a failed bind(). If another bind() begins on this
 * CPU meanwhile, the kernel may leave out its exit. */
static __always_inline void exit_begin(void)
{
	__sync_fetch_and_add(&work_here()->exits, 1);
}

static __always_inline void exit_end(void)
{
	__sync_fetch_and_add(&work_here()->exits, -1);
}

static __always_inline bool exit_is_at_work(struct pc_cpu_work *here)
{
	return *(volatile __u32 *)&here->exits;
}

#endif
