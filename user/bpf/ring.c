// SPDX-License-Identifier: GPL-2.0-only
/* The gauge of a ring says how full the ring is, and where one reading of it ends. The kernel shows two positions in pages before the
 * data, the reader's and then the writers' (Documentation/bpf/ringbuf.rst). libbpf tells them only
 * since 1.3. A sum over the records that are read would include those that come meanwhile. */
#include "bpf/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <sys/mman.h>

int pc_ring_gauge_open(struct pc_ring_gauge *g, int map, uint64_t size, size_t page)
{
	void *memory = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, map, 0);

	if (memory == MAP_FAILED)
		return -errno;
	g->positions = memory;
	g->page = page;
	g->cost.size = size;
	return 0;
}

void pc_ring_gauge_close(struct pc_ring_gauge *g)
{
	if (g->positions)
		munmap((void *)g->positions, 2 * g->page);
	g->positions = NULL;
}

static uint64_t position(const unsigned char *page)
{
	return __atomic_load_n((const unsigned long *)page, __ATOMIC_ACQUIRE);
}

void pc_ring_gauge_look(struct pc_ring_gauge *g)
{
	uint64_t waits;

	g->end = position(g->positions + g->page);
	waits = g->end - position(g->positions);

	if (waits > g->cost.peak)
		g->cost.peak = waits;
}

bool pc_ring_gauge_is_at_end(const struct pc_ring_gauge *g)
{
	return position(g->positions) >= g->end;
}

/* The reader's position still lies before the record: libbpf moves it when the record has been taken. A
 * record has a header and is rounded up to 8 bytes (bpf_ringbuf_reserve()). */
bool pc_ring_gauge_ends(const struct pc_ring_gauge *g, size_t size)
{
	uint64_t length = (size + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;

	return position(g->positions) + length >= g->end;
}
