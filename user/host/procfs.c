// SPDX-License-Identifier: GPL-2.0-only
/* Reading one process from /proc, through a descriptor of its folder: that one stays with
 * the process it was opened for, and reads fail with ESRCH once it is gone. */
#include "host/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cgroup.h"
#include "core/identity.h"
#include "core/procfile.h"

#define NSEC_PER_SEC 1000000000ULL

/* One page is all that a stat file can have; "Uid:" is within the first of status, whose
 * list of groups can be long; cgroup has one path of up to a page for each v1 hierarchy. */
#define STAT_MAX 4096
#define STATUS_MAX 4096
#define CGROUP_MAX (64 * 1024)

/* First allocation for a file; enough for all but long command lines. */
#define FILE_ROOM 2048

struct file_text {
	char *bytes; /* terminated */
	size_t len;
	bool cut; /* there is more in the file */
};

static uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	return ticks / hz * NSEC_PER_SEC + ticks % hz * NSEC_PER_SEC / hz;
}

static int open_process(const char *root, uint32_t pid)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%" PRIu32, root, pid);
	int fd;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

/* Makes room for at least one more byte and the terminator, `max` + 2 at most. */
static int grow(struct file_text *t, size_t *room, size_t max)
{
	size_t want = *room ? *room * 2 : FILE_ROOM;
	char *bytes;

	if (t->len + 1 < *room)
		return 0;
	if (want > max + 2)
		want = max + 2;
	bytes = realloc(t->bytes, want);
	if (!bytes)
		return -ENOMEM;
	t->bytes = bytes;
	*room = want;
	return 0;
}

/* Reads one byte more than `max`, to know whether there is more. */
static int read_all(int fd, size_t max, struct file_text *t)
{
	size_t room = 0;
	ssize_t n = 1;

	while (n && t->len <= max) {
		int err = grow(t, &room, max);

		if (err)
			return err;
		n = TEMP_FAILURE_RETRY(read(fd, t->bytes + t->len, room - 1 - t->len));
		if (n < 0)
			return -errno;
		t->len += (size_t)n;
	}
	t->cut = t->len > max;
	if (t->cut)
		t->len = max;
	t->bytes[t->len] = '\0';
	return 0;
}

static int read_file(int dir, const char *name, size_t max, struct file_text *out)
{
	struct file_text t = { 0 };
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = read_all(fd, max, &t);
	close(fd);
	if (err)
		free(t.bytes);
	else
		*out = t;
	return err;
}

static int read_stat(int dir, struct pc_procfile_stat *out)
{
	struct file_text text;
	int err = read_file(dir, "stat", STAT_MAX, &text);

	if (err)
		return err == -ENOENT ? -ESRCH : err;
	if (!pc_procfile_stat(text.bytes, out))
		err = -EBADMSG;
	free(text.bytes);
	return err;
}

/* Newlines in the name are escaped in this file (proc_task_name()): labels are the kernel's. */
static int read_status(int dir, struct pc_identity *who)
{
	struct file_text text;
	uint32_t tgid = who->key.tgid;
	int err = read_file(dir, "status", STATUS_MAX, &text);

	if (err)
		return err;
	pc_procfile_status(text.bytes, "\nTgid:\t", &tgid);
	pc_procfile_status(text.bytes, "\nUid:\t", &who->uid);
	free(text.bytes);
	return tgid == who->key.tgid ? 0 : -ESRCH;
}

static int read_exe(int dir, struct pc_identity *who)
{
	char path[PATH_MAX + sizeof(" (deleted)")];
	ssize_t n = readlinkat(dir, "exe", path, sizeof(path) - 1);

	if (n < 0)
		return -errno;
	path[n] = '\0';
	who->exe = strdup(path);
	return who->exe ? 0 : -ENOMEM;
}

static int read_cmdline(int dir, struct pc_identity *who)
{
	struct file_text text;
	int err = read_file(dir, "cmdline", PC_PROCFS_CMDLINE_MAX, &text);

	if (err)
		return err;
	pc_identity_join_args(text.bytes, text.len);
	if (*text.bytes) {
		who->cmdline = strdup(text.bytes);
		who->cmdline_cut = text.cut;
		err = who->cmdline ? 0 : -ENOMEM;
	}
	free(text.bytes);
	return err;
}

static int read_cgroup(int dir, struct pc_identity *who)
{
	struct file_text text;
	int err = read_file(dir, "cgroup", CGROUP_MAX, &text);

	if (err)
		return err;
	err = pc_cgroup_of_procfile(text.bytes, &who->cgroup);
	free(text.bytes);
	return err ? err : pc_identity_name_cgroup(who);
}

static int read_netns(int dir, struct pc_identity *who)
{
	char text[32];
	ssize_t n = readlinkat(dir, "ns/net", text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return pc_procfile_netns(text, &who->netns) ? 0 : -EBADMSG;
}

/* The rest of what may go wrong means that this one piece is not to be had. */
static bool ends_reading(int err)
{
	return err == -ESRCH || err == -ENOMEM || err == -EMFILE || err == -ENFILE;
}

static int read_pieces(int dir, struct pc_identity *who)
{
	static int (*const pieces[])(int, struct pc_identity *) = {
		read_status, read_exe, read_cmdline, read_cgroup, read_netns,
	};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		int err = pieces[i](dir, who);

		if (ends_reading(err))
			return err;
	}
	return 0;
}

static int read_process(int dir, struct pc_identity *who)
{
	struct pc_procfile_stat before, after;
	int err = read_stat(dir, &before);

	if (err)
		return err;
	memcpy(who->comm, before.comm, sizeof(who->comm));
	who->key.start_ns = ticks_to_ns(before.start_ticks);
	err = read_pieces(dir, who);
	if (!err)
		err = read_stat(dir, &after);
	if (!err && after.start_ticks != before.start_ticks)
		err = -ESRCH;
	return err;
}

int pc_procfs_read(const char *root, uint32_t pid, struct pc_identity *out)
{
	struct pc_identity who = { .key.tgid = pid };
	int dir = open_process(root, pid);
	int err;

	if (dir < 0)
		return dir;
	err = read_process(dir, &who);
	close(dir);
	if (err)
		pc_identity_free(&who);
	else
		*out = who;
	return err;
}

static int stat_of(const char *root, uint32_t pid, struct pc_procfile_stat *out)
{
	int dir = open_process(root, pid);
	int err;

	if (dir < 0)
		return dir;
	err = read_stat(dir, out);
	close(dir);
	return err;
}

/* The key's start is exact, the file's cut off to a tick: that lies within the tick before it. */
static bool started_at(const struct pc_procfile_stat *stat, const struct pc_process_key *key)
{
	uint64_t start = ticks_to_ns(stat->start_ticks);

	return key->start_ns >= start && key->start_ns - start < ticks_to_ns(1);
}

bool pc_procfs_is(const char *root, const struct pc_process_key *key)
{
	struct pc_procfile_stat stat;

	return !stat_of(root, key->tgid, &stat) && pc_procfile_is_running(&stat) &&
	       started_at(&stat, key);
}

bool pc_procfs_is_or_was(const char *root, const struct pc_process_key *key)
{
	struct pc_procfile_stat stat;

	return !stat_of(root, key->tgid, &stat) && started_at(&stat, key);
}

int pc_procfs_netns(const char *root, uint32_t pid, uint32_t *netns)
{
	struct pc_identity who;
	int dir = open_process(root, pid);
	int err;

	if (dir < 0)
		return dir;
	err = read_netns(dir, &who);
	close(dir);
	if (!err)
		*netns = who.netns;
	return err == -ENOENT ? -ESRCH : err; /* a zombie has none any more */
}

int pc_procfs_each(const char *root, int (*visit)(void *context, uint32_t pid), void *context)
{
	DIR *dir = opendir(root);
	struct dirent *entry;
	uint64_t pid;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (pc_procfile_number(entry->d_name, "", UINT32_MAX, &pid))
			err = visit(context, (uint32_t)pid);
	closedir(dir);
	return err;
}

struct netns_search {
	const char *root;
	uint32_t netns;
	uint32_t pid;
	int err; /* of what could not be looked at; -ESRCH: nothing of the kind */
};

/* 1: found. */
static int check_netns(void *context, uint32_t pid)
{
	struct netns_search *s = context;
	struct pc_procfile_stat stat;
	uint32_t its;
	int err = pc_procfs_netns(s->root, pid, &its);

	if (err && err != -ESRCH)
		s->err = err;
	if (err || its != s->netns || stat_of(s->root, pid, &stat) ||
	    !pc_procfile_is_running(&stat))
		return 0;
	s->pid = pid;
	return 1;
}

int pc_procfs_netns_pid(const char *root, uint32_t netns, uint32_t *pid)
{
	struct netns_search s = { .root = root, .netns = netns, .err = -ESRCH };
	int found = pc_procfs_each(root, check_netns, &s);

	if (found < 1)
		return found ? found : s.err;
	*pid = s.pid;
	return 0;
}
