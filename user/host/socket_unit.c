// SPDX-License-Identifier: GPL-2.0-only
/* The socket unit of systemd that a socket belongs to. */
#include "host/socket_unit.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/process/cgroup.h"
#include "host/sockdiag.h"

/* Slices lie in slices: "system.slice/system-demo.slice/demo@1.socket". */
#define SLICES_MAX 5

/* Folders that are looked at; a machine has hundreds of units. */
#define FOLDERS_MAX 8192

int pc_socket_unit_cgroup(const struct pc_socket *s, uint64_t *cgroup_id)
{
	struct pc_socket_list sockets = { 0 };
	int err = pc_sockdiag_read_port(s->proto, s->lport, &sockets);

	if (!err)
		err = -ENOENT;
	for (size_t i = 0; i < sockets.count; i++) {
		const struct pc_listed_socket *l = &sockets.list[i];

		if (l->cgroup_id && l->socket.inode == s->inode &&
		    (!s->cookie || l->socket.cookie == s->cookie)) {
			*cgroup_id = l->cgroup_id;
			err = 0;
		}
	}
	pc_sockdiag_free(&sockets);
	return err;
}

struct unit_search {
	uint64_t cgroup_id;
	unsigned folders;
	char *out;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len > tail && !strcmp(name + len - tail, suffix);
}

/* systemd puts a "_" before a name that the kernel has taken. */
static void take_socket_unit(struct unit_search *s, const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
	    lstat(path, &st) || st.st_ino != s->cgroup_id)
		return;
	snprintf(s->out, PC_UNIT_NAME, "%s", name + (*name == '_'));
}

/* Only the manager makes groups in slices. Units are not entered: below them is what their processes make. */
static int search_slice(struct unit_search *s, const char *folder, int depth)
{
	char below[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	if (!dir)
		return -errno;
	while (!s->out[0] && (entry = readdir(dir)) && ++s->folders < FOLDERS_MAX) {
		const char *name = entry->d_name;

		if (has_suffix(name, ".socket"))
			take_socket_unit(s, folder, name);
		else if (has_suffix(name, ".slice") && depth < SLICES_MAX &&
			 snprintf(below, sizeof(below), "%s/%s", folder, name) < (int)sizeof(below))
			search_slice(s, below, depth + 1);
	}
	closedir(dir);
	return 0;
}

int pc_socket_unit_find(const char *cgroups, const char *manager, uint64_t cgroup_id, char *out)
{
	static const char *const hierarchies[] = { "", "/unified" };
	char found[PC_UNIT_NAME] = "", folder[PATH_MAX];
	struct unit_search s = { .cgroup_id = cgroup_id, .out = found };
	size_t len = pc_cgroup_prefix(manager, "init.scope", true);

	if (!len)
		return -ENOENT;
	len -= strlen("/init.scope");
	for (size_t i = 0; !found[0] && i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++)
		if (snprintf(folder, sizeof(folder), "%s%s%.*s", cgroups, hierarchies[i], (int)len,
			     manager) < (int)sizeof(folder))
			search_slice(&s, folder, 0);
	if (!found[0])
		return -ENOENT;
	memcpy(out, found, sizeof(found));
	return 0;
}
