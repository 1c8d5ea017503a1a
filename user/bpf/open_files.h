/* SPDX-License-Identifier: GPL-2.0-only */
/* Which process has which socket open: the programs of bpf/files.bpf.h and bpf/owner.bpf.h, as the
 * monitor and `who` use them. */
#ifndef PORTCLASH_OPEN_FILES_H
#define PORTCLASH_OPEN_FILES_H

#include <bpf/libbpf.h>

#include "bpf/monitor.h"

/* Filled in by who loads the programs; closed by pc_open_files_close(). */
struct pc_open_files {
	int files_map;
	uint64_t *wanted_keys;	     /* PC_WANTED_SLOTS, in the programs' memory */
	struct bpf_link *by_file;    /* iter/task_file; NULL: there is none to fall back to */
	struct bpf_link *by_process; /* iter/task */
	bool *wanted_all;	     /* in the programs' memory */
	bool *files_sweep;
	struct pc_files *files; /* mapped by pc_open_files_open() */
	uint64_t invalid;	/* records that failed the check */
};

typedef void (*pc_owner_fn)(void *context, const struct pc_owner *owner);

/* 0 or a negative errno; everything but `files` must be set. */
int pc_open_files_open(struct pc_open_files *o);
void pc_open_files_close(struct pc_open_files *o);

/* As pc_monitor_owners() and pc_monitor_sweep_files(); -EOVERFLOW when there are more than fit
 * and nothing to fall back to. */
int pc_open_files_find(struct pc_open_files *o, const struct pc_wanted *wanted, pc_owner_fn found,
		       void *context);
int pc_open_files_sweep(struct pc_open_files *o, void (*alive)(void *context, uint64_t cookie),
			void *context);

#endif
