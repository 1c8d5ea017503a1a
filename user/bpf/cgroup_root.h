/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs for the whole machine are attached to the root of the cgroup2 hierarchy. */
#ifndef PORTCLASH_CGROUP_ROOT_H
#define PORTCLASH_CGROUP_ROOT_H

/* Opens the root folder: a descriptor or a negative errno. The root comes from /proc/self/mounts,
 * or from a detached mount where cgroup2 is not mounted. -EXDEV: all mounts begin further in, as in
 * a container with a cgroup namespace of its own. */
int pc_cgroup_root_open(void);

#endif
