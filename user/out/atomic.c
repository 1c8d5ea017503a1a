// SPDX-License-Identifier: GPL-2.0-only
/* A temporary beside the file, renamed over it. Whoever writes a temporary holds its flock(), so
 * one without a lock is a dead writer's: that holds across pid namespaces, where pids do not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out/atomic.h"
#include "out/writer.h"

static const char *name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The folder is the first `len` bytes of the path, with the slash; none: the current one. */
static int open_folder(const char *path, size_t len)
{
	char folder[PATH_MAX] = ".";
	int fd;

	if (len >= sizeof(folder))
		return -ENAMETOOLONG;
	if (len > 0) {
		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* rename() would also replace a device: as root, /dev/null. */
static int check_target(int folder, const char *name)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? 0 : -EINVAL;
}

static bool is_temporary_of(const char *entry, const char *name)
{
	size_t len = strlen(name);
	size_t digits;

	if (entry[0] != '.' || strncmp(entry + 1, name, len) || entry[len + 1] != '.')
		return false;
	entry += len + 2;
	digits = strspn(entry, "0123456789");
	return digits && !strcmp(entry + digits, ".tmp");
}

static bool atomic_is_same_file(int folder, const char *temp, int fd)
{
	struct stat named, opened;

	return !fstatat(folder, temp, &named, AT_SYMLINK_NOFOLLOW) && !fstat(fd, &opened) &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

/* Under the lock the name cannot change hands: a writer creates it only when it is absent, and
 * other removers need the lock. Before the lock it can, so it is looked at again. */
static void remove_stale(int folder, const char *temp)
{
	struct stat st;
	int fd;

	if (fstatat(folder, temp, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return;
	fd = openat(folder, temp, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!flock(fd, LOCK_EX | LOCK_NB) && atomic_is_same_file(folder, temp, fd))
		unlinkat(folder, temp, 0);
	close(fd);
}

/* Removes what earlier writers left. A file that cannot be removed now may be at the next call. */
static void sweep_leftovers(int folder, const char *name)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (is_temporary_of(entry->d_name, name))
			remove_stale(folder, entry->d_name);
	closedir(dir);
}

/* Mode 0600 until it is whole, so that no other user can take the lock. A file system without
 * flock() is written to all the same; nothing is swept there. */
static int create_temporary(int folder, const char *temp)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(folder, temp, flags, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if ((!flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) && !fstat(fd, &st) &&
	    st.st_nlink > 0)
		return fd;
	close(fd); /* swept by another process before it was locked */
	return -EAGAIN;
}

/* `was`: see pc_rewrite_atomic(); without it, `mode`. A new owner takes away bits of the mode, so the mode comes
 * last. */
static int atomic_permit(int fd, const struct stat *was, mode_t mode)
{
	if (was && fchown(fd, was->st_uid, was->st_gid))
		return -errno;
	return fchmod(fd, was ? was->st_mode & 0777 : mode) ? -errno : 0;
}

static int atomic_fill(int fd, const struct stat *was, mode_t mode, const char *data, size_t len)
{
	int err;

	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= n;
	}
	err = atomic_permit(fd, was, mode);
	if (!err && fsync(fd))
		err = -errno;
	return err;
}

static bool atomic_is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int check_unchanged(int folder, const char *name, const struct stat *was)
{
	struct stat st;

	if (!was)
		return 0;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? -ESTALE : -errno;
	return st.st_dev == was->st_dev && st.st_ino == was->st_ino && st.st_size == was->st_size &&
			       atomic_is_same_time(&st.st_mtim, &was->st_mtim) &&
			       atomic_is_same_time(&st.st_ctim, &was->st_ctim) ?
		       0 :
		       -ESTALE;
}

static int replace(int folder, const char *name, const struct stat *was, mode_t mode,
		   const char *data, size_t len)
{
	char temp[NAME_MAX + 1];
	int fd, err;

	if ((size_t)snprintf(temp, sizeof(temp), ".%s.%d.tmp", name, getpid()) >= sizeof(temp))
		return -ENAMETOOLONG;
	fd = create_temporary(folder, temp);
	if (fd < 0)
		return fd;
	err = atomic_fill(fd, was, mode, data, len);
	if (!err)
		err = check_unchanged(folder, name, was);
	if (!err && renameat(folder, temp, folder, name))
		err = -errno;
	if (err)
		unlinkat(folder, temp, 0);
	close(fd);
	if (!err && fsync(folder) && errno != EINVAL) /* EINVAL: a file system without it */
		err = -errno;
	return err;
}

static int atomic_write(const char *path, const struct stat *was, mode_t mode, const char *data,
			size_t len)
{
	const char *name = name_in(path);
	int folder, err;

	if (!*path)
		return -ENOENT;
	folder = open_folder(path, name - path);
	if (folder < 0)
		return folder;
	err = *name ? check_target(folder, name) : -EISDIR;
	if (!err) {
		sweep_leftovers(folder, name);
		err = replace(folder, name, was, mode, data, len);
	}
	close(folder);
	return err;
}

int pc_write_atomic(const char *path, const char *data, size_t len)
{
	struct pc_writer_request request = { .op = PC_WRITER_REPLACE };

	if (!pc_writer_used())
		return atomic_write(path, NULL, 0644, data, len);
	if (len > PC_WRITER_DATA_MAX)
		return -EFBIG;
	request.data_len = (uint32_t)len;
	return pc_writer_do(&request, path, data);
}

int pc_write_atomic_private(const char *path, const char *data, size_t len)
{
	return atomic_write(path, NULL, 0600, data, len);
}

int pc_rewrite_atomic(const char *path, const struct stat *was, const char *data, size_t len)
{
	return atomic_write(path, was, 0, data, len);
}
