/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF programs, maps and links that a process holds, and whether the kernel still has them
 * when that process is gone. Told by id: others may run portclash at the same time. */
#ifndef LIVE_BPF_OBJECTS_H
#define LIVE_BPF_OBJECTS_H

#include "test.h"

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

/* What its descriptors refer to. A process that is not stopped can be about to get more. */
void bpf_objects_of(struct test *t, pid_t pid, struct bpf_objects *out);

/* How often the kernel did not run its programs, because one ran already on that processor
 * (bpf_prog_info.recursion_misses, 5.12+). */
unsigned long bpf_objects_missed(struct test *t, pid_t pid);

/* A mismatch when the kernel has not freed all of them in time; it frees them a little after
 * the last descriptor is closed. */
void bpf_objects_expect_gone(struct test *t, const struct bpf_objects *objects);

#endif
