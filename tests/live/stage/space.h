/* SPDX-License-Identifier: GPL-2.0-only */
/* The network namespace of a scenario, its port settings, and the processes in it. */
#ifndef LIVE_STAGE_SPACE_H
#define LIVE_STAGE_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PORTS 65536

/* Moves the calling process into a new network namespace, with lo up. 0 or a negative errno. */
int space_enter(void);

/* Sets and gets settings below /proc/sys/net, which is that of the caller's own network namespace.
 * 0 or a negative errno; `out` has no newline. */
int space_set(const char *name, const char *value);
int space_get(const char *name, char *out, size_t size);

/* Returns the inode number of a process' network namespace, 0 when it is not known. */
uint64_t space_of(pid_t pid);

/* Parses "80,8000-8010" into one flag a port; false when it is not such a list. */
bool space_parse_ports(const char *list, bool ports[PORTS]);

#endif
