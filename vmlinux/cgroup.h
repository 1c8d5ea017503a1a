/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel types of control groups; see vmlinux.h. */
#ifndef PORTCLASH_VMLINUX_CGROUP_H
#define PORTCLASH_VMLINUX_CGROUP_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	const char *name;
	__u64 id;
};

struct cgroup_root;

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

enum cgroup_subsys_id { pids_cgrp_id };

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

#pragma clang attribute pop

#endif
