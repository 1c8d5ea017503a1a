// SPDX-License-Identifier: GPL-2.0-only
/* The processes in the cgroup of a systemd unit. */
#include "host/unit_tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/process/cgroup.h"
#include "core/process/procfile.h"

/* Cgroups below a unit, one in the other: a user can make any number. */
#define DEPTH_MAX 8

/* Processes and folders of one unit; a unit with more is not judged. */
#define VISITS_MAX 4096

struct tree_walk {
	int (*visit)(void *context, uint32_t pid);
	void *context;
	unsigned visits;
};

/* A manager puts its units into slices, and nowhere else: below a unit is what its processes made. */
static bool is_in_slices(const char *path, size_t len)
{
	const char *user = strstr(path, "/user@"),
		   *at = user ? user + strcspn(user + 1, "/") + 1 : NULL;

	while (at && at < path + len) {
		size_t part = strcspn(at + 1, "/");

		if (at + 1 + part >= path + len)
			return true;
		if (part < strlen(".slice") ||
		    strncmp(at + 1 + part - strlen(".slice"), ".slice", strlen(".slice")))
			return false;
		at += 1 + part;
	}
	return false;
}

bool pc_unit_tree_of(const struct pc_identity *who, struct pc_unit_tree *out)
{
	const char *unit = who->below_user ? who->inner_unit : who->unit;

	if (!unit || !who->cgroup || strlen(unit) >= PC_UNIT_NAME)
		return false;
	out->unit = unit;
	out->len = pc_cgroup_prefix(who->cgroup, unit, who->below_user);
	return out->len > 0 && (!who->below_user || is_in_slices(who->cgroup, out->len));
}

static int tree_read_procs(struct tree_walk *w, const char *folder)
{
	char path[PATH_MAX + 16], line[32];
	uint64_t pid;
	FILE *in;
	int err = 0;

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	while (!err && fgets(line, sizeof(line), in)) {
		if (++w->visits > VISITS_MAX)
			err = -E2BIG;
		else if (pc_procfile_number(line, "\n", UINT32_MAX, &pid) && pid)
			err = w->visit(w->context, (uint32_t)pid);
	}
	/* A threaded cgroup cannot be read this way (EOPNOTSUPP). */
	if (!err && ferror(in))
		err = -EIO;
	fclose(in);
	return err;
}

static int walk_tree(struct tree_walk *w, const char *folder, int depth)
{
	char below[PATH_MAX];
	struct dirent *entry;
	int err = tree_read_procs(w, folder);
	DIR *dir;

	if (err)
		return err;
	dir = opendir(folder);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (depth == DEPTH_MAX || ++w->visits > VISITS_MAX)
			err = -E2BIG;
		else if (snprintf(below, sizeof(below), "%s/%s", folder, entry->d_name) >=
			 (int)sizeof(below))
			err = -ENAMETOOLONG;
		else
			err = walk_tree(w, below, depth + 1);
	}
	closedir(dir);
	return err;
}

int pc_unit_tree_each(const char *cgroups, const char *path, const struct pc_unit_tree *tree,
		      int (*visit)(void *context, uint32_t pid), void *context)
{
	/* Version 1 has the manager's own hierarchy; version 2 stands at the top, or beside version 1. */
	static const char *const hierarchies[] = { "systemd", "unified", "" };
	struct tree_walk w = { .visit = visit, .context = context };
	char folder[PATH_MAX];

	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		int n = snprintf(folder, sizeof(folder), "%s/%s%.*s", cgroups, hierarchies[i],
				 (int)tree->len, path);

		if (n > 0 && n < (int)sizeof(folder) && !access(folder, F_OK))
			return walk_tree(&w, folder, 0);
	}
	return -ENOENT;
}
