/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs in the kernel speak of the machine's first namespaces: of process ids as they are there, and
 * of times of the boot clock there. These functions find out whether portclash sees the same. */
#ifndef PORTCLASH_FIRST_NS_H
#define PORTCLASH_FIRST_NS_H

#include <stdbool.h>
#include <stdint.h>

/* Does `proc` ("/proc") show the process ids of the machine? In a pid namespace of its own it does not,
 * unless the machine's /proc is mounted there. True also if it cannot be told. */
bool pc_first_ns_pids(const char *proc);

/* The id of this process as `proc` has it; getpid() where it does not say. */
uint32_t pc_first_ns_self(const char *proc);

/* Does the boot clock here show the time of the machine's? In a time namespace it may not. */
bool pc_first_ns_clock(const char *proc);

#endif
