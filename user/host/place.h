/* SPDX-License-Identifier: GPL-2.0-only */
/* The place of a process in its unit and beside the others of the machine, from /proc, the control groups
 * and the service manager's state files. No service manager is asked. */
#ifndef PORTCLASH_PLACE_H
#define PORTCLASH_PLACE_H

#include "core/base/model.h"

/* Folders of the machine, or of a test. */
struct pc_place_roots {
	const char *proc;    /* "/proc" */
	const char *cgroups; /* "/sys/fs/cgroup" */
	const char *run;     /* "/run" */
};

/* Finds the place of the process that has the pid of `who` now. What cannot be found out is PC_ROLE_UNKNOWN,
 * and false; `unseen` says that somebody might depend on it nevertheless.
 *
 * A main process is the manager's own child, the oldest one in the unit's cgroup, and began after this run
 * of the unit did. Descendants belong to it if they are in its session or run its program; all else in the
 * cgroup is a stray: the child of a cron job, a daemon that was started from a log-in, a process left by
 * an earlier run (KillMode=process). */
void pc_place_find(const struct pc_place_roots *roots, const struct pc_identity *who,
		   struct pc_place *out);

#endif
