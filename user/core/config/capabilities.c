// SPDX-License-Identifier: GPL-2.0-only
/* The table of capabilities. What is not in it is dropped. */
#include "core/config/capabilities.h"

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
		true,
		"loads the eBPF programs; later reads their maps and searches the sockets",
		"portclash can load no program, and watches nothing",
	},
	{
		NAMED(CAP_PERFMON),
		PC_CAPABILITY_START,
		true,
		"loads eBPF programs that read kernel memory, and attaches them",
		"portclash can load no program, and watches nothing",
	},
	{
		NAMED(CAP_NET_ADMIN),
		PC_CAPABILITY_START,
		true,
		"loads and attaches the cgroup programs, which see connect() and give new sockets cookies",
		"portclash misses some claims of ports, and cannot name the process of others",
	},
	{
		NAMED(CAP_SYS_PTRACE),
		PC_CAPABILITY_ALWAYS,
		false,
		"reads the executable, the working directory and the network namespace of other users' processes in /proc",
		"portclash knows the executable and network namespace only of processes that it saw ask for a port, and no working directory",
	},
	{
		NAMED(CAP_SYS_ADMIN),
		PC_CAPABILITY_ASKED,
		false,
		"enters other network namespaces (setns) to read their port settings and sockets",
		"portclash does not know the port range, reserved ports and range use of other network namespaces",
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

static bool capabilities_has(uint64_t held, unsigned bit)
{
	return held >> bit & 1;
}

/* Before Linux 5.8 it was the only one, and some containers are still given it alone. */
static bool serves(uint64_t held, const struct pc_capability *c)
{
	return capabilities_has(held, c->bit) ||
	       (c->in_sys_admin && capabilities_has(held, CAP_SYS_ADMIN));
}

uint64_t pc_capabilities_missing(uint64_t held, bool enter_netns)
{
	uint64_t missing = 0;

	for (size_t i = 0; i < pc_capabilities_count; i++) {
		const struct pc_capability *c = &pc_capabilities[i];

		if ((c->when != PC_CAPABILITY_ASKED || enter_netns) && !serves(held, c))
			missing |= 1ULL << c->bit;
	}
	return missing;
}

uint64_t pc_capabilities_kept(uint64_t held, bool enter_netns)
{
	uint64_t kept = 0;

	for (size_t i = 0; i < pc_capabilities_count; i++) {
		const struct pc_capability *c = &pc_capabilities[i];
		bool keep = c->when == PC_CAPABILITY_ALWAYS ||
			    (c->when == PC_CAPABILITY_ASKED && enter_netns);

		if (keep && capabilities_has(held, c->bit))
			kept |= 1ULL << c->bit;
		else if (keep && serves(held, c))
			kept |= 1ULL << CAP_SYS_ADMIN;
	}
	return kept;
}
