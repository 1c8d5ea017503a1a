// SPDX-License-Identifier: GPL-2.0-only
/* The CPU time that a monitor takes for a load after the load has ended. */
#include "loads.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Seconds to wait for a monitor that has come to no rest. */
#define PATIENCE_S 120

/* Without a monitor: until the kernel's own threads have done what the load's preparation left them */
#define QUIET_S 2

/* Two idle seconds differ by so much: a timer that fires once more in one of them. */
#define NOISE_NS 100000

/* A process that takes more of a second than this is still starting up. */
#define BUSY_NS 300000000

uint64_t monitor_cpu_ns(const struct monitor *m)
{
	struct timespec t;

	if (!m->is_there)
		return 0;
	if (clock_gettime(m->clock, &t) != 0) {
		fprintf(stderr, "loads: the monitor has ended\n");
		exit(1);
	}
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int monitor_open(struct monitor *m, pid_t pid)
{
	int err = clock_getcpuclockid(pid, &m->clock);

	m->is_there = err == 0;
	return -err;
}

static uint64_t one_second(const struct monitor *m)
{
	uint64_t before = monitor_cpu_ns(m);

	sleep(1);
	return monitor_cpu_ns(m) - before;
}

void monitor_settle(struct monitor *m)
{
	uint64_t last = UINT64_MAX;

	if (!m->is_there) {
		sleep(QUIET_S);
		return;
	}
	for (int i = 0; i < PATIENCE_S; i++) {
		m->idle_ns = one_second(m);
		if (m->idle_ns < BUSY_NS && m->idle_ns <= last && last - m->idle_ns < NOISE_NS)
			break;
		last = m->idle_ns;
	}
}

uint64_t monitor_finish(struct monitor *m)
{
	uint64_t total = 0, second;

	if (!m->is_there)
		return 0;
	for (int i = 0; i < PATIENCE_S; i++) {
		second = one_second(m);
		if (second > m->idle_ns)
			total += second - m->idle_ns;
		if (second < m->idle_ns + NOISE_NS)
			break;
	}
	return total;
}
