// SPDX-License-Identifier: GPL-2.0-only
/* The cost of portclash's own process. getrusage() has the CPU time, exact to the microsecond.
 * /proc/self/status has the memory: getrusage() knows only the peak, and the peak of the process
 * before its exec() too (setmax_mm_hiwater_rss()). */
#include "core/base/time.h"
#include "host/self.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/process/procfile.h"
#include "host/sysctl.h"

static uint64_t ns_of(const struct timeval *t)
{
	return pc_ns((uint64_t)t->tv_sec, (uint64_t)t->tv_usec * 1000);
}

int pc_self_cpu(uint64_t *ns)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return -errno;
	*ns = ns_of(&usage.ru_utime) + ns_of(&usage.ru_stime);
	return 0;
}

static bool read_memory(const char *proc, uint64_t *resident, uint64_t *peak)
{
	char path[PATH_MAX], line[256];
	unsigned found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/status", proc);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		found += pc_procfile_memory(line, "VmRSS:", resident);
		found += pc_procfile_memory(line, "VmHWM:", peak);
	}
	if (file)
		fclose(file);
	return found == 2;
}

void pc_self_read(const char *proc, struct pc_cost *out)
{
	out->cpu_known = pc_self_cpu(&out->cpu_ns) == 0;
	out->memory_known = read_memory(proc, &out->resident, &out->resident_peak);
	out->programs_counted = pc_sysctl_number(proc, "sys/kernel/bpf_stats_enabled") == 1;
}
