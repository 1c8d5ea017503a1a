// SPDX-License-Identifier: GPL-2.0-only
/* The site of a Unix socket's path. */
#include "host/site.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/time.h"
#include "host/path_walk.h"
#include "host/procfs.h"
#include "host/unix_diag.h"

/* A process of the mount namespace with the root directory in question. */
struct way_in {
	const char *proc;
	const struct pc_path_question *q;
	uint32_t pid;
	int root; /* open, of `pid`; negative: there is none */
};

static bool is_in_mntns(const char *proc, uint32_t pid, uint32_t mntns)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%u/ns/mnt", proc, pid);
	return !stat(path, &st) && st.st_ino == mntns;
}

static bool has_root(const char *proc, uint32_t pid, const char *root)
{
	char path[64], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%u/root", proc, pid);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	return !strcmp(target, root);
}

static int open_root(const char *proc, uint32_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%u/root", proc, pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The process can end at any time, and /proc then says that its root directory is not there: so the directory is opened
 * first, and whose it is comes after. */
static int check_way_in(void *context, uint32_t pid)
{
	struct way_in *w = context;
	int root = open_root(w->proc, pid);

	if (root < 0)
		return 0;
	if (!is_in_mntns(w->proc, pid, w->q->mntns) || !has_root(w->proc, pid, w->q->root)) {
		close(root);
		return 0;
	}
	w->pid = pid;
	w->root = root;
	return 1;
}

/* Tries portclash and the first process first: most paths are in their mount namespaces. */
static void find_way_in(struct way_in *w)
{
	const uint32_t first[] = { w->q->process.tgid, (uint32_t)getpid(), 1 };

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (check_way_in(w, first[i]))
			return;
	pc_procfs_each(w->proc, check_way_in, w);
}

/* Gives the part of an absolute path below a root directory; NULL: the path is not below it. */
static const char *below_root(const char *path, const char *root)
{
	size_t len = strcmp(root, "/") ? strlen(root) : 0;

	if (strncmp(path, root, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

/* Writes the path from the root of the mount namespace, and returns where the part below the process's
 * own root begins; NULL: it cannot be told. */
static const char *full_path(const struct pc_path_question *q, char *out, size_t size)
{
	const char *root = strcmp(q->root, "/") ? q->root : "";
	const char *cwd = strcmp(q->cwd, "/") ? q->cwd : "";
	bool absolute = q->path[0] == '/';
	int len = absolute ? snprintf(out, size, "%s%s", root, q->path) :
			     snprintf(out, size, "%s/%s", cwd, q->path);

	if (len < 0 || (size_t)len >= size) {
		out[0] = '\0';
		return NULL;
	}
	return below_root(out, q->root);
}

static enum pc_path_kind path_kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFSOCK:
		return PC_PATH_SOCKET;
	case S_IFREG:
		return PC_PATH_FILE;
	case S_IFDIR:
		return PC_PATH_FOLDER;
	case S_IFLNK:
		return PC_PATH_LINK;
	default:
		return PC_PATH_OTHER;
	}
}

/* Asks the kernel whether a socket is bound to this file: connect() finds a bound socket, in whichever
 * network namespace, before it looks at its type (unix_find_bsd()). The socket that asks is one of datagrams:
 * a server of connections is never reached, and a server of datagrams is sent nothing. A user chooses the
 * path, and must not make portclash connect to a server as root. */
int pc_site_connect(int file)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err = 0;

	if (fd < 0)
		return -ENFILE;
	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d", file);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		err = -errno;
	close(fd);
	return err;
}

static enum pc_path_bound bound_of_error(int err)
{
	switch (err) {
	case 0:
	case -EAGAIN:
	case -EPROTOTYPE:
	case -EPERM: /* a socket of datagrams that is connected to another one */
		return PC_BOUND_YES;
	case -ECONNREFUSED:
		return PC_BOUND_NO;
	default:
		return PC_BOUND_UNSEEN;
	}
}

static bool text_has_name(const char *text, size_t len, const char *name)
{
	char line[PC_SITE_PATH + 3];
	int size = snprintf(line, sizeof(line), " %s\n", name);

	return memmem(text, len, line, (size_t)size);
}

/* Does /proc/net/unix have the path, as it was asked for or in full? */
static bool is_in_table(const char *proc, const struct pc_path_question *q, const char *full)
{
	char path[PATH_MAX], *text = NULL;
	bool found = true; /* for all that is known */
	size_t room = 0;
	ssize_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/self/net/unix", proc);
	in = fopen(path, "re");
	len = in ? getdelim(&text, &room, '\0', in) : -1;
	if (len >= 0)
		found = text_has_name(text, (size_t)len, q->path) ||
			text_has_name(text, (size_t)len, full);
	free(text);
	if (in)
		fclose(in);
	return found;
}

/* Is the file in the table of portclash's own network namespace? Debian's kernels have sock_diag of Unix
 * sockets as a module, which may be missing. */
static bool is_bound_here(const char *proc, const struct pc_path_question *q,
			  const struct pc_site *site)
{
	int has = pc_unix_diag_has(site->inode);

	return has < 0 ? is_in_table(proc, q, site->path) : has;
}

static void take_found(const struct pc_path_walk *w, struct pc_site *out)
{
	out->kind = path_kind_of(w->st.st_mode);
	out->inode = w->st.st_ino;
	out->changed_ns =
		(int64_t)w->st.st_ctim.tv_sec * (int64_t)PC_NS_PER_SECOND + w->st.st_ctim.tv_nsec;
	out->device = (uint32_t)(major(w->st.st_dev) << 20 | minor(w->st.st_dev));
	out->uid = w->st.st_uid;
	out->mode = w->st.st_mode;
}

/* Do the two processes share their user namespace? */
static bool is_in_own_userns(const char *proc, uint32_t pid)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "%s/%u/ns/user", proc, pid);
	if (stat(path, &other))
		return false;
	snprintf(path, sizeof(path), "%s/self/ns/user", proc);
	return !stat(path, &own) && own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

/* A server can decide when a file system answers (FUSE, NFS, 9p). The kernel alone answers for these file systems
 * without a wait. An overlay waits for the file systems below it, which statfs() does not show: only root makes one
 * in the mount namespaces of portclash's own user namespace, and a user can make one anywhere else. */
static bool may_block(const char *proc, uint32_t pid, int file)
{
	static const uint32_t answer[] = { TMPFS_MAGIC,	    RAMFS_MAGIC,       EXT4_SUPER_MAGIC,
					   XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC };
	struct statfs fs;

	if (fstatfs(file, &fs))
		return true;
	for (size_t i = 0; i < sizeof(answer) / sizeof(answer[0]); i++)
		if ((uint32_t)fs.f_type == answer[i])
			return false;
	return (uint32_t)fs.f_type != OVERLAYFS_SUPER_MAGIC || !is_in_own_userns(proc, pid);
}

void pc_site_ask(const char *proc, const struct pc_path_question *q, int file,
		 pc_site_connect_fn ask, struct pc_site *site)
{
	if (site->kind != PC_PATH_SOCKET)
		return;
	if (file >= 0)
		site->bound = bound_of_error(ask(file));
	if (!site->bound && !is_bound_here(proc, q, site))
		site->bound = PC_BOUND_NOT_HERE;
}

/* The user's shell is as a rule in the mount namespace of the first process, where an agent that systemd
 * confines is not. */
static int open_shell_root(const char *proc)
{
	int fd = open_root(proc, 1);

	return fd < 0 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : fd;
}

/* Walks the path as the command would that is advised. */
static void judge_removal(const char *proc, struct pc_site *out)
{
	struct pc_path_walk w;
	int root = open_shell_root(proc), err;

	if (root < 0)
		return;
	err = pc_path_walk(root, out->path, &w);
	close(root);
	if (err == -EACCES || err == -EPERM)
		return;
	if (err || w.st.st_ino != out->inode || major(w.st.st_dev) != out->device >> 20 ||
	    minor(w.st.st_dev) != (out->device & 0xfffff))
		out->removal = PC_REMOVE_INSIDE;
	else
		out->removal = w.others_can ? PC_REMOVE_NOBODY :
			       w.user_can   ? PC_REMOVE_AS_USER :
					      PC_REMOVE_AS_ROOT;
	if (err)
		return;
	out->remover = w.user;
	close(w.fd);
}

static int look_below(const struct way_in *in, const char *path, int *file, struct pc_site *out)
{
	struct pc_path_walk w;
	int err = pc_path_walk(in->root, path, &w);

	if (err)
		return err;
	take_found(&w, out);
	out->led = w.led;
	if (out->kind == PC_PATH_SOCKET && !may_block(in->proc, in->pid, w.fd))
		*file = w.fd;
	else
		close(w.fd);
	return 0;
}

int pc_site_find(const char *proc, const struct pc_path_question *q, struct pc_site *out)
{
	struct way_in in = { .proc = proc, .q = q, .root = -1 };
	const char *path;
	int file = -1, err;

	*out = (struct pc_site){ .error = ESRCH };
	path = full_path(q, out->path, sizeof(out->path));
	if (path)
		find_way_in(&in);
	if (in.root < 0)
		return -1;
	err = look_below(&in, path, &file, out);
	close(in.root);
	out->error = -err;
	if (err == -ENOENT)
		out->kind = PC_PATH_GONE;
	else if (!err)
		judge_removal(proc, out);
	return file;
}
