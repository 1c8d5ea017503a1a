/* SPDX-License-Identifier: GPL-2.0-only */
/* A detached mount of a kernel file system is visible to no other process (fsmount(), 5.2+). By it
 * portclash reads tracefs or reaches cgroup2 on machines where they are not mounted. */
#ifndef PORTCLASH_DETACHED_H
#define PORTCLASH_DETACHED_H

/* Gives a descriptor of the root of a new mount of `type`, or a negative errno. */
int pc_detached_mount(const char *type);

#endif
