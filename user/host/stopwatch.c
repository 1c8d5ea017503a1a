// SPDX-License-Identifier: GPL-2.0-only
/* On a busy machine a look waits for a CPU, which is nobody's doing: the kernel says how long a thread was ready
 * (CONFIG_SCHED_INFO). Any other wait is for a lock or a disk. A short one does not count. A long one counts whole: somebody
 * holds a lock that the look needs. */
#include "host/stopwatch.h"

#include <inttypes.h>
#include <stdio.h>

#include "host/clock.h"

#define WAIT_NS (200 * PC_NS_PER_MS)

/* UINT64_MAX: not known. */
static uint64_t ready_ns(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "re");
	uint64_t ready = UINT64_MAX;

	if (!file)
		return UINT64_MAX;
	if (fscanf(file, "%*u %" SCNu64, &ready) != 1)
		ready = UINT64_MAX;
	fclose(file);
	return ready;
}

struct pc_stopwatch pc_stopwatch_start(void)
{
	return (struct pc_stopwatch){
		.wall_ns = pc_boot_ns(),
		.cpu_ns = pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID),
		.ready_ns = ready_ns(),
	};
}

uint64_t pc_stopwatch_ns(const struct pc_stopwatch *begin)
{
	uint64_t cpu_ns = pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin->cpu_ns;
	uint64_t wall_ns = pc_boot_ns() - begin->wall_ns, ready = ready_ns();

	if (ready != UINT64_MAX && ready > begin->ready_ns)
		wall_ns -= ready - begin->ready_ns < wall_ns ? ready - begin->ready_ns : wall_ns;
	return wall_ns > cpu_ns + WAIT_NS ? wall_ns : cpu_ns;
}
