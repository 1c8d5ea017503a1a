// SPDX-License-Identifier: GPL-2.0-only
/* What portclash needs of a kernel, and the sentence about what is missing. */
#include "core/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OLDEST_MAJOR 5
#define OLDEST_MINOR 10

static const char *const lockdown_names[] = { "none", "integrity", "confidentiality" };

enum pc_lockdown pc_lockdown_parse(const char *text)
{
	for (int i = PC_LOCKDOWN_INTEGRITY; i <= PC_LOCKDOWN_CONFIDENTIALITY; i++) {
		char chosen[32];

		snprintf(chosen, sizeof(chosen), "[%s]", lockdown_names[i]);
		if (strstr(text, chosen))
			return (enum pc_lockdown)i;
	}
	return PC_LOCKDOWN_NONE;
}

const char *pc_lockdown_name(enum pc_lockdown lockdown)
{
	return lockdown_names[lockdown];
}

static bool too_old(const char *release)
{
	int major, minor;

	return sscanf(release, "%d.%d", &major, &minor) == 2 &&
	       (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR));
}

void pc_support_explain(const struct pc_support *s, const char *backend, int error, char *out,
			size_t size)
{
	if (too_old(s->release))
		snprintf(out, size,
			 "this kernel is %s, and portclash needs Linux 5.10 or newer: watch from a "
			 "host with a newer kernel",
			 s->release);
	else if (s->lockdown == PC_LOCKDOWN_CONFIDENTIALITY)
		snprintf(out, size,
			 "kernel lockdown is in confidentiality mode, in which no eBPF program may "
			 "read kernel memory: boot with lockdown=integrity, or without lockdown");
	else if (!s->btf)
		snprintf(out, size,
			 "this kernel has no type information (/sys/kernel/btf/vmlinux): portclash "
			 "needs a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distribution "
			 "kernels from 5.10 on are");
	else if (!s->root)
		snprintf(out, size,
			 "the kernel does not allow loading the eBPF programs of the %s back end "
			 "(%s): run portclash as root, or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN "
			 "and CAP_SYS_PTRACE",
			 backend, strerror(error));
	else if (error == EPERM || error == EACCES)
		snprintf(out, size,
			 "this kernel does not allow the eBPF programs of the %s back end even to "
			 "root (%s), or a container's limits do not: use --backend auto, which "
			 "takes "
			 "what is allowed, or give the container CAP_BPF, CAP_PERFMON, "
			 "CAP_NET_ADMIN "
			 "and CAP_SYS_PTRACE",
			 backend, strerror(error));
	else if (!s->ring_buffers)
		snprintf(out, size,
			 "this kernel has no BPF ring buffers, through which portclash reads what "
			 "happens: it needs Linux 5.10 or newer with CONFIG_BPF_SYSCALL=y");
	else
		snprintf(out, size,
			 "the kernel refused the eBPF programs of the %s back end: %s; run with "
			 "--verbose to see which program and why, and report it",
			 backend, strerror(error));
}
