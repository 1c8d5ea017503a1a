/* SPDX-License-Identifier: GPL-2.0-only */
/* A mount of a kernel file system that nobody else sees (fsmount(), 5.2+): for reading
 * tracefs or reaching cgroup2 on machines where they are not mounted. */
#ifndef PORTCLASH_DETACHED_H
#define PORTCLASH_DETACHED_H

/* A descriptor of the root of a new mount of `type`, or a negative errno. */
int pc_detached_mount(const char *type);

#endif
