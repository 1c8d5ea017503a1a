/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that record refusals are long, and the kernel looks at each for long when it loads it. Of programs with
 * the same arguments, one is loaded whole; the others go on in it where there is something to record. Each keeps its
 * own place at a hook: the kernel leaves out a program that is at work on this CPU, and that would be all of them. */
#ifndef PORTCLASH_SHARED_EXIT_BPF_H
#define PORTCLASH_SHARED_EXIT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* False: each program is loaded whole. The kernel can refuse programs on different functions to go on in each other
 * (bpf_prog_map_compatible()). The loader sets it before it loads the programs. */
const volatile bool exits_are_shared = false;

/* A map belongs to the arguments of the first program that uses it: one map for each program that others go on in. */
#define SHARED_EXIT(name)                              \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY); \
		__uint(max_entries, 1);                \
		__uint(key_size, sizeof(__u32));       \
		__uint(value_size, sizeof(__u32));     \
	} name SEC(".maps")

SHARED_EXIT(shared_bind);
SHARED_EXIT(shared_connect);

#endif
