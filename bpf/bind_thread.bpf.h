/* SPDX-License-Identifier: GPL-2.0-only */
/* Is the thread that has made a note still in its bind()? Between the cgroup hook and __inet_bind() it holds no lock. A
 * thread that gets no processor there (a hog of a higher priority, a used-up quota) stays there for long. It is
 * runnable then, and was switched out once, or a few times. A thread that has left bind() sleeps, or is soon switched
 * more often. */
#ifndef PORTCLASH_BIND_THREAD_BPF_H
#define PORTCLASH_BIND_THREAD_BPF_H

#include "bind_note.bpf.h"
#include "compat.bpf.h"

#define TASK_RUNNING 0

/* From the hook to the lock it is a microsecond: a thread that got a processor so often is past that. */
#define INSIDE_SWITCHES 4

static __always_inline __u64 bind_thread_switches(const struct task_struct *task)
{
	return BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
}

/* Notes the current thread by plain loads. `task` is a BTF pointer. */
static __always_inline void bind_thread_note_typed(struct bind_note *note, struct task_struct *task)
{
	note->task = task;
	note->switches = task->nvcsw + task->nivcsw;
}

static __always_inline void bind_thread_note_probed(struct bind_note *note)
{
	note->task = (void *)bpf_get_current_task();
	note->switches = bind_thread_switches(note->task);
}

static __always_inline bool bind_thread_may_be_inside(const struct bind_note *note)
{
	const struct task_struct *task = note->task;

	/* The memory of a thread that has ended can be another's. */
	if ((__u32)BPF_CORE_READ(task, pid) != note->tid ||
	    (__u32)BPF_CORE_READ(task, tgid) != note->process.tgid)
		return false;
	return compat_task_state(task) == TASK_RUNNING &&
	       bind_thread_switches(task) - note->switches <= INSIDE_SWITCHES;
}

#endif
