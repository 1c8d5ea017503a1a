// SPDX-License-Identifier: GPL-2.0-only
/* This file reads what the kernel side costs: runs and time of each program, and memory of the
 * maps. */
#include <bpf/bpf.h>
#include <inttypes.h>
#include <stdio.h>

#include "bpf/monitor_private.h"

_Static_assert(PC_LINKS_MAX + PC_ON_DEMAND_MAX <= PC_COST_PROGRAMS_MAX, "room for all");

static void add_program(const struct pc_told_program *p, struct pc_cost *out)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	/* This call asks about a program. About a map, the same call would keep other programs from
	 * running. */
	if (out->programs_count == PC_COST_PROGRAMS_MAX ||
	    bpf_obj_get_info_by_fd(p->fd, &info, &size))
		return;
	out->programs[out->programs_count++] = (struct pc_program_cost){
		.name = p->name,
		.runs = info.run_cnt,
		.ns = info.run_time_ns,
		.missed = info.recursion_misses,
	};
}

void pc_monitor_cost(const struct pc_monitor *m, struct pc_cost *out)
{
	out->maps = m->maps_bytes;
	out->maps_known = m->maps_bytes > 0;
	for (int i = 0; i < PC_RING_COUNT; i++)
		out->rings[i] = m->rings[i].cost;
	out->programs_count = 0;
	for (size_t i = 0; i < m->links_count; i++)
		add_program(&m->attached[i], out);
	for (size_t i = 0; i < m->on_demand_count; i++)
		add_program(&m->on_demand[i], out);
}

/* Reads the size of a map as the kernel accounts it (map_mem_usage(), 6.4+). An older kernel shows
 * an estimate, which is 0 for a ring. Returns 0 when the size is not known. */
static uint64_t bytes_of(const struct bpf_map *map)
{
	bool ring = bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF;
	uint64_t least = ring ? bpf_map__max_entries(map) : 0, bytes = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "memlock: %" SCNu64, &bytes);
	if (file)
		fclose(file);
	return bytes > least ? bytes : least;
}

/* Sums the sizes of all maps. The monitor asks once, before it watches: all memory is allocated
 * from the start, because no map is made with BPF_F_NO_PREALLOC. */
uint64_t pc_maps_bytes(const struct bpf_object *object)
{
	const struct bpf_map *map = NULL;
	uint64_t sum = 0;

	while ((map = bpf_object__next_map(object, map))) {
		uint64_t bytes = bytes_of(map);

		if (!bytes)
			return 0;
		sum += bytes;
	}
	return sum;
}
