/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a process that was refused something, or that asked for a port by bind(), is recorded here.
 * The end of any other process costs a look at one flag, or one lookup. */
#ifndef PORTCLASH_ENDED_BPF_H
#define PORTCLASH_ENDED_BPF_H

#include "process.bpf.h"
#include "signal.h"

#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h */

/* The maps of the living processes whose end is wanted, by their id: when they started. A process is in one of them:
 * refused, or else a binder. So processes that bind, of which any user can make thousands, push no refused one out.
 * 6,144 take about 600 KiB. The one that was noted longest ago gives way, so that a flood does not hide the server
 * that is refused and ends at once. User space looks for the ends of refused processes that it was not told of,
 * and concludes nothing from another end that it did not see. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, __u64);
} refused_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} binding_processes SEC(".maps");

/* True once any process was noted. */
bool any_noted = false;

/* A process that was refused, or that bound a port, within this time is not looked up again. It is later: the map may
 * have dropped it. */
#define NOTED_NS 1000000000

struct recent_note {
	__u64 start_ns;
	__u64 time_ns; /* boot clock */
	__u32 tgid;
	__u32 pad;
};

static struct recent_note recent_refused[RECENT_PROCESSES];
static struct recent_note recent_binders[RECENT_PROCESSES];

/* Was the process noted just now? If not, it is from now on. */
static __always_inline bool is_noted_lately(struct recent_note *notes,
					    const struct pc_process_key *process, __u64 time_ns)
{
	struct recent_note *recent = &notes[process->tgid % RECENT_PROCESSES];

	barrier_var(recent); /* see connect_note_slot() */
	if (recent->tgid == process->tgid && recent->start_ns == process->start_ns &&
	    time_ns - recent->time_ns < NOTED_NS)
		return true;
	recent->tgid = process->tgid;
	recent->start_ns = process->start_ns;
	recent->time_ns = time_ns;
	return false;
}

/* `process` is in a record's memory: key and value take no room on the stack, of which a refusal has
 * little left. */
static __always_inline void end_note(const struct pc_process_key *process, __u64 time_ns)
{
	if (is_noted_lately(recent_refused, process, time_ns))
		return;
	bpf_map_update_elem(&refused_processes, &process->tgid, &process->start_ns, BPF_ANY);
	bpf_map_delete_elem(&binding_processes, &process->tgid);
	any_noted = true;
}

static __always_inline bool end_is_noted(void *map, const struct pc_process_key *process)
{
	__u64 *found = bpf_map_lookup_elem(map, &process->tgid);

	return found && *found == process->start_ns;
}

/* The same for the current process at each of its claims by bind(): a resolver makes many. */
static __always_inline void end_note_binder(const struct pc_process_key *process, __u64 time_ns)
{
	if (is_noted_lately(recent_binders, process, time_ns))
		return;
	if (end_is_noted(&binding_processes, process) || end_is_noted(&refused_processes, process))
		return;
	bpf_map_update_elem(&binding_processes, &process->tgid, &process->start_ns, BPF_ANY);
	any_noted = true;
}

/* Gives the status as wait() has it: wait_task_zombie() in kernel/exit.c. */
static __always_inline int end_status(struct task_struct *task, struct task_struct *leader)
{
	struct signal_struct *signal = COMPAT_LOAD(task->signal, BPF_CORE_READ(task, signal));

	if (COMPAT_LOAD(signal->flags, BPF_CORE_READ(signal, flags)) & SIGNAL_GROUP_EXIT)
		return COMPAT_LOAD(signal->group_exit_code, BPF_CORE_READ(signal, group_exit_code));
	return COMPAT_LOAD(leader->exit_code, BPF_CORE_READ(leader, exit_code));
}

static __always_inline void end_record(struct task_struct *task, __u64 start_ns)
{
	struct task_struct *leader =
		COMPAT_LOAD(task->group_leader, BPF_CORE_READ(task, group_leader));
	struct pc_end_record *e = NULL;

	if (share_admits_current(sizeof(*e), false))
		e = bpf_ringbuf_reserve(&claims, sizeof(*e), 0);
	if (!e) {
		stat_count(PC_STAT_ENDS_LOST);
		return;
	}
	e->header.type = PC_RECORD_END;
	e->header.size = sizeof(*e);
	e->time_ns = bpf_ktime_get_boot_ns();
	e->process.start_ns = start_ns;
	e->process.tgid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	e->process.exec_id =
		(__u32)COMPAT_LOAD(leader->self_exec_id, BPF_CORE_READ(leader, self_exec_id));
	e->status = end_status(task, leader);
	e->pad = 0;
	bpf_ringbuf_submit(e, claims_flags());
}

/* Takes the process out of the map, and tells whether it was there. Of two that try, one succeeds. An older process
 * of the same id, whose end went unseen, does not count. */
static __always_inline bool end_take(void *map, __u32 tgid, __u64 start_ns)
{
	__u64 *found = bpf_map_lookup_elem(map, &tgid), noted_ns;

	if (!found)
		return false;
	noted_ns = *found;
	return !bpf_map_delete_elem(map, &tgid) && noted_ns == start_ns;
}

/* Takes the exit of a thread; that of the last one ends the process. do_exit() has counted it and set
 * its exit code before. Of two that end at the same time both may be the last one here: the first to
 * take the process out of the map tells. `task` is the current task: a BTF pointer if the kernel has BTF. */
static __always_inline void process_ended(struct task_struct *task)
{
	__u32 tgid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	__u64 start_ns;

	if (!any_noted ||
	    COMPAT_LOAD(task->signal->live.counter, BPF_CORE_READ(task, signal, live.counter)))
		return;
	start_ns = COMPAT_LOAD(task->group_leader->start_boottime,
			       BPF_CORE_READ(task, group_leader, start_boottime));
	if (end_take(&refused_processes, tgid, start_ns) ||
	    end_take(&binding_processes, tgid, start_ns))
		end_record(task, start_ns);
}

#endif
