/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor's own fields: what is open while portclash watches. Only monitor.c, loader.c, hooks.c,
 * reader.c and cost.c include this header. */
#ifndef PORTCLASH_MONITOR_PRIVATE_H
#define PORTCLASH_MONITOR_PRIVATE_H

#include <bpf/libbpf.h>

#include "bpf/claim_log.h"
#include "bpf/attach.h"
#include "bpf/backend.h"
#include "bpf/kernel.h"
#include "bpf/kept.h"
#include "bpf/monitor.h"
#include "bpf/open_files.h"
#include "bpf/ring.h"

/* The hooks of the largest back end and the cgroup programs have room. */
#define PC_LINKS_MAX 48

/* The programs that every back end needs have room. */
#define PC_ON_DEMAND_MAX 8

/* Calls that can connect a socket. */
#define PC_CALLS_MAX 4

struct portclash_bpf;
struct portclash_bpf__bss;

/* A program, as its costs are told. */
struct pc_told_program {
	const char *name;
	int fd;
};

struct pc_monitor {
	struct portclash_bpf *skel;	/* loader.c only, while pc_monitor_open() runs */
	struct bpf_object *object;	/* the skeleton's, while pc_monitor_open() runs */
	const struct pc_kernel *kernel; /* while pc_monitor_open() runs */
	struct pc_kept kept;		/* of the object */
	struct portclash_bpf__bss *bss; /* loader.c only; kept */
	const struct pc_backend *backend;
	const struct pc_program *cgroup; /* the back end's, as far as this kernel needs them */
	enum pc_cgroup_use cgroup_use;	 /* of its cgroup programs */
	bool cgroup_failed; /* they could not be attached: to be opened again, without them */
	bool exits_apart; /* the kernel lets no program on a function go on in another */
	unsigned when;			 /* enum pc_when, as flags: the cases that hold */
	bool protected_ends_only; /* of claims, only those on protected ports have their ends sent */
	char blind[PC_SENTENCE];
	char why[PC_SENTENCE];
	struct bpf_link *links[PC_LINKS_MAX];
	struct pc_told_program attached[PC_LINKS_MAX]; /* the program behind each link */
	size_t links_count;
	struct pc_told_program on_demand[PC_ON_DEMAND_MAX];
	size_t on_demand_count;
	struct pc_return_probes return_probes;
	int counted[PC_LINKS_MAX]; /* programs of which each run left out is a loss */
	size_t counted_count;
	int calls[PC_CALLS_MAX]; /* programs of which a run left out may be a refused call */
	size_t calls_count;
	int states; /* the program of which a run left out may be a claim; -1: none */
	int ends;   /* the program of which a run left out may be the end of a socket; -1: none */
	unsigned optional_missing; /* programs that could not be attached, and need not be */

	/* these are reader.c's */
	const struct pc_taker *taker; /* of the reading under way */
	struct pc_ring_reader rings[PC_RING_COUNT];
	int epoll_fd;
	/* these lie in the programs' memory */
	const volatile uint64_t *stats;
	const struct pc_netns_ports *netns_ports;
	volatile struct pc_share *claim_shares;
	volatile uint32_t *process_epoch;
	int sweep_prog;
	int sweep_map;
	int late_one_prog;
	int checks_map;
	const volatile uint64_t *check_ids; /* PC_CHECK_SLOTS threads, mapped */
	const volatile struct pc_cpu_work *cpu_work;
	struct pc_claim_log claim_log;
	int cpus;	  /* possible ones */
	uint64_t read_ns; /* boot clock, as the others: when the claims were last read */
	uint64_t late_ns; /* the last look at left notes */
	uint64_t refused_ns; /* when a refusal was last read; 0: none was */
	int merged_prog;
	const volatile uint64_t *quota_counted; /* refusals that were only counted */
	const volatile uint64_t *quota_told;	/* those of them that were told */
	struct pc_losers over_share; /* of the claims over the shares, those that were counted here */
	uint64_t over_share_seen;
	struct pc_open_files owners;
	const struct pc_sweep *sweep; /* mapped while a sweep runs */
	uint64_t maps_bytes;	      /* 0: not known */
};

/* Sums the bytes of all maps, rings included; 0: not known. */
uint64_t pc_maps_bytes(const struct bpf_object *object);

/* Loads and attaches the programs of the monitor's back end, and closes libbpf's object. On failure returns a negative
 * errno, and the sentence. */
int pc_loader_open(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence);

/* Closes libbpf's object if it is open still. */
void pc_loader_close(struct pc_monitor *m);

int pc_reader_open(struct pc_monitor *m, const struct bpf_map *claims,
		   const struct bpf_map *refusals);
void pc_reader_close(struct pc_monitor *m);

#endif
