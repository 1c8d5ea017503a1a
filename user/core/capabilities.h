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
	const char *reason; /* "it …" */
	const char *lost;   /* without it */
};

extern const struct pc_capability pc_capabilities[];
extern const size_t pc_capabilities_count;

/* "start", "always", "asked". */
const char *pc_capability_when_name(enum pc_capability_when when);

/* Sets of capabilities, a bit each: what the start needs, and what is kept afterwards. */
uint64_t pc_capabilities_wanted(bool enter_netns);
uint64_t pc_capabilities_kept(bool enter_netns);

#endif
