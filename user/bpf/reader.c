// SPDX-License-Identifier: GPL-2.0-only
/* This file reads the rings, the counters, the owners of sockets and the sweep. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bpf/monitor_private.h"
#include "bpf/share_losers.h"

_Static_assert(sizeof(struct pc_process_record) < PC_RING_RECORD_MAX &&
		       sizeof(struct pc_refusal_record) < PC_RING_RECORD_MAX &&
		       sizeof(struct pc_foreign_record) < PC_RING_RECORD_MAX,
	       "the largest records, with their head");

static void on_record(void *context, const void *data, size_t size)
{
	struct pc_monitor *m = context;

	pc_claim_log_before(&m->claim_log, data, m->taker);
	m->taker->record(m->taker->to, data, size);
}

static int add_to_epoll(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_record_ring(struct pc_monitor *m, enum pc_ring which, const struct bpf_map *map)
{
	int err = pc_ring_reader_open(&m->rings[which], bpf_map__fd(map),
				      bpf_map__max_entries(map), (size_t)sysconf(_SC_PAGESIZE));

	return err ? err : add_to_epoll(m->epoll_fd, m->rings[which].fd);
}

int pc_reader_open(struct pc_monitor *m, const struct bpf_map *claims,
		   const struct bpf_map *refusals)
{
	int err;

	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll_fd < 0)
		return -errno;
	err = open_record_ring(m, PC_RING_CLAIMS, claims);
	if (!err)
		err = open_record_ring(m, PC_RING_REFUSALS, refusals);
	return err ? err : pc_open_files_open(&m->owners);
}

void pc_reader_close(struct pc_monitor *m)
{
	pc_open_files_close(&m->owners);
	for (int i = 0; i < PC_RING_COUNT; i++)
		pc_ring_reader_close(&m->rings[i]);
	if (m->epoll_fd >= 0)
		close(m->epoll_fd);
}

int pc_monitor_fd(const struct pc_monitor *m)
{
	return m->epoll_fd;
}

/* For so long after a refusal, claims of sockets that were closed at once are taken, too: they say what became of it.
 * It is more than the patience of any configuration (core/config/settings_keys.c). */
#define OUTCOMES_NS (3600 * 1000000000ULL)

/* The end in the refusals is set before the end in the claims. So each refusal that is read has its
 * holders' claims before the end of the claims. The log is looked at between both: the records of the processes that
 * made its claims are in the ring then. */
static void set_ends(struct pc_monitor *m)
{
	pc_ring_reader_look(&m->rings[PC_RING_REFUSALS]);
	if (!pc_ring_reader_is_at_end(&m->rings[PC_RING_REFUSALS]))
		m->refused_ns = m->read_ns;
	pc_claim_log_look(&m->claim_log, m->refused_ns && m->read_ns - m->refused_ns < OUTCOMES_NS);
	pc_ring_reader_look(&m->rings[PC_RING_CLAIMS]);
}

/* A note that is left is looked at so often, and told when it is so old: a bind() under load may be
 * preempted for long. */
#define LATE_EVERY_NS 500000000
#define LATE_AGE_NS 1000000000

/* Threads in one round, at most. */
#define LATE_THREADS_MAX 4096

/* Are there notes of bind() that nobody has taken away? */
static bool notes_are_left(const struct pc_monitor *m)
{
	uint64_t begun = 0, ended = 0;

	for (int i = 0; i < m->cpus && i < PC_WORK_CPUS; i++) {
		begun += m->cpu_work[i].begun;
		ended += m->cpu_work[i].ended;
	}
	return begun != ended;
}

/* Asks for each thread in turn that has no slot. The kernel begins anew if the note of the last one has gone meanwhile. */
static void tell_late_spare(struct pc_monitor *m, uint64_t age_ns)
{
	uint64_t args[2] = { age_ns }, *id = NULL, next;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	for (int i = 0; i < LATE_THREADS_MAX; i++) {
		if (bpf_map_get_next_key(m->checks_map, id, &next))
			break;
		if (id)
			bpf_prog_test_run_opts(m->late_one_prog, &opts);
		id = &args[1];
		args[1] = next;
	}
	if (id)
		bpf_prog_test_run_opts(m->late_one_prog, &opts);
}

/* Asks for the threads that have a slot. */
static void tell_late_slots(struct pc_monitor *m, uint64_t age_ns)
{
	uint64_t args[2] = { age_ns };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	for (int i = 0; i < PC_CHECK_SLOTS; i++) {
		args[1] = m->check_ids[i];
		if (args[1])
			bpf_prog_test_run_opts(m->late_one_prog, &opts);
	}
}

void pc_monitor_tell_late(struct pc_monitor *m, uint64_t age_ns)
{
	if (!notes_are_left(m))
		return;
	tell_late_slots(m, age_ns);
	tell_late_spare(m, age_ns);
}

void pc_monitor_tell_merged(struct pc_monitor *m, bool all)
{
	uint64_t args[1] = { all };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (*m->quota_counted != *m->quota_told)
		bpf_prog_test_run_opts(m->merged_prog, &opts);
}

static void tell_late_in_time(struct pc_monitor *m)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	m->read_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (m->read_ns - m->late_ns < LATE_EVERY_NS)
		return;
	m->late_ns = m->read_ns;
	pc_monitor_tell_late(m, LATE_AGE_NS);
	pc_monitor_tell_merged(m, false);
}

/* Counts by user the claims that the kernel side left out. The total is read first: a later claim is counted when
 * the total has risen again. */
static void take_losers(struct pc_monitor *m)
{
	uint64_t total = m->stats[PC_STAT_OVER_SHARE];

	if (total == m->over_share_seen)
		return;
	m->over_share_seen = total;
	pc_share_losers_take(m->claim_shares, &m->over_share);
}

int pc_monitor_read(struct pc_monitor *m, enum pc_ring ring, const struct pc_taker *taker)
{
	int err;

	if (ring == PC_RING_CLAIMS) {
		tell_late_in_time(m);
		take_losers(m);
	}
	m->taker = taker;
	if (ring == PC_RING_CLAIMS)
		set_ends(m);
	err = pc_ring_reader_read(&m->rings[ring], on_record, m);
	if (ring == PC_RING_CLAIMS)
		pc_claim_log_hand_over(&m->claim_log, taker);
	return err;
}

/* Reads how many runs of a program the kernel left out: the kernel had interrupted the program on a
 * CPU, and the program was due there again. 5.12 and newer count this. */
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

	for (size_t i = 0; i < m->counted_count; i++)
		misses += misses_of(m->counted[i]);
	return misses;
}

void pc_monitor_losses(const struct pc_monitor *m, struct pc_losses *out)
{
	for (uint32_t i = 0; i < PC_STAT_COUNT; i++)
		out->lost[i] = m->stats[i];
	out->lost[PC_STAT_NOT_RUN] += not_run(m);
	out->over_share = m->over_share;
	out->states_missed = misses_of(m->states);
	out->ends_missed = misses_of(m->ends);
	out->calls_missed = 0;
	for (size_t i = 0; i < m->calls_count; i++)
		out->calls_missed += misses_of(m->calls[i]);
	memcpy(out->claims_ended, m->claim_log.ended, sizeof(out->claims_ended));
	out->records_bad = m->owners.invalid;
}

int pc_monitor_reserved(const struct pc_monitor *m, uint64_t netns_key, uint64_t *words)
{
	const struct pc_netns_ports *ports = &m->netns_ports[PC_NETNS_OWN];

	for (unsigned way = 0; way < PC_NETNS_WAYS && ports->netns_key != netns_key; way++)
		ports = &m->netns_ports[PC_NETNS_SET(netns_key) + way];
	if (ports->netns_key != netns_key)
		return -ENOENT;
	memcpy(words, ports->reserved, sizeof(ports->reserved));
	return 0;
}

void pc_monitor_forget_processes(struct pc_monitor *m)
{
	++*m->process_epoch;
}

/* The result is mapped only while a sweep runs: the kernel maps all of its pages at once, and they count as resident. */
static int sweep_begin(struct pc_monitor *m)
{
	void *memory = mmap(NULL, sizeof(struct pc_sweep), PROT_READ, MAP_SHARED, m->sweep_map, 0);

	if (memory == MAP_FAILED)
		return -errno;
	m->sweep = memory;
	return 0;
}

static int sweep_end(struct pc_monitor *m, int err)
{
	munmap((void *)m->sweep, sizeof(*m->sweep));
	m->sweep = NULL;
	return err;
}

static int sweep_call(struct pc_monitor *m, uint32_t start, bool ports, uint32_t parts,
		      uint32_t part)
{
	uint64_t args[4] = { start, ports, parts, part };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	return bpf_prog_test_run_opts(m->sweep_prog, &opts) ? -errno : 0;
}

static void sweep_report(struct pc_monitor *m, pc_cookie_fn alive, void *context)
{
	const volatile struct pc_sweep *s = m->sweep;

	for (uint32_t i = 0; i < s->count && i < PC_SWEEP_COOKIES; i++)
		alive(context, s->cookies[i]);
}

/* Sweeps one list of the table in parts, for it has more sockets than there is room for, as that of
 * a busy server's port. The low bits of the cookies make the parts, because positions change while
 * sockets come and go. */
static int sweep_index(struct pc_monitor *m, uint32_t index, pc_cookie_fn alive, void *context)
{
	for (uint32_t parts = 8; parts <= 512; parts *= 8) {
		uint32_t part = 0;

		for (; part < parts; part++) {
			int err = sweep_call(m, index, false, parts, part);

			if (err)
				return err;
			if (!m->sweep->end)
				break;
			sweep_report(m, alive, context);
		}
		if (part == parts)
			return 0;
	}
	return -EOVERFLOW;
}

static int sweep_whole(struct pc_monitor *m, pc_cookie_fn alive, void *context)
{
	uint32_t next = 0;

	for (;;) {
		int err = sweep_call(m, next, false, 0, 0);

		if (err)
			return err;
		sweep_report(m, alive, context);
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

int pc_monitor_sweep(struct pc_monitor *m, pc_cookie_fn alive, void *context)
{
	int err = sweep_begin(m);

	return err ? err : sweep_end(m, sweep_whole(m, alive, context));
}

static int sweep_ports(struct pc_monitor *m, uint64_t *words)
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

int pc_monitor_tcp_ports(struct pc_monitor *m, uint64_t *words)
{
	int err = sweep_begin(m);

	return err ? err : sweep_end(m, sweep_ports(m, words));
}

int pc_monitor_owners(struct pc_monitor *m, const struct pc_wanted *wanted, pc_owner_fn found,
		      void *context)
{
	return pc_open_files_find(&m->owners, wanted, found, context);
}

int pc_monitor_sweep_files(struct pc_monitor *m, pc_cookie_fn alive, void *context)
{
	return pc_open_files_sweep(&m->owners, alive, context);
}
