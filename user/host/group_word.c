// SPDX-License-Identifier: GPL-2.0-only
/* The names in a cgroup path are the word of root, or of a user who made the folders. */
#include "host/group_word.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/process/cgroup.h"

/* The length of the path down to the folder in which the unit, the container or the pod was made. */
static size_t folders_above(const struct pc_identity *who)
{
	const char *at = who->container ? strstr(who->cgroup, who->container) : NULL;
	size_t len = who->unit ? pc_cgroup_prefix(who->cgroup, who->unit, false) : 0;

	if (!len)
		len = at ? (size_t)(at - who->cgroup) : strlen(who->cgroup);
	while (len && who->cgroup[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

/* Group 0 is root's. */
static bool only_root_makes_folders(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return true;
	return !st.st_uid && !(st.st_mode & S_IWOTH) && (!(st.st_mode & S_IWGRP) || !st.st_gid);
}

static bool is_roots_in(const char *cgroups, const char *hierarchy, const char *path, size_t len)
{
	char folder[PATH_MAX];

	for (size_t at = 1; at <= len; at++) {
		int n;

		if (path[at] != '/')
			continue;
		n = snprintf(folder, sizeof(folder), "%s/%s%.*s", cgroups, hierarchy, (int)at,
			     path);
		if (n < 0 || n >= (int)sizeof(folder) || !only_root_makes_folders(folder))
			return false;
	}
	return true;
}

bool pc_group_is_roots_word(const char *cgroups, const struct pc_identity *who)
{
	/* pc_cgroup_of_procfile() takes a path from one of these. */
	static const char *const hierarchies[] = {
		"systemd", "unified", "", "pids", "memory", "cpu"
	};
	size_t len;

	if (!who->cgroup || (!who->unit && !who->container && !who->pod))
		return true;
	len = folders_above(who);
	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++)
		if (!is_roots_in(cgroups, hierarchies[i], who->cgroup, len))
			return false;
	return true;
}

bool pc_group_judge_word(const char *cgroups, struct pc_identity *who)
{
	if (who->container_word != PC_WORD_SYSTEM || pc_group_is_roots_word(cgroups, who))
		return true;
	who->container_word = PC_WORD_UNIT;
	return false;
}
