// SPDX-License-Identifier: GPL-2.0-only
/* This file reads the names of containers and pods from where runtimes and the kubelet keep them. A folder on
 * the way may be a symbolic link, as /var/lib/docker often is; the file itself may not, and it is a regular file
 * that only its owner, root, can write. */
#include "host/given_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/process/given_names.h"

/* A directory entry's part in the cost, in bytes: reading one takes about as long. */
#define ENTRY_COST 64

#define DOCKER_CONFIG "/etc/docker/daemon.json"

struct given_search {
	const struct pc_given_place *place;
	const char *container;
	const char *pod;
	struct pc_given_names *names;
	uint64_t *cost;
};

struct given_text {
	char *bytes; /* owned */
	size_t len;
};

typedef int (*given_parse)(const char *text, size_t len, const char *id,
			   struct pc_given_names *out);

static bool only_its_owner_writes(const struct stat *st, const struct given_search *s)
{
	return st->st_uid == s->place->owner && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int given_read_fd(int fd, size_t size, struct given_text *out)
{
	struct given_text t = { .bytes = malloc(size) };
	ssize_t n = t.bytes ? 1 : -1;

	while (n > 0 && t.len < size) {
		n = TEMP_FAILURE_RETRY(read(fd, t.bytes + t.len, size - t.len));
		t.len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0) {
		free(t.bytes);
		return -EIO;
	}
	*out = t;
	return 0;
}

static int given_read(const struct given_search *s, const char *path, struct given_text *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	int err = -EPERM;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && only_its_owner_writes(&st, s) &&
	    st.st_size > 0 && st.st_size <= PC_GIVEN_FILE_MAX) {
		err = given_read_fd(fd, (size_t)st.st_size, out);
		*s->cost += (uint64_t)st.st_size;
	}
	close(fd);
	return err;
}

/* Each path has room for the longest; one that does not fit does not exist. */
static bool given_parse_file(const struct given_search *s, const char *path, given_parse parse)
{
	struct given_text text;
	bool read = !given_read(s, path, &text);

	if (read) {
		parse(text.bytes, text.len, s->container, s->names);
		free(text.bytes);
	}
	return read;
}

static int parse_bundle(const char *text, size_t len, const char *id, struct pc_given_names *out)
{
	(void)id;
	return pc_given_from_bundle(text, len, out);
}

/* Docker's data, which its own configuration can have moved. */
static void docker_root(const struct given_search *s, char *root, size_t size)
{
	char path[PATH_MAX], *moved = NULL;
	struct given_text text;

	snprintf(root, size, "/var/lib/docker");
	snprintf(path, sizeof(path), "%s" DOCKER_CONFIG, s->place->root);
	if (given_read(s, path, &text))
		return;
	if (!pc_given_docker_root(text.bytes, text.len, &moved) && moved)
		snprintf(root, size, "%s", moved);
	free(moved);
	free(text.bytes);
}

static void search_docker(const struct given_search *s)
{
	static const char *const roots[] = { "", "/var/snap/docker/common/var-lib-docker" };
	char moved[PATH_MAX / 2], path[PATH_MAX];

	docker_root(s, moved, sizeof(moved));
	for (size_t i = 0; !s->names->container && i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/containers/%s/config.v2.json", s->place->root,
			 *roots[i] ? roots[i] : moved, s->container);
		given_parse_file(s, path, pc_given_from_docker);
	}
	/* A kubelet starts anew what was only stopped. */
	if (s->names->container)
		s->names->runtime = s->names->pod ? PC_RUNTIME_CRI : PC_RUNTIME_DOCKER;
}

/* containers/storage keeps one list for all containers: read only if it has a folder for this one. */
static void search_storage(const struct given_search *s)
{
	static const char *const drivers[] = { "overlay", "vfs", "btrfs", "zfs" };
	static const char *const lists[] = { "containers.json", "volatile-containers.json" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		const char *const folder = "/var/lib/containers/storage";

		snprintf(path, sizeof(path), "%s%s/%s-containers/%s", s->place->root, folder,
			 drivers[i], s->container);
		for (size_t l = 0; !access(path, F_OK) && !s->names->container && l < 2; l++) {
			char list[PATH_MAX];

			snprintf(list, sizeof(list), "%s%s/%s-containers/%s", s->place->root,
				 folder, drivers[i], lists[l]);
			given_parse_file(s, list, pc_given_from_storage);
		}
	}
}

static void search_containerd(const struct given_search *s)
{
	static const char *const tasks[] = {
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io",
		"/run/containerd/io.containerd.runtime.v2.task/default",
		"/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io",
		"/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io",
	};
	char path[PATH_MAX];

	for (size_t i = 0; !s->names->container && i < sizeof(tasks) / sizeof(tasks[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/%s/config.json", s->place->root, tasks[i],
			 s->container);
		given_parse_file(s, path, parse_bundle);
	}
}

static void search_folder(const struct given_search *s, const char *folder, const char *id,
			  int (*parse)(const char *entry, const char *id,
				       struct pc_given_names *out))
{
	char path[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	unsigned left = PC_GIVEN_ENTRIES_MAX;
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", s->place->root, folder);
	dir = opendir(path);
	if (!dir)
		return;
	if (!fstat(dirfd(dir), &st) && only_its_owner_writes(&st, s))
		while (!s->names->pod && left-- && (entry = readdir(dir))) {
			parse(entry->d_name, id, s->names);
			*s->cost += ENTRY_COST;
		}
	closedir(dir);
}

void pc_given_files_read(const struct pc_given_place *place, const char *container, const char *pod,
			 struct pc_given_names *out, uint64_t *cost)
{
	const struct given_search s = { place, container, pod, out, cost };

	search_docker(&s);
	if (!out->container)
		search_storage(&s);
	if (!out->container)
		search_containerd(&s);
	if (pod && !out->pod)
		search_folder(&s, "/var/log/containers", container, pc_given_from_log);
	if (pod && !out->pod)
		search_folder(&s, "/var/log/pods", pod, pc_given_from_pod);
}
