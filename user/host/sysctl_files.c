// SPDX-License-Identifier: GPL-2.0-only
/* Port settings as the sysctl files have them. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/sysctl.h"

/* Folders with more weight come first (sysctl.d(5), sysctl(8)). */
static const char *const folders[] = {
	"/etc/sysctl.d",     "/run/sysctl.d", "/usr/local/lib/sysctl.d",
	"/usr/lib/sysctl.d", "/lib/sysctl.d",
};

/* Far more than any machine has; what is beyond is not read. */
#define FILES_MAX 1024

struct file {
	char name[NAME_MAX + 1];
	char path[PATH_MAX];
};

static int sysctl_files_compare(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static bool sysctl_files_is_hidden(const struct file *files, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(files[i].name, name))
			return true;
	return false;
}

static size_t list_folder(const char *root, const char *folder, struct file *files, size_t count)
{
	char path[PATH_MAX / 2];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", root, folder);
	dir = opendir(path);
	while (dir && count < FILES_MAX && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".conf") ||
		    sysctl_files_is_hidden(files, count, entry->d_name))
			continue;
		snprintf(files[count].name, sizeof(files[count].name), "%s", entry->d_name);
		snprintf(files[count].path, sizeof(files[count].path), "%s/%s", path,
			 entry->d_name);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* A FIFO or a device in the folder is left out: somebody put it there to annoy. */
static FILE *open_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) || !S_ISREG(st.st_mode) ? NULL : fopen(path, "re");
}

static int sysctl_files_read_file(const char *path, struct pc_sysctl_lines *out)
{
	FILE *file = open_regular(path);
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	for (unsigned number = 1; file && !err && getline(&line, &size, file) > 0; number++)
		err = pc_sysctl_add(out, path, number, line);
	free(line);
	if (file)
		fclose(file);
	return err;
}

/* Debian's /etc/sysctl.d/99-sysctl.conf is a link to it: it is read once, and last. */
static bool sysctl_files_is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int pc_sysctl_files(const char *root, struct pc_sysctl_lines *out)
{
	struct file *files = calloc(FILES_MAX, sizeof(*files));
	struct pc_sysctl_lines lines = { 0 };
	char last[PATH_MAX];
	size_t count = 0;
	int err = 0;

	if (!files)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		count = list_folder(root, folders[i], files, count);
	qsort(files, count, sizeof(files[0]), sysctl_files_compare);
	snprintf(last, sizeof(last), "%s/etc/sysctl.conf", root);
	for (size_t i = 0; !err && i < count; i++)
		if (!sysctl_files_is_same_file(files[i].path, last))
			err = sysctl_files_read_file(files[i].path, &lines);
	if (!err)
		err = sysctl_files_read_file(last, &lines);
	free(files);
	if (err)
		pc_sysctl_lines_free(&lines);
	else
		*out = lines;
	return err;
}
