// SPDX-License-Identifier: GPL-2.0-only
/* A ring has two positions in pages before its data, the reader's and then the writers' (Documentation/bpf/ringbuf.rst).
 * The kernel maps the data twice in a row, so that no record is cut in two where the ring ends. libbpf's reader maps both
 * copies, and the kernel counts each page of them as resident. This reader maps one, and of the other only what a record
 * reaches into. It also knows where a reading ends: a sum over the records would include those that come meanwhile. */
#include "bpf/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t bytes, size_t page)
{
	return (bytes + page - 1) / page * page;
}

static void *map_part(const struct pc_ring_reader *r, size_t bytes, int protection, size_t offset)
{
	void *memory = mmap(NULL, bytes, protection, MAP_SHARED, r->fd, (off_t)offset);

	return memory == MAP_FAILED ? NULL : memory;
}

int pc_ring_reader_open(struct pc_ring_reader *r, int map, uint64_t size, size_t page)
{
	size_t over_end = size < PC_RING_RECORD_MAX ? size : PC_RING_RECORD_MAX;

	*r = (struct pc_ring_reader){
		.fd = fcntl(map, F_DUPFD_CLOEXEC, 0),
		.page = page,
		.written_bytes = page + size + whole_pages(over_end, page),
		.cost.size = size,
	};
	if (r->fd < 0)
		return -errno;
	r->read_position = map_part(r, page, PROT_READ | PROT_WRITE, 0);
	if (!r->read_position)
		return -errno;
	r->written = map_part(r, r->written_bytes, PROT_READ, page);
	return r->written ? 0 : -errno;
}

void pc_ring_reader_close(struct pc_ring_reader *r)
{
	if (r->read_position)
		munmap(r->read_position, r->page);
	if (r->written)
		munmap((void *)r->written, r->written_bytes);
	if (r->fd >= 0)
		close(r->fd);
	*r = (struct pc_ring_reader)PC_RING_READER_INIT;
}

static uint64_t read_so_far(const struct pc_ring_reader *r)
{
	return __atomic_load_n(r->read_position, __ATOMIC_ACQUIRE);
}

static uint64_t written_position(const struct pc_ring_reader *r)
{
	return __atomic_load_n((const unsigned long *)r->written, __ATOMIC_ACQUIRE);
}

void pc_ring_reader_look(struct pc_ring_reader *r)
{
	uint64_t waits;

	r->end = written_position(r);
	waits = r->end - read_so_far(r);
	if (waits > r->cost.peak)
		r->cost.peak = waits;
}

bool pc_ring_reader_is_at_end(const struct pc_ring_reader *r)
{
	return read_so_far(r) >= r->end;
}

int pc_ring_reader_read(struct pc_ring_reader *r,
			void (*take)(void *context, const void *data, size_t size), void *context)
{
	const unsigned char *data = r->written + r->page;

	while (!pc_ring_reader_is_at_end(r)) {
		uint64_t position = read_so_far(r);
		const unsigned char *record = data + (position & (r->cost.size - 1));
		uint32_t head = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		uint32_t size = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (head & BPF_RINGBUF_BUSY_BIT)
			return 0;
		if (size > PC_RING_RECORD_MAX - BPF_RINGBUF_HDR_SZ)
			return -EBADMSG;
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			take(context, record + BPF_RINGBUF_HDR_SZ, size);
		/* A record is rounded up to 8 bytes (bpf_ringbuf_reserve()). */
		position += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7U;
		__atomic_store_n(r->read_position, (unsigned long)position, __ATOMIC_RELEASE);
	}
	return 0;
}
