/* SPDX-License-Identifier: GPL-2.0-only */
/* The place of a process in its unit and beside the others of the machine, from /proc, the control groups
 * and the service manager's state files. No service manager is asked. */
#ifndef PORTCLASH_PLACE_H
#define PORTCLASH_PLACE_H

#include "core/base/model.h"

/* Folders of the machine, or of a test; and the difference of its clocks. */
struct pc_place_roots {
	const char *proc;	     /* "/proc" */
	const char *cgroups;	     /* PC_CGROUPS */
	const char *run;	     /* "/run" */
	uint64_t wall_minus_boot_ns; /* as portclash started; 0: not known */
};

/* Finds the place of the process that has the pid of `who` now. What cannot be found out is PC_ROLE_UNKNOWN,
 * and false; `unseen` says that somebody might depend on it nevertheless.
 *
 * A main process is the manager's own child, the oldest one in the unit's cgroup, and began after this run
 * of the unit did. Descendants belong to it if they are in its session or run its program; all else in the
 * cgroup is a stray: the child of a cron job, a daemon that was started from a log-in, a process left by
 * an earlier run (KillMode=process).
 *
 * The manager's file tells by the wall clock when this run began. If the clock was set since portclash started, it is
 * not known by which clock the file was made: then both must give the same answer. */
void pc_place_find(const struct pc_place_roots *roots, const struct pc_identity *who,
		   struct pc_place *out);

#endif
