/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel side of `portclash guard`: listeners that appear in any network namespace, and writes to
 * guarded lists of reserved ports. */
#ifndef PORTCLASH_BPF_GUARD_H
#define PORTCLASH_BPF_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash/guard.h"

struct pc_guard_hooks;

/* Receivers of the events; each event is valid during the call only. */
struct pc_guard_events {
	void *context;
	void (*listen)(void *context, const struct pc_guard_listen_event *e);
	void (*write)(void *context, const struct pc_guard_write_event *e);
	uint32_t
		own_pid; /* of this process in the machine's pid namespace: its writes are no events */
};

/* Loads and attaches the programs. On failure returns a negative errno, and `sentence` (PC_SENTENCE
 * bytes) says what is wrong and what to do. */
int pc_guard_hooks_open(const struct pc_guard_events *events, const char *btf, bool verbose,
			struct pc_guard_hooks **out, char *sentence);
void pc_guard_hooks_close(struct pc_guard_hooks *h);

/* Gives a descriptor that is readable when an event waits. */
int pc_guard_hooks_fd(const struct pc_guard_hooks *h);

/* Hands over all events that wait. 0 or a negative errno. */
int pc_guard_hooks_read(struct pc_guard_hooks *h);

/* Guards the lists of these namespaces (inode numbers), PC_GUARD_NETNS_MAX at most, and of no others. */
void pc_guard_hooks_guard(struct pc_guard_hooks *h, const uint32_t *netns, unsigned count);

/* Events that found no room in the ring. */
uint64_t pc_guard_hooks_lost(const struct pc_guard_hooks *h);

/* Does the kernel tell of writes? If not, `why` (static) says why. */
bool pc_guard_hooks_sees_writes(const struct pc_guard_hooks *h, const char **why);

#endif
