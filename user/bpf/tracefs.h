/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions open files of tracefs, also where tracefs is not mounted. */
#ifndef PORTCLASH_TRACEFS_H
#define PORTCLASH_TRACEFS_H

/* Opens `path` below tracefs: a descriptor or a negative errno. The usual mount points come first,
 * then a detached mount (fsmount(), 5.2+), which no other process sees. */
int pc_tracefs_open(const char *path, int flags);

/* Gives the id of tracepoint `group`/`name`, or a negative errno. */
int pc_tracefs_event_id(const char *group, const char *name);

#endif
