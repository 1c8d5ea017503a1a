// SPDX-License-Identifier: GPL-2.0-only
/* The names that rotation gives, and their order. */
#include "host/log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/array.h"

/* logrotate's dateext: eight digits, and with dateformat more of them. Less is part of a name. */
#define DATE_DIGITS 8

static size_t tail_of(const char *path, size_t len, const char *characters)
{
	size_t tail = 0;

	while (tail < len && strchr(characters, path[len - tail - 1]))
		tail++;
	return tail;
}

static void split_log_name(struct pc_log_file *f)
{
	size_t len = strlen(f->path), tail;

	if (len > 3 && !strcmp(f->path + len - 3, ".gz"))
		len -= 3;
	f->base_len = len;
	tail = tail_of(f->path, len, "0123456789");
	if (tail && tail < 7 && tail < len && f->path[len - tail - 1] == '.') {
		f->number = (unsigned)strtoul(f->path + len - tail, NULL, 10);
		f->base_len = len - tail - 1;
		return;
	}
	tail = tail_of(f->path, len, "0123456789-");
	if (tail > DATE_DIGITS && tail < len && f->path[len - tail] == '-') {
		f->dated = true;
		f->base_len = len - tail;
	}
}

static int compare_bases(const struct pc_log_file *a, const struct pc_log_file *b)
{
	size_t shorter = a->base_len < b->base_len ? a->base_len : b->base_len;
	int order = memcmp(a->path, b->path, shorter);

	return order ? order : (a->base_len > b->base_len) - (a->base_len < b->base_len);
}

static int log_files_compare(const void *left, const void *right)
{
	const struct pc_log_file *a = left, *b = right;
	int order = compare_bases(a, b);

	if (!order)
		order = b->dated - a->dated;
	if (!order)
		order = (a->number < b->number) - (a->number > b->number);
	return order ? order : strcmp(a->path, b->path);
}

void pc_log_files_sort(struct pc_log_files *files)
{
	if (files->count)
		qsort(files->list, files->count, sizeof(*files->list), log_files_compare);
}

bool pc_log_files_several(const struct pc_log_files *files)
{
	for (size_t i = 1; i < files->count; i++)
		if (compare_bases(&files->list[0], &files->list[i]))
			return true;
	return false;
}

int pc_log_files_add(struct pc_log_files *files, const char *path)
{
	struct pc_log_file f = { .path = strdup(path), .fd = -1 };

	if (!f.path ||
	    pc_array_reserve(&files->list, &files->room, files->count + 1, sizeof(*files->list))) {
		free(f.path);
		return -ENOMEM;
	}
	split_log_name(&f);
	files->list[files->count++] = f;
	return 0;
}

static void log_file_free(struct pc_log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
}

void pc_log_files_free(struct pc_log_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		log_file_free(&files->list[i]);
	free(files->list);
	*files = (struct pc_log_files){ 0 };
}

static bool is_of_log(const char *name, const char *log)
{
	struct pc_log_file f = { .path = (char *)name };

	split_log_name(&f);
	return f.base_len == strlen(log) && !memcmp(name, log, f.base_len);
}

static int list_names(struct pc_log_files *files, const char *folder, const char *log)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (!is_of_log(entry->d_name, log))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= PATH_MAX)
			err = -ENAMETOOLONG;
		else
			err = pc_log_files_add(files, path);
	}
	closedir(dir);
	return err;
}

/* gzip removes FILE when FILE.gz is whole: while both are there, FILE is the one to read. */
static bool is_packed_again(const struct pc_log_files *files, const struct pc_log_file *f)
{
	size_t len = strlen(f->path);

	if (len < 3 || strcmp(f->path + len - 3, ".gz"))
		return false;
	for (size_t i = 0; i < files->count; i++)
		if (strlen(files->list[i].path) == len - 3 &&
		    !memcmp(files->list[i].path, f->path, len - 3))
			return true;
	return false;
}

/* Never waits for a FIFO that bears the name. 0, 1: leave it out, or a negative errno. */
static int open_log_file(const struct pc_log_files *files, struct pc_log_file *f)
{
	struct stat st;

	if (is_packed_again(files, f))
		return 1;
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (f->fd < 0)
		return errno == ENOENT ? 1 : -errno;
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode))
		return 1;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	for (const struct pc_log_file *newer = f + 1; newer < files->list + files->count; newer++)
		if (newer->fd >= 0 && newer->device == f->device && newer->inode == f->inode)
			return 1;
	return 0;
}

/* The newest first: a file that is moved meanwhile is met again, and not missed. */
static int open_all(struct pc_log_files *files)
{
	int err = 0;

	for (size_t i = files->count; i-- && err >= 0;) {
		err = open_log_file(files, &files->list[i]);
		if (err < 0) {
			struct pc_log_file failed = files->list[i];

			files->list[i] = files->list[0];
			files->list[0] = failed;
		} else if (err && files->list[i].fd >= 0) {
			close(files->list[i].fd);
			files->list[i].fd = -1;
		}
	}
	return err < 0 ? err : 0;
}

/* Leaves the files that are open, and of these the newest. */
static void keep_open(struct pc_log_files *files)
{
	size_t kept = 0;

	for (size_t i = 0; i < files->count; i++) {
		if (files->list[i].fd < 0)
			log_file_free(&files->list[i]);
		else
			files->list[kept++] = files->list[i];
	}
	files->count = kept;
}

static void keep_newest(struct pc_log_files *files)
{
	if (files->count <= PC_LOG_FILES_MAX)
		return;
	files->left = files->count - PC_LOG_FILES_MAX;
	for (size_t i = 0; i < files->left; i++)
		log_file_free(&files->list[i]);
	files->count = PC_LOG_FILES_MAX;
	memmove(files->list, files->list + files->left, files->count * sizeof(*files->list));
}

int pc_log_files_find(struct pc_log_files *files, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int err;

	*files = (struct pc_log_files){ 0 };
	if (snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1,
		     slash ? path : ".") >= PATH_MAX)
		return -ENAMETOOLONG;
	err = list_names(files, *folder ? folder : "/", slash ? slash + 1 : path);
	if (err)
		return err;
	pc_log_files_sort(files);
	keep_newest(files);
	err = open_all(files);
	if (err)
		return err;
	keep_open(files);
	return files->count ? 0 : -ENOENT;
}
