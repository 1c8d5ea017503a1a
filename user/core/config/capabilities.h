/* SPDX-License-Identifier: GPL-2.0-only */
/* The capabilities that portclash has a use for: when, what for, and what is lost without. The one
 * table from which the agent drops, complains, counts and documents (docs/privileges.md). */
#ifndef PORTCLASH_CAPABILITIES_H
#define PORTCLASH_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pc_capability_when {
	PC_CAPABILITY_INVALID = 0,
	PC_CAPABILITY_START,  /* until the programs are attached; then it is dropped */
	PC_CAPABILITY_ALWAYS, /* kept */
	PC_CAPABILITY_ASKED,  /* kept if it was asked for (--enter-netns), else dropped */
	PC_CAPABILITY_WHEN_COUNT,
};

struct pc_capability {
	const char *name;  /* as capabilities(7) has it */
	unsigned char bit; /* its number there */
	enum pc_capability_when when;
	bool in_sys_admin;  /* who has CAP_SYS_ADMIN need not have it, too */
	const char *reason; /* "it …" */
	const char *lost;   /* without it */
};

extern const struct pc_capability pc_capabilities[];
extern const size_t pc_capabilities_count;

/* "start", "always", "asked". */
const char *pc_capability_when_name(enum pc_capability_when when);

/* Sets of capabilities, a bit each. Which of those that are wanted are not in `held`; which of
 * `held` are kept when the programs are attached. */
uint64_t pc_capabilities_missing(uint64_t held, bool enter_netns);
uint64_t pc_capabilities_kept(uint64_t held, bool enter_netns);

#endif
