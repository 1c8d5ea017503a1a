// SPDX-License-Identifier: GPL-2.0-only
/* How full a ring is: the kernel shows its two positions in pages before the data
 * (Documentation/bpf/ringbuf.rst), the reader's and then the writers'. libbpf tells since 1.3 only,
 * and a sum over the records that are read would have those that come meanwhile in it. */
#include "bpf/ring.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int pc_ring_gauge_open(struct pc_ring_gauge *g, int map, uint64_t size)
{
	void *memory = mmap(NULL, 2 * page_size(), PROT_READ, MAP_SHARED, map, 0);

	if (memory == MAP_FAILED)
		return -errno;
	g->positions = memory;
	g->cost.size = size;
	return 0;
}

void pc_ring_gauge_close(struct pc_ring_gauge *g)
{
	if (g->positions)
		munmap((void *)g->positions, 2 * page_size());
	g->positions = NULL;
}

static uint64_t position(const unsigned char *page)
{
	return __atomic_load_n((const unsigned long *)page, __ATOMIC_ACQUIRE);
}

void pc_ring_gauge_look(struct pc_ring_gauge *g)
{
	uint64_t waits = position(g->positions + page_size()) - position(g->positions);

	if (waits > g->cost.peak)
		g->cost.peak = waits;
}
