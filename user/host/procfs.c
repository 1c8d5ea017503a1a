// SPDX-License-Identifier: GPL-2.0-only
/* This file reads one process from /proc, through a descriptor of the process's folder. The
 * descriptor stays with the process for which it was opened, and reads fail with ESRCH once that
 * has ended. */
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

#include "core/base/time.h"
#include "core/process/cgroup.h"
#include "core/process/identity.h"
#include "host/aside.h"
#include "host/file_text.h"

/* A stat file has one page at most. In status, "Uid:" is within the first page; the list of groups
 * behind it can be long. cgroup has one path of up to a page for each v1 hierarchy. */
#define STAT_MAX 4096
#define STATUS_MAX 4096
#define CGROUP_MAX (64 * 1024)

/* A command line is read in microseconds. */
#define CMDLINE_LIMIT_NS (50 * PC_NS_PER_MS)

static uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	return ticks / hz * PC_NS_PER_SECOND + ticks % hz * PC_NS_PER_SECOND / hz;
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

static int read_stat(int dir, const char *name, struct pc_procfile_stat *out)
{
	struct pc_file_text text;
	int err = pc_file_text_read(dir, name, STAT_MAX, &text);

	if (err)
		return err == -ENOENT ? -ESRCH : err;
	if (!pc_procfile_stat(text.bytes, out))
		err = -EBADMSG;
	free(text.bytes);
	return err;
}

/* The kernel escapes newlines of the name in this file (proc_task_name()), so labels are the
 * kernel's own. */
static int read_status(int dir, struct pc_identity *who, bool *trusted)
{
	struct pc_file_text text;
	uint32_t tgid = who->key.tgid;
	int err = pc_file_text_read(dir, "status", STATUS_MAX, &text);

	if (err)
		return err;
	pc_procfile_status(text.bytes, "\nTgid:\t", &tgid);
	pc_procfile_status(text.bytes, "\nUid:\t", &who->uid);
	*trusted = !who->uid && !pc_procfile_is_apart(text.bytes);
	free(text.bytes);
	return tgid == who->key.tgid ? 0 : -ESRCH;
}

static int read_link(int dir, const char *name, char **out)
{
	char path[PATH_MAX + sizeof(" (deleted)")];
	ssize_t n = readlinkat(dir, name, path, sizeof(path) - 1);

	if (n < 0)
		return -errno;
	path[n] = '\0';
	*out = strdup(path);
	return *out ? 0 : -ENOMEM;
}

static int read_exe(int dir, struct pc_identity *who)
{
	return read_link(dir, "exe", &who->exe);
}

/* A command line that is read aside. */
struct cmdline_job {
	int dir;
	struct pc_file_text text;
	int err;
};

static void cmdline_run(void *job)
{
	struct cmdline_job *c = job;

	c->err = pc_file_text_read(c->dir, "cmdline", PC_PROCFS_CMDLINE_MAX, &c->text);
}

static void cmdline_drop(void *job)
{
	struct cmdline_job *c = job;

	if (!c->err)
		free(c->text.bytes);
	close(c->dir);
	free(c);
}

/* Reading a command line takes the lock of the process's memory. A user can have a process hold that lock for as
 * long as a file system of the user's does not answer. (The kernel reads no arguments that lie in a file.) */
static int read_cmdline_aside(int dir, uint32_t uid, struct pc_file_text *text)
{
	struct cmdline_job *job = calloc(1, sizeof(*job));
	int err;

	if (!job)
		return -ENOMEM;
	job->dir = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = job->dir < 0 ? -errno :
			     pc_aside_run(cmdline_run, cmdline_drop, job, uid, CMDLINE_LIMIT_NS);
	if (err == -ETIMEDOUT)
		return err;
	if (!err)
		err = job->err;
	if (!err)
		*text = job->text;
	if (job->dir >= 0)
		close(job->dir);
	free(job);
	return err;
}

static int read_cmdline(int dir, struct pc_identity *who, bool trusted)
{
	struct pc_file_text text;
	int err = trusted ? pc_file_text_read(dir, "cmdline", PC_PROCFS_CMDLINE_MAX, &text) :
			    read_cmdline_aside(dir, who->uid, &text);

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
	struct pc_file_text text;
	int err = pc_file_text_read(dir, "cgroup", CGROUP_MAX, &text);

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

/* An error of another kind means only that this one piece cannot be read. */
static bool ends_reading(int err)
{
	return err == -ESRCH || err == -ENOMEM || err == -EMFILE || err == -ENFILE;
}

static int read_pieces(int dir, struct pc_identity *who)
{
	static int (*const pieces[])(int, struct pc_identity *) = { read_exe, read_cgroup,
								    read_netns };
	bool trusted = false;
	int err = read_status(dir, who, &trusted);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]) && !ends_reading(err); i++)
		err = pieces[i](dir, who);
	if (!ends_reading(err))
		err = read_cmdline(dir, who, trusted);
	return ends_reading(err) ? err : 0;
}

static int read_process(int dir, struct pc_identity *who)
{
	struct pc_procfile_stat before, after;
	int err = read_stat(dir, "stat", &before);

	if (err)
		return err;
	memcpy(who->comm, before.comm, sizeof(who->comm));
	who->key.start_ns = ticks_to_ns(before.start_ticks);
	err = read_pieces(dir, who);
	if (!err)
		err = read_stat(dir, "stat", &after);
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

/* One file is one process, so the folder need not be held open. */
int pc_procfs_stat(const char *root, uint32_t pid, struct pc_procfile_stat *out)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%" PRIu32 "/stat", root, pid);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return read_stat(AT_FDCWD, path, out);
}

/* Compares the exact start of the key with the start in the file, which is rounded down to a
 * tick. */
static bool started_at(const struct pc_procfile_stat *stat, const struct pc_process_key *key)
{
	uint64_t start = ticks_to_ns(stat->start_ticks);

	return key->start_ns >= start && key->start_ns - start < ticks_to_ns(1);
}

bool pc_procfs_is(const char *root, const struct pc_process_key *key)
{
	struct pc_procfile_stat stat;

	return !pc_procfs_stat(root, key->tgid, &stat) && pc_procfile_is_running(&stat) &&
	       started_at(&stat, key);
}

char *pc_procfs_folder(const char *root, const struct pc_process_key *key)
{
	int dir = open_process(root, key->tgid);
	char *folder = NULL;

	if (dir < 0)
		return NULL;
	read_link(dir, "cwd", &folder);
	close(dir);
	if (folder && pc_procfs_is(root, key))
		return folder;
	free(folder);
	return NULL;
}

bool pc_procfs_is_or_was(const char *root, const struct pc_process_key *key)
{
	struct pc_procfile_stat stat;

	return !pc_procfs_stat(root, key->tgid, &stat) && started_at(&stat, key);
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

int pc_procfs_manner(const char *root, uint32_t pid, struct pc_procfile_manner *out)
{
	struct pc_file_text text;
	int dir = open_process(root, pid);
	int err;

	if (dir < 0)
		return dir;
	err = pc_file_text_read(dir, "status", STATUS_MAX, &text);
	close(dir);
	if (err)
		return err;
	pc_procfile_manner(text.bytes, out);
	free(text.bytes);
	return 0;
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
	int err; /* of the last process that could not be looked at; -ESRCH: there was none */
};

/* Returns 1 when the process runs in the namespace. */
static int check_netns(void *context, uint32_t pid)
{
	struct netns_search *s = context;
	struct pc_procfile_stat stat;
	uint32_t its;
	int err = pc_procfs_netns(s->root, pid, &its);

	if (err && err != -ESRCH)
		s->err = err;
	if (err || its != s->netns || pc_procfs_stat(s->root, pid, &stat) ||
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
