/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel leaves out a program on a function while another task is preempted in the same program on that CPU
 * (bpf_prog_get_recursion_context()). A kernel that does not preempt itself never does so. */
#ifndef PORTCLASH_PREEMPTION_H
#define PORTCLASH_PREEMPTION_H

#include <stdbool.h>

/* May the running kernel preempt a task that is in the kernel? True also if that cannot be found out. */
bool pc_preemption_possible(void);

/* The same, by the version as uname() gives it, and by what <debugfs>/sched/preempt says; NULL: it cannot be read. */
bool pc_preemption_by(const char *version, const char *modes);

#endif
