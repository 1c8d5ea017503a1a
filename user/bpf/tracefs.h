/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of tracefs, also where nobody has mounted it. */
#ifndef PORTCLASH_TRACEFS_H
#define PORTCLASH_TRACEFS_H

/* Opens `path` below tracefs, or gives a negative errno. Looks in the usual mount points first, then
 * in a detached mount of its own (fsmount(), 5.2+), which nobody else sees. */
int pc_tracefs_open(const char *path, int flags);

/* The id of tracepoint `group`/`name`, or a negative errno. */
int pc_tracefs_event_id(const char *group, const char *name);

#endif
