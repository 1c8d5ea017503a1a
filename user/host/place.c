// SPDX-License-Identifier: GPL-2.0-only
/* The place of a process in its unit. */
#include "host/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/time.h"
#include "core/process/cgroup.h"
#include "core/process/identity.h"
#include "core/process/party.h"
#include "host/clock.h"
#include "host/group_word.h"
#include "host/path_walk.h"
#include "host/procfs.h"
#include "host/unit_tree.h"

#define SYSTEM_MANAGER 1

/* Steps from a process up to the child of its manager. */
#define ANCESTORS_MAX 64

/* The manager makes the link before it starts the main process; the start in /proc is rounded down, and
 * the clocks are read one after the other. */
#define LINK_SLACK_NS (100 * PC_NS_PER_MS)

struct place_search {
	const struct pc_place_roots *roots;
	const struct pc_identity *who;
	struct pc_unit_tree tree; /* the unit's cgroup */
	struct pc_procfile_stat stat;
	uint32_t top; /* the ancestor that the manager started, or took over from one that ended */
	struct pc_procfile_stat top_stat;
	bool has_run; /* the manager keeps a file about this run of the unit */
	unsigned begins_count;
	uint64_t begins_ns
		[2]; /* boot clock: when this run began, by each clock that may have been in force */
	bool unseen;
};

static bool is_in_unit(const struct place_search *s, uint32_t pid)
{
	struct pc_identity process;
	bool in;

	if (pc_procfs_read(s->roots->proc, pid, &process))
		return false;
	in = process.cgroup && pc_cgroup_is_below(process.cgroup, s->who->cgroup, s->tree.len);
	pc_identity_free(&process);
	return in;
}

/* The manager of a user is the process in user@UID.service/init.scope. */
static bool is_users_manager(const struct place_search *s, uint32_t pid)
{
	struct pc_identity process;
	bool is;

	if (pc_procfs_read(s->roots->proc, pid, &process))
		return false;
	is = process.below_user && process.manager_user == s->who->manager_user &&
	     !process.inner_unit && !strcmp(process.comm, "systemd");
	pc_identity_free(&process);
	return is;
}

static bool is_manager(const struct place_search *s, uint32_t pid)
{
	return s->who->below_user ? is_users_manager(s, pid) : pid == SYSTEM_MANAGER;
}

/* Climbs to the ancestor whose parent is outside of the unit. */
static bool find_top(struct place_search *s)
{
	s->top = s->who->key.tgid;
	s->top_stat = s->stat;
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		uint32_t parent = s->top_stat.parent;

		if (!parent || is_manager(s, parent) || !is_in_unit(s, parent))
			return true;
		if (pc_procfs_stat(s->roots->proc, parent, &s->top_stat))
			return false;
		s->top = parent;
	}
	return false;
}

/* Opens the folder with the manager's links. A user's is below a folder of the user's own, who can put a
 * symbolic link to anywhere there: none is followed. */
static int open_units(const struct place_search *s)
{
	const char *const parts[] = { "systemd", "units" };
	char path[PATH_MAX];
	int fd, below;

	if (s->who->below_user)
		snprintf(path, sizeof(path), "%s/user/%u", s->roots->run, s->who->manager_user);
	else
		snprintf(path, sizeof(path), "%s", s->roots->run);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && fd >= 0; i++) {
		below = openat(fd, parts[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = below;
	}
	return fd;
}

/* Notes when this run began if the clocks differed by `wall_minus_boot_ns` then. A run that began before the machine did, or
 * that is still to begin, shows that they did not. */
static void add_begin(struct place_search *s, uint64_t wall_ns, uint64_t wall_minus_boot_ns)
{
	if (wall_ns >= wall_minus_boot_ns &&
	    wall_ns - wall_minus_boot_ns <= pc_boot_ns() + LINK_SLACK_NS)
		s->begins_ns[s->begins_count++] = wall_ns - wall_minus_boot_ns;
}

/* The manager keeps a link to the id of a unit's run while the unit is active. Without the folder (before
 * systemd 233) nothing is known of the run. False: the unit does not run. */
static bool find_run(struct place_search *s)
{
	char name[sizeof("invocation:") + PC_UNIT_NAME];
	int units = open_units(s), err;
	struct pc_clock clock;
	struct stat link;
	uint64_t wall_ns;

	if (units < 0)
		return true;
	snprintf(name, sizeof(name), "invocation:%s", s->tree.unit);
	err = fstatat(units, name, &link, AT_SYMLINK_NOFOLLOW);
	close(units);
	if (err)
		return false;
	pc_clock_now(&clock);
	wall_ns = pc_ns((uint64_t)link.st_mtim.tv_sec, (uint64_t)link.st_mtim.tv_nsec);
	s->has_run = true;
	add_begin(s, wall_ns, clock.wall_minus_boot_ns);
	if (s->roots->wall_minus_boot_ns)
		add_begin(s, wall_ns, s->roots->wall_minus_boot_ns);
	return true;
}

enum of_this_run { RUN_EARLIER, RUN_THIS, RUN_UNKNOWN };

static enum of_this_run is_of_this_run(const struct place_search *s,
				       const struct pc_procfile_stat *stat)
{
	uint64_t tick_ns = PC_NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t start_ns = stat->start_ticks * tick_ns + LINK_SLACK_NS;
	unsigned later = 0;

	if (!s->has_run)
		return RUN_THIS;
	for (unsigned i = 0; i < s->begins_count; i++)
		later += s->begins_ns[i] <= start_ns;
	if (!s->begins_count || (later && later < s->begins_count))
		return RUN_UNKNOWN;
	return later ? RUN_THIS : RUN_EARLIER;
}

/* Finds out whether another child of the manager is the main process rather than this one. */
static int check_older(void *context, uint32_t pid)
{
	struct place_search *s = context;
	struct pc_procfile_stat stat;

	if (pid == s->top || pc_procfs_stat(s->roots->proc, pid, &stat) ||
	    stat.parent != s->top_stat.parent || !pc_procfile_is_running(&stat) ||
	    stat.start_ticks >= s->top_stat.start_ticks)
		return 0;
	switch (is_of_this_run(s, &stat)) {
	case RUN_EARLIER:
		return 0;
	case RUN_THIS:
		return 1;
	case RUN_UNKNOWN:
		break;
	}
	return -EAGAIN;
}

static bool place_same_program(const struct place_search *s)
{
	struct pc_identity top;
	bool same;

	if (pc_procfs_read(s->roots->proc, s->top, &top))
		return false;
	same = pc_identity_same_file(&top, s->who);
	pc_identity_free(&top);
	return same;
}

static enum pc_role role_below(const struct place_search *s)
{
	if (s->top == s->who->key.tgid)
		return PC_ROLE_MAIN;
	return s->stat.session == s->top_stat.session || place_same_program(s) ? PC_ROLE_CHILD :
										 PC_ROLE_STRAY;
}

static enum pc_role role_unseen(struct place_search *s)
{
	s->unseen = true;
	return PC_ROLE_UNKNOWN;
}

static enum pc_role find_role(struct place_search *s)
{
	enum of_this_run run;
	int older;

	if (!pc_unit_tree_of(s->who, &s->tree))
		return s->who->inner_unit ? PC_ROLE_STRAY : PC_ROLE_UNKNOWN;
	if (!find_top(s))
		return role_unseen(s);
	if (!is_manager(s, s->top_stat.parent) || !find_run(s))
		return PC_ROLE_STRAY;
	run = is_of_this_run(s, &s->top_stat);
	if (run != RUN_THIS)
		return run == RUN_EARLIER ? PC_ROLE_STRAY : role_unseen(s);
	older = pc_unit_tree_each(s->roots->cgroups, s->who->cgroup, &s->tree, check_older, s);
	if (older)
		return older < 0 ? role_unseen(s) : PC_ROLE_STRAY;
	return role_below(s);
}

/* Why SIGTERM does not end the process. */
static enum pc_deaf deaf_of(const struct place_search *s, const struct pc_procfile_manner *m)
{
	if (m->first && !m->handles_term)
		return PC_DEAF_FIRST;
	if (m->ignores_term)
		return PC_DEAF_IGNORES;
	return s->stat.state == 'T' ? PC_DEAF_STOPPED : PC_DEAF_NOT;
}

/* Another mount namespace, or another root folder, can have another file under this name. */
static bool is_its_file(const struct place_search *s, const struct stat *ours)
{
	char link[PATH_MAX];
	struct stat its;

	snprintf(link, sizeof(link), "%s/%u/exe", s->roots->proc, s->who->key.tgid);
	return !stat(link, &its) && its.st_dev == ours->st_dev && its.st_ino == ours->st_ino;
}

/* Group 0 is root's. */
static bool only_root_writes(const struct stat *file)
{
	return !file->st_uid && !(file->st_mode & S_IWOTH) &&
	       (!(file->st_mode & S_IWGRP) || !file->st_gid);
}

static void look_at_file(const struct place_search *s, struct pc_place *out)
{
	int root = s->who->exe ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1, err;
	struct pc_path_walk w;

	if (root < 0)
		return;
	err = pc_path_walk(root, s->who->exe, &w);
	close(root);
	if (err)
		return;
	close(w.fd);
	out->hosts_file = is_its_file(s, &w.st);
	out->roots_file = out->hosts_file && !w.end_can && only_root_writes(&w.st);
}

void pc_place_find(const struct pc_place_roots *roots, const struct pc_identity *who,
		   struct pc_place *out)
{
	struct place_search s = { .roots = roots, .who = who };
	struct pc_procfile_manner manner = { 0 };

	*out = (struct pc_place){ .unseen = true };
	if (pc_procfs_stat(roots->proc, who->key.tgid, &s.stat) || s.stat.reaped)
		return;
	out->unseen = false;
	out->leads_session = s.stat.session == who->key.tgid && s.stat.terminal;
	pc_procfs_manner(roots->proc, who->key.tgid, &manner);
	out->first = manner.first;
	out->deaf = deaf_of(&s, &manner);
	if (manner.takes_bind)
		look_at_file(&s, out);
	out->users_word = !pc_group_is_roots_word(roots->cgroups, who);
	out->role = find_role(&s);
	out->unseen = s.unseen;
}
