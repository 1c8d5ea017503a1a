// SPDX-License-Identifier: GPL-2.0-only
/* Names from a cgroup path, and the path from /proc/PID/cgroup: each name is one part of the
 * path and not empty, the path begins with a slash and is one line. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/process/cgroup.h"

static void cgroup_check_name(const char *name)
{
	FUZZ_CHECK(!name || (*name && !strchr(name, '/')));
}

/* A pod's "_" and a machine's "\x2d" become "-": all else stands in the path as it is. */
static void check_unit(const char *path, const char *unit)
{
	FUZZ_CHECK(!unit || strstr(path, unit));
}

static void cgroup_check_path(const char *path)
{
	struct pc_cgroup_names names;

	FUZZ_CHECK(!pc_cgroup_parse(path, &names));
	cgroup_check_name(names.unit);
	cgroup_check_name(names.container);
	cgroup_check_name(names.pod);
	check_unit(path, names.unit);
	FUZZ_CHECK(!names.pod || !strchr(names.pod, '_'));
	pc_cgroup_names_free(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *path = NULL;

	cgroup_check_path(text);
	FUZZ_CHECK(!pc_cgroup_of_procfile(text, &path));
	FUZZ_CHECK(path && *path == '/' && !strchr(path, '\n'));
	FUZZ_CHECK(!strcmp(path, "/") || strstr(text, path));
	cgroup_check_path(path);
	free(path);
	free(text);
	return 0;
}
