// SPDX-License-Identifier: GPL-2.0-only
/* The table of capabilities. What is not in it is dropped. */
#include "core/capabilities.h"

#include <linux/capability.h>

/* Older headers than 5.8's lack these. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

#define NAMED(name) #name, name

const struct pc_capability pc_capabilities[] = {
	{
		NAMED(CAP_BPF),
		PC_CAPABILITY_ALWAYS,
		"loads the eBPF programs; afterwards it reads their maps and runs the passes over "
		"sockets, for which kernels before 5.19 ask for it too where "
		"kernel.unprivileged_bpf_disabled is set",
		"no program can be loaded, and nothing is watched",
	},
	{
		NAMED(CAP_PERFMON),
		PC_CAPABILITY_START,
		"loads eBPF programs that read kernel memory, and attaches them",
		"no program can be loaded, and nothing is watched",
	},
	{
		NAMED(CAP_NET_ADMIN),
		PC_CAPABILITY_START,
		"loads and attaches the cgroup programs, which give each new socket a cookie",
		"who made a claim on a socket without a cookie is not known, nor, with the "
		"tracepoint back end, UDP ports taken without a bind()",
	},
	{
		NAMED(CAP_SYS_PTRACE),
		PC_CAPABILITY_ALWAYS,
		"reads executable and network namespace of other users' processes in /proc",
		"of processes that it did not see claim a port or be refused one, the executable "
		"and the network namespace are not known",
	},
	{
		NAMED(CAP_SYS_ADMIN),
		PC_CAPABILITY_ASKED,
		"enters other network namespaces (setns) to read their port settings and sockets",
		"warnings about other network namespaces have no port range and reserved ports, "
		"and who uses up the range there is not said",
	},
};
const size_t pc_capabilities_count = sizeof(pc_capabilities) / sizeof(pc_capabilities[0]);

static const char *const when_names[] = {
	[PC_CAPABILITY_INVALID] = "invalid",
	[PC_CAPABILITY_START] = "start",
	[PC_CAPABILITY_ALWAYS] = "always",
	[PC_CAPABILITY_ASKED] = "asked",
};
_Static_assert(sizeof(when_names) / sizeof(when_names[0]) == PC_CAPABILITY_WHEN_COUNT,
	       "each has a name");

const char *pc_capability_when_name(enum pc_capability_when when)
{
	return when_names[(unsigned)when < PC_CAPABILITY_WHEN_COUNT ? when : 0];
}

static uint64_t set_of(bool start, bool asked)
{
	uint64_t set = 0;

	for (size_t i = 0; i < pc_capabilities_count; i++) {
		enum pc_capability_when when = pc_capabilities[i].when;

		if (when == PC_CAPABILITY_ALWAYS || (start && when == PC_CAPABILITY_START) ||
		    (asked && when == PC_CAPABILITY_ASKED))
			set |= 1ULL << pc_capabilities[i].bit;
	}
	return set;
}

uint64_t pc_capabilities_wanted(bool enter_netns)
{
	return set_of(true, enter_netns);
}

uint64_t pc_capabilities_kept(bool enter_netns)
{
	return set_of(false, enter_netns);
}
