/* SPDX-License-Identifier: GPL-2.0-only */
/* The cost of watching on this machine. user/host and user/bpf measure it, user/out prints it. */
#ifndef PORTCLASH_COST_H
#define PORTCLASH_COST_H

#include <stdbool.h>
#include <stdint.h>

/* Room for every program that is attached, and for those that are run on demand. */
#define PC_COST_PROGRAMS_MAX 56

struct pc_program_cost {
	const char *name; /* of the BPF function; valid as long as the monitor is open */
	uint64_t runs;	  /* see pc_cost.programs_counted */
	uint64_t ns;
	uint64_t missed; /* the kernel did not run it: interrupted in it, it was due again */
};

/* The order of the records' way: claims are read first. */
enum pc_ring {
	PC_RING_CLAIMS = 0,
	PC_RING_REFUSALS,
	PC_RING_COUNT,
};

struct pc_ring_cost {
	uint64_t size;
	uint64_t peak; /* the most that waited when it was read */
};

struct pc_cost {
	uint64_t cpu_ns;       /* of portclash's own process, since it began */
	uint64_t cpu_start_ns; /* what of it the start took: loading, the kernel's verifier */
	uint64_t resident;     /* bytes; with the rings */
	uint64_t resident_peak;
	uint64_t maps; /* bytes of the BPF maps, rings included, as the kernel accounts them */
	bool cpu_known;
	bool memory_known; /* of both `resident` */
	bool maps_known;
	bool programs_counted; /* kernel.bpf_stats_enabled: else the kernel counts no runs, no time */
	struct pc_ring_cost rings[PC_RING_COUNT];
	struct pc_program_cost programs[PC_COST_PROGRAMS_MAX];
	unsigned programs_count;
};

/* All programs together. */
static inline struct pc_program_cost pc_cost_total(const struct pc_cost *c)
{
	struct pc_program_cost total = { .name = "" };

	for (unsigned i = 0; i < c->programs_count; i++) {
		total.runs += c->programs[i].runs;
		total.ns += c->programs[i].ns;
		total.missed += c->programs[i].missed;
	}
	return total;
}

#endif
