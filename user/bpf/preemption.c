// SPDX-License-Identifier: GPL-2.0-only
/* The version of a kernel names its kind of preemption: "PREEMPT", "PREEMPT_RT" and the like, "PREEMPT_DYNAMIC" if the mode
 * is chosen at boot, and nothing if it never preempts itself (scripts/mkcompile_h, init/Makefile). The chosen mode is in
 * brackets in <debugfs>/sched/preempt (kernel/sched/debug.c, 5.13+). */
#include "bpf/preemption.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpf/lockdown.h"

/* False: they cannot be read. */
static bool read_modes(char *out, size_t size)
{
	ssize_t n;
	int fd;

	/* A locked-down kernel refuses it, and writes a line into its log. */
	if (pc_lockdown_read() != PC_LOCKDOWN_NONE)
		return false;
	fd = open("/sys/kernel/debug/sched/preempt", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return true;
}

bool pc_preemption_by(const char *version, const char *modes)
{
	if (!strstr(version, "PREEMPT"))
		return false;
	return !strstr(version, "PREEMPT_DYNAMIC") || !modes ||
	       !(strstr(modes, "(none)") || strstr(modes, "(voluntary)"));
}

bool pc_preemption_possible(void)
{
	struct utsname kernel;
	char modes[128];

	if (uname(&kernel))
		return true;
	return pc_preemption_by(kernel.version, read_modes(modes, sizeof(modes)) ? modes : NULL);
}
