// SPDX-License-Identifier: GPL-2.0-only
/* The machine's first pid and time namespaces, and whether this process is there. */
#include "host/first_ns.h"

#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The inode numbers of the first namespaces are fixed (include/linux/proc_ns.h; since 6.18 in
 * include/uapi/linux/nsfs.h). */
#define PID_INIT_INO 0xEFFFFFFCU
#define TIME_INIT_INO 0xEFFFFFFAU

/* The inode number of a namespace; 0: not known. A link that the caller may not follow has,
 * on 5.10, the number of its own inode in /proc: only nsfs has those of namespaces. */
static ino_t first_ns_inode(const char *proc, const char *name)
{
	char path[PATH_MAX];
	struct statfs fs;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	return stat(path, &st) || statfs(path, &fs) || fs.f_type != NSFS_MAGIC ? 0 : st.st_ino;
}

/* Does this /proc belong to a pid namespace around that of this process? Then it has several ids for it. */
static bool is_of_outer_ns(const char *proc)
{
	char path[PATH_MAX], line[256];
	unsigned outer, inner;
	bool is = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/status", proc);
	file = fopen(path, "re");
	while (file && !is && fgets(line, sizeof(line), file))
		is = sscanf(line, "NSpid: %u %u", &outer, &inner) == 2;
	if (file)
		fclose(file);
	return is;
}

/* Process 1 of a /proc is the first one of its pid namespace. Not everybody may look at it. */
bool pc_first_ns_pids(const char *proc)
{
	ino_t inode = first_ns_inode(proc, "1/ns/pid");

	if (inode)
		return inode == PID_INIT_INO;
	inode = first_ns_inode(proc, "self/ns/pid");
	return !inode || inode == PID_INIT_INO || is_of_outer_ns(proc);
}

uint32_t pc_first_ns_self(const char *proc)
{
	char path[PATH_MAX], link[32];
	unsigned long pid = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/self", proc);
	n = readlink(path, link, sizeof(link) - 1);
	if (n > 0) {
		link[n] = '\0';
		pid = strtoul(link, NULL, 10);
	}
	return pid ? (uint32_t)pid : (uint32_t)getpid();
}

/* The kernel shows the offsets for the children's namespace, which is another one only between
 * unshare() and fork(). */
bool pc_first_ns_clock(const char *proc)
{
	ino_t inode = first_ns_inode(proc, "self/ns/time");
	char path[PATH_MAX], clock[32];
	long long seconds, nanoseconds;
	bool moved = false;
	FILE *file;

	if (!inode || inode == TIME_INIT_INO)
		return true;
	snprintf(path, sizeof(path), "%s/self/timens_offsets", proc);
	file = fopen(path, "re");
	while (file && fscanf(file, "%31s %lld %lld", clock, &seconds, &nanoseconds) == 3)
		moved |= seconds || nanoseconds;
	if (file)
		fclose(file);
	return file && !moved;
}
