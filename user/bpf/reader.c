// SPDX-License-Identifier: GPL-2.0-only
/* Reading the rings, the counters, the owners of sockets and the sweep. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/monitor_private.h"

static int on_record(void *context, void *data, size_t size)
{
	struct pc_monitor *m = context;

	if (pc_record_dispatch(data, size, &m->handler))
		m->invalid++;
	return 0;
}

static int watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int map_sweep(struct pc_monitor *m)
{
	void *memory = mmap(NULL, sizeof(struct pc_sweep), PROT_READ, MAP_SHARED, m->sweep_map, 0);

	if (memory == MAP_FAILED)
		return -errno;
	m->sweep = memory;
	return 0;
}

static int open_ring(struct pc_monitor *m, enum pc_ring which, const struct bpf_map *map,
		     struct ring_buffer **out)
{
	*out = ring_buffer__new(bpf_map__fd(map), on_record, m, NULL);
	if (!*out)
		return -errno;
	return pc_ring_gauge_open(&m->rings[which], bpf_map__fd(map), bpf_map__max_entries(map));
}

int pc_reader_open(struct pc_monitor *m, const struct bpf_map *claims,
		   const struct bpf_map *refusals)
{
	int err = open_ring(m, PC_RING_CLAIMS, claims, &m->claims);

	if (!err)
		err = open_ring(m, PC_RING_REFUSALS, refusals, &m->refusals);
	if (err)
		return err;
	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll_fd < 0)
		return -errno;
	err = watch(m->epoll_fd, ring_buffer__epoll_fd(m->claims));
	if (!err)
		err = watch(m->epoll_fd, ring_buffer__epoll_fd(m->refusals));
	if (!err)
		err = map_sweep(m);
	return err ? err : pc_open_files_open(&m->owners);
}

void pc_reader_close(struct pc_monitor *m)
{
	if (m->sweep)
		munmap((void *)m->sweep, sizeof(*m->sweep));
	pc_open_files_close(&m->owners);
	for (int i = 0; i < PC_RING_COUNT; i++)
		pc_ring_gauge_close(&m->rings[i]);
	ring_buffer__free(m->claims);
	ring_buffer__free(m->refusals);
	if (m->epoll_fd >= 0)
		close(m->epoll_fd);
}

int pc_monitor_fd(const struct pc_monitor *m)
{
	return m->epoll_fd;
}

uint64_t pc_monitor_invalid(const struct pc_monitor *m)
{
	return m->invalid + m->owners.invalid;
}

int pc_monitor_read_claims(struct pc_monitor *m)
{
	pc_ring_gauge_look(&m->rings[PC_RING_CLAIMS]);
	return ring_buffer__consume(m->claims);
}

int pc_monitor_read_refusals(struct pc_monitor *m)
{
	pc_ring_gauge_look(&m->rings[PC_RING_REFUSALS]);
	return ring_buffer__consume(m->refusals);
}

/* A program that the kernel has interrupted, and that is due again on this CPU meanwhile, is
 * skipped; 5.12+ counts it. */
static uint64_t misses_of(int program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return program >= 0 && !bpf_obj_get_info_by_fd(program, &info, &size) ?
		       info.recursion_misses :
		       0;
}

static uint64_t not_run(const struct pc_monitor *m)
{
	uint64_t misses = 0;

	for (size_t i = 0; i < m->hooks_count; i++)
		misses += misses_of(m->hooks[i]);
	return misses;
}

uint64_t pc_monitor_states_missed(const struct pc_monitor *m)
{
	return misses_of(m->states);
}

void pc_monitor_stats(const struct pc_monitor *m, uint64_t stats[PC_STAT_COUNT])
{
	for (uint32_t i = 0; i < PC_STAT_COUNT; i++)
		stats[i] = m->stats[i];
	stats[PC_STAT_NOT_RUN] += not_run(m);
}

int pc_monitor_reserved(const struct pc_monitor *m, uint64_t netns_key, uint64_t *words)
{
	const struct pc_netns_ports *ports = &m->netns_ports[PC_NETNS_SLOT(netns_key)];

	if (ports->netns_key != netns_key)
		return -ENOENT;
	memcpy(words, ports->reserved, sizeof(ports->reserved));
	return 0;
}

void pc_monitor_forget_processes(struct pc_monitor *m)
{
	++*m->process_epoch;
}

static int sweep_call(struct pc_monitor *m, uint32_t start, bool ports, uint32_t parts,
		      uint32_t part)
{
	uint64_t args[4] = { start, ports, parts, part };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	return bpf_prog_test_run_opts(m->sweep_prog, &opts) ? -errno : 0;
}

static void sweep_take(struct pc_monitor *m, void (*alive)(void *context, uint64_t cookie),
		       void *context)
{
	const volatile struct pc_sweep *s = m->sweep;

	for (uint32_t i = 0; i < s->count && i < PC_SWEEP_COOKIES; i++)
		alive(context, s->cookies[i]);
}

/* One index has more sockets than there is room for, as that of a busy server's port: by the low bits
 * of their cookies, because positions change while sockets come and go. */
static int sweep_index(struct pc_monitor *m, uint32_t index,
		       void (*alive)(void *context, uint64_t cookie), void *context)
{
	for (uint32_t parts = 8; parts <= 512; parts *= 8) {
		uint32_t part = 0;

		for (; part < parts; part++) {
			int err = sweep_call(m, index, false, parts, part);

			if (err)
				return err;
			if (!m->sweep->end)
				break;
			sweep_take(m, alive, context);
		}
		if (part == parts)
			return 0;
	}
	return -EOVERFLOW;
}

int pc_monitor_sweep(struct pc_monitor *m, void (*alive)(void *context, uint64_t cookie),
		     void *context)
{
	uint32_t next = 0;

	for (;;) {
		int err = sweep_call(m, next, false, 0, 0);

		if (err)
			return err;
		sweep_take(m, alive, context);
		if (m->sweep->end)
			return 0;
		if (m->sweep->next > next) {
			next = m->sweep->next;
			continue;
		}
		err = sweep_index(m, next++, alive, context);
		if (err)
			return err;
	}
}

int pc_monitor_tcp_ports(struct pc_monitor *m, uint64_t *words)
{
	uint32_t next = 0;

	do {
		int err = sweep_call(m, next, true, 0, 0);

		if (err)
			return err;
		if (!m->sweep->end && m->sweep->next <= next)
			return -EOVERFLOW;
		next = m->sweep->next;
	} while (!m->sweep->end);
	memcpy(words, m->sweep->ports, sizeof(m->sweep->ports));
	return 0;
}

int pc_monitor_owners(struct pc_monitor *m, const struct pc_wanted *wanted,
		      void (*found)(void *context, const struct pc_owner *owner), void *context)
{
	return pc_open_files_find(&m->owners, wanted, found, context);
}

int pc_monitor_sweep_files(struct pc_monitor *m, void (*alive)(void *context, uint64_t cookie),
			   void *context)
{
	return pc_open_files_sweep(&m->owners, alive, context);
}
