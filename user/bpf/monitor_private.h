/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by loader.c, hooks.c, reader.c and cost.c only: what is open while portclash watches. */
#ifndef PORTCLASH_MONITOR_PRIVATE_H
#define PORTCLASH_MONITOR_PRIVATE_H

#include <bpf/libbpf.h>

#include "bpf/attach.h"
#include "bpf/backend.h"
#include "bpf/monitor.h"
#include "bpf/open_files.h"
#include "bpf/ring.h"

/* Hooks of the largest back end and the cgroup programs, with room. */
#define PC_LINKS_MAX 48

struct portclash_bpf;

struct pc_monitor {
	struct portclash_bpf *skel; /* loader.c only */
	struct bpf_object *object;  /* the skeleton's */
	const struct pc_backend *backend;
	const struct pc_program *cgroup; /* the back end's, as far as this kernel needs them */
	bool with_cgroup;		 /* they are attached */
	bool rare_counts;		 /* so do runs left out of PC_ATTACH_RARE: early warnings */
	char blind[PC_SENTENCE];
	char why[PC_SENTENCE];
	struct bpf_link *links[PC_LINKS_MAX];
	const struct bpf_program *attached[PC_LINKS_MAX]; /* by which link */
	size_t links_count;
	struct pc_return_probes return_probes;
	int hooks[PC_LINKS_MAX]; /* programs: each run left out is a record that is missing */
	size_t hooks_count;
	int states;
	unsigned optional_missing; /* programs that could not be attached, and need not be */
	struct pc_record_handler handler;
	uint64_t invalid;

	/* reader.c */
	struct ring_buffer *claims;
	struct ring_buffer *refusals;
	struct pc_ring_gauge rings[PC_RING_COUNT];
	int epoll_fd;
	/* In the programs' memory. */
	const volatile uint64_t *stats;
	const struct pc_netns_ports *netns_ports;
	volatile uint32_t *process_epoch;
	int sweep_prog;
	int sweep_map;
	struct pc_open_files owners;
	const struct pc_sweep *sweep; /* mapped */
	uint64_t maps_bytes;	      /* 0: not known */
};

/* Of all maps, rings included; 0: not known. */
uint64_t pc_maps_bytes(const struct bpf_object *object);

int pc_reader_open(struct pc_monitor *m, const struct bpf_map *claims,
		   const struct bpf_map *refusals);
void pc_reader_close(struct pc_monitor *m);

#endif
