// SPDX-License-Identifier: GPL-2.0-only
/* The part of a cgroup path that is a unit's, and what is below it. */
#include <string.h>

#include "core/process/cgroup.h"

size_t pc_cgroup_prefix(const char *path, const char *unit, bool innermost)
{
	size_t unit_len = strlen(unit), found = 0;

	for (const char *at = path; *at;) {
		const char *name = at + strspn(at, "/");
		size_t len = strcspn(name, "/");
		size_t skip = len == unit_len + 1 && *name == '_';

		at = name + len;
		if (len == unit_len + skip && len && !memcmp(name + skip, unit, unit_len))
			found = (size_t)(at - path);
		if (found && !innermost)
			break;
	}
	return found;
}

bool pc_cgroup_is_below(const char *path, const char *prefix, size_t len)
{
	return !strncmp(path, prefix, len) && (!path[len] || path[len] == '/');
}
