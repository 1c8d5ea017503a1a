/* SPDX-License-Identifier: GPL-2.0-only */
/* The root of the cgroup2 hierarchy, to which programs for the whole machine are attached. */
#ifndef PORTCLASH_CGROUP_ROOT_H
#define PORTCLASH_CGROUP_ROOT_H

/* A descriptor of the root folder, or a negative errno. From /proc/self/mounts, or where
 * cgroup2 is not mounted from a detached mount of its own. -EXDEV: there are only mounts that begin
 * further in, as in a container with a cgroup namespace of its own. */
int pc_cgroup_root_open(void);

#endif
