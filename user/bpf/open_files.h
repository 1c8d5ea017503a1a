/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions say which process has which socket open, for the monitor and for `who`. The
 * programs are in bpf/files.bpf.h and bpf/owner.bpf.h. */
#ifndef PORTCLASH_OPEN_FILES_H
#define PORTCLASH_OPEN_FILES_H

#include <bpf/libbpf.h>

#include "bpf/monitor.h"

/* The loader of the programs fills this in, and pc_open_files_close() closes it. */
struct pc_open_files {
	int files_map;
	uint64_t *wanted_keys;	     /* PC_WANTED_SLOTS, in the programs' memory */
	struct bpf_link *by_process; /* iter/task; NULL: the kernel has no iterators */
	int listed;		     /* the program that does the same without */
	bool *wanted_all;	     /* in the programs' memory */
	bool *wanted_unix;
	bool *scars_are_old; /* NULL: these programs look at no scars */
	bool *files_sweep;
	uint32_t *files_begin_pid;
	uint32_t *files_begin_fd;
	struct pc_files *files; /* pc_open_files_open() maps this */
	uint64_t invalid;	/* records that failed the check */
};

/* Maps `files`; everything else must be set before. Returns 0 or a negative errno. */
int pc_open_files_open(struct pc_open_files *o);
void pc_open_files_close(struct pc_open_files *o);

/* Do the work of pc_monitor_owners() and pc_monitor_sweep_files(). -EOVERFLOW: the time was up before all
 * descriptors were looked at; what was found until then has been handed over. */
int pc_open_files_find(struct pc_open_files *o, const struct pc_wanted *wanted, pc_owner_fn found,
		       void *context);
int pc_open_files_sweep(struct pc_open_files *o, pc_cookie_fn alive, void *context);

#endif
