/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of `portclash reserve`. */
#ifndef PORTCLASH_CMD_RESERVE_H
#define PORTCLASH_CMD_RESERVE_H

#include "cmd/port_argument.h"
#include "cure/keep.h"
#include "cure/persist.h"
#include "out/reserve.h"

/* The upper half is asked for, the lower half is what was found. */
struct pc_reserving {
	enum pc_reserve_action action;
	uint64_t ports[PC_PORT_WORDS];
	bool has_ports;
	struct pc_port_scope scope;
	const char *which;
	const char *root; /* NULL: this system's */
	const char *state;
	bool persist;
	bool dry;
	bool force;
	bool json;

	struct pc_netns_list namespaces;
	struct pc_keep keep;
	struct pc_persist files;
	bool has_files; /* `files` are about portclash's own namespace */
	struct pc_reserve_boot boot;
	struct pc_reserve_space *spaces;
	size_t count;
};

/* Does what is asked for and fills the lower half. Where it failed in one of the namespaces, that one
 * says so. 0 or a negative errno, and the sentence (PC_CURE_SENTENCE bytes). */
int pc_reserving_run(struct pc_reserving *x, char *sentence);

void pc_reserving_free(struct pc_reserving *x);

#endif
