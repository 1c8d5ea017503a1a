/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF programs, maps and links that a process holds, and whether the kernel still has them when
 * that process is gone. They are known by id, because others may run portclash at the same time. */
#ifndef LIVE_MONITOR_BPF_OBJECTS_H
#define LIVE_MONITOR_BPF_OBJECTS_H

#include "run/test.h"

#define BPF_OBJECTS_MAX 512

struct bpf_objects {
	unsigned programs;
	unsigned maps;
	unsigned links;
	unsigned long missed;
	unsigned count;
	struct {
		uint32_t command; /* of bpf(2): BPF_*_GET_FD_BY_ID */
		uint32_t id;
	} each[BPF_OBJECTS_MAX];
};

/* Collects the objects that the descriptors of the process refer to. A process that is not stopped
 * may be about to open more. */
void bpf_objects_of(struct test *t, pid_t pid, struct bpf_objects *out);

/* Returns how often the kernel did not run its programs because one already ran on that processor
 * (bpf_prog_info.recursion_misses, 5.12+). */
unsigned long bpf_objects_missed(struct test *t, pid_t pid);

/* Records a mismatch when the kernel has not freed all of them in time; the kernel frees them a
 * little after the last descriptor is closed. */
void bpf_objects_expect_gone(struct test *t, const struct bpf_objects *objects);

#endif
