// SPDX-License-Identifier: GPL-2.0-only
/* This file finds and enters the network namespaces of the machine. */
#include "host/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/array.h"
#include "host/procfs.h"

/* Since Linux 5.14. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static struct pc_netns *netns_find(struct pc_netns_list *list, uint32_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].inode == inode)
			return &list->list[i];
	return NULL;
}

/* Returns the entry of this inode, which is added if it is not there; NULL without memory. */
static struct pc_netns *get(struct pc_netns_list *list, uint32_t inode)
{
	struct pc_netns *ns = netns_find(list, inode);

	if (ns)
		return ns;
	if (pc_array_reserve(&list->list, &list->room, list->count + 1, sizeof(*ns)))
		return NULL;
	list->list[list->count] = (struct pc_netns){ .inode = inode };
	return &list->list[list->count++];
}

static int add_own(const char *proc, struct pc_netns_list *out)
{
	struct pc_netns *ns;
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/self/ns/net", proc);
	if (stat(path, &st))
		return -errno;
	ns = get(out, (uint32_t)st.st_ino);
	if (!ns)
		return -ENOMEM;
	ns->own = true;
	return 0;
}

struct survey {
	const char *proc;
	struct pc_netns_list found;
};

static int add_process(void *context, uint32_t pid)
{
	struct survey *s = context;
	struct pc_netns *ns;
	uint32_t inode;
	int err = pc_procfs_netns(s->proc, pid, &inode);

	if (err == -EACCES || err == -EPERM)
		s->found.hidden++;
	if (err)
		return err == -ENOMEM || err == -EMFILE ? err : 0;
	ns = get(&s->found, inode);
	if (!ns)
		return -ENOMEM;
	if (!ns->pid)
		ns->pid = pid;
	return 0;
}

/* Undoes what the kernel does in mountinfo: it writes space, tab, newline and backslash as \ooo. */
static void unescape(char *text)
{
	char *to = text;
	unsigned byte;

	for (; *text; text++) {
		if (*text == '\\' && sscanf(text + 1, "%3o", &byte) == 1) {
			*to++ = (char)byte;
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Takes the path of a mounted namespace. Its last part is the name that users gave the
 * namespace. */
static int add_mount(char *line, struct pc_netns_list *out)
{
	char root[32], path[PATH_MAX];
	struct pc_netns *ns;
	unsigned inode;

	if (sscanf(line, "%*s %*s %*s %31s %4095s", root, path) != 2 ||
	    sscanf(root, "net:[%u]", &inode) != 1)
		return 0;
	ns = get(out, inode);
	if (!ns)
		return -ENOMEM;
	unescape(path);
	if (!ns->path)
		ns->path = strdup(path);
	return ns->path ? 0 : -ENOMEM;
}

static int add_mounts(const char *proc, struct pc_netns_list *out)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *file;
	int err = 0;

	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && getline(&line, &size, file) > 0)
		err = add_mount(line, out);
	free(line);
	fclose(file);
	return err;
}

int pc_netns_find(const char *proc, struct pc_netns_list *out)
{
	struct survey s = { .proc = proc };
	int err = add_own(proc, &s.found);

	if (!err)
		err = add_mounts(proc, &s.found);
	if (!err)
		err = pc_procfs_each(proc, add_process, &s);
	if (err)
		pc_netns_free(&s.found);
	else
		*out = s.found;
	return err;
}

/* Opens a namespace by its path; -ESRCH when something else is there by now. */
static int open_at(const char *path, uint32_t inode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	if (!fstat(fd, &st) && st.st_ino == inode)
		return fd;
	close(fd);
	return -ESRCH;
}

static int open_by_pid(const char *proc, uint32_t pid, uint32_t inode)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/ns/net", proc, pid);
	return open_at(path, inode);
}

static int open_netns(const char *proc, const struct pc_netns *ns)
{
	uint32_t pid = ns->pid;
	int fd = ns->path ? open_at(ns->path, ns->inode) : -ESRCH;

	if (fd < 0 && pid)
		fd = open_by_pid(proc, pid, ns->inode);
	/* The first process may have ended, and others not. */
	if (fd == -ESRCH && pid && !pc_procfs_netns_pid(proc, ns->inode, &pid))
		fd = open_by_pid(proc, pid, ns->inode);
	return fd;
}

int pc_netns_enter(const char *proc, const struct pc_netns *ns)
{
	int fd = open_netns(proc, ns);
	int err;

	if (fd < 0)
		return fd;
	err = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return err;
}

static const char *netns_name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool pc_netns_matches(const struct pc_netns *ns, const char *which)
{
	struct stat st;
	char *end;

	if (!which || !strcmp(which, "all"))
		return true;
	if (!strcmp(which, "self"))
		return ns->own;
	if (strchr(which, '/'))
		return !stat(which, &st) && st.st_ino == ns->inode;
	if (strtoul(which, &end, 10) == ns->inode && !*end)
		return true;
	return ns->path && !strcmp(netns_name_of(ns->path), which);
}

struct visit {
	const char *proc;
	const struct pc_netns *ns;
	void (*fn)(void *context);
	void *context;
	int err;
};

static void *netns_visit(void *argument)
{
	struct visit *v = argument;

	v->err = pc_netns_enter(v->proc, v->ns);
	if (!v->err)
		v->fn(v->context);
	return NULL;
}

int pc_netns_call(const char *proc, const struct pc_netns *ns, void (*fn)(void *context),
		  void *context)
{
	struct visit v = { proc, ns, fn, context, 0 };
	pthread_t thread;
	int err = pthread_create(&thread, NULL, netns_visit, &v);

	if (err)
		return -err;
	pthread_join(thread, NULL);
	return v.err;
}

uint64_t pc_netns_cookie(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

static void read_cookie_here(void *context)
{
	*(uint64_t *)context = pc_netns_cookie();
}

uint64_t pc_netns_cookie_of(const char *proc, const struct pc_netns *ns)
{
	uint64_t cookie = 0;

	if (ns->own)
		return pc_netns_cookie();
	return pc_netns_call(proc, ns, read_cookie_here, &cookie) ? 0 : cookie;
}

int pc_netns_home(const char *proc)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/self/ns/net", proc);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pc_netns_return(int home)
{
	return setns(home, CLONE_NEWNET) ? -errno : 0;
}

void pc_netns_free(struct pc_netns_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->list[i].path);
	free(list->list);
	*list = (struct pc_netns_list){ 0 };
}
