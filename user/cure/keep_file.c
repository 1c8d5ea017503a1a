// SPDX-License-Identifier: GPL-2.0-only
/* The folder, the lock and the file of the record. */
#include "cure/keep_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out/atomic.h"
#include "out/writer.h"

#define DAMAGED_NAME PC_KEEP_FILE PC_ASIDE_SUFFIX

/* More than PC_RECORD_ENTRIES_MAX usual entries need; a file beyond it is not portclash's. */
#define FILE_MAX (16 * 1024 * 1024)

#define LOCK_STEP_MS 10

static const char *path_of(const struct pc_keep *k, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", k->folder, name);
	return path;
}

static int say_path(char *sentence, const char *path, const char *what, int err)
{
	return pc_cure_say(sentence, err, "%s %s: %s", path, what,
			   err == -EACCES || err == -EPERM ? "it needs root: run it with sudo" :
							     strerror(-err));
}

/* A record in a folder that others may write to would be the word of anyone. */
static int check_folder(const char *folder, char *sentence)
{
	struct stat st;

	if (lstat(folder, &st))
		return say_path(sentence, folder, "cannot be looked at", -errno);
	if (S_ISDIR(st.st_mode) && (!st.st_uid || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return pc_cure_say(
		sentence, -ENOTDIR,
		"users other than its owner may write to %s, or it is not a folder: portclash keeps no record there",
		folder);
}

static int make_folder(const char *folder, char *sentence)
{
	struct stat st;

	/* An agent that has given up mkdir() finds the folder there. */
	if (lstat(folder, &st) && mkdir(folder, 0755) && errno != EEXIST)
		return say_path(sentence, folder, "cannot be made", -errno);
	return check_folder(folder, sentence);
}

/* The lock goes with the descriptor, also when this process is killed. */
static int take_lock(struct pc_keep *k, unsigned patience_ms, char *sentence)
{
	char path[PATH_MAX];
	int fd = pc_open_lock(path_of(k, PC_KEEP_LOCK, path));

	if (fd < 0)
		return say_path(sentence, path, "cannot be opened", fd);
	for (unsigned waited = 0; waited <= patience_ms; waited += LOCK_STEP_MS) {
		if (!flock(fd, LOCK_EX | LOCK_NB)) {
			k->lock = fd;
			return 0;
		}
		if (waited < patience_ms)
			poll(NULL, 0, LOCK_STEP_MS);
	}
	close(fd);
	return pc_cure_say(sentence, -EBUSY,
			   "another portclash has held the lock %s for %u ms; `fuser %s` finds it",
			   path, patience_ms, path);
}

static int read_boot(const char *proc, char boot[PC_BOOT_ID], char *sentence)
{
	char path[PATH_MAX];
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "%s/sys/kernel/random/boot_id", proc);
	file = fopen(path, "re");
	if (!file)
		return say_path(sentence, path, "cannot be read", -errno);
	n = fscanf(file, "%36[0-9a-f-]", boot);
	fclose(file);
	return n == 1 ? 0 : say_path(sentence, path, "cannot be read", -EBADMSG);
}

static int read_all(int fd, char **out, size_t *len)
{
	struct stat st;
	size_t size;
	ssize_t n;
	char *text;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return -EBADMSG;
	size = (size_t)st.st_size;
	text = malloc(size + 1);
	if (!text)
		return -ENOMEM;
	n = pread(fd, text, size, 0);
	if (n != (ssize_t)size) {
		free(text);
		return n < 0 ? -errno : -EBADMSG;
	}
	text[size] = '\0';
	*out = text;
	*len = size;
	return 0;
}

/* -ENOENT: there is none. A link, a folder and a device are no record. */
static int read_file(const char *path, const char *boot, struct pc_record *out)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), err;
	char *text = NULL;
	size_t len = 0;

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	err = read_all(fd, &text, &len);
	if (!err)
		err = pc_record_parse(text, len, boot, out);
	free(text);
	close(fd);
	return err;
}

/* The record starts anew: what the lost one had counts as reserved by somebody else. */
static int set_aside(struct pc_keep *k, const char *path, char *sentence)
{
	int err;

	pc_cure_say(k->lost, 0,
		    "%s is damaged and %s: portclash treats its ports as reserved by others", path,
		    k->lock < 0 ? "says nothing" : "was renamed to " DAMAGED_NAME);
	err = k->lock < 0 ? 0 : pc_set_aside(path);
	return err ? say_path(sentence, path, "is damaged, and portclash cannot rename it", err) :
		     0;
}

static int read_record(struct pc_keep *k, char *sentence)
{
	char path[PATH_MAX];
	int err = read_file(path_of(k, PC_KEEP_FILE, path), k->record.boot, &k->record);

	switch (err) {
	case 0:
	case -ENOENT:
		return 0;
	case -ESTALE:
		pc_cure_say(k->lost, 0, "%s is of another boot: portclash ignores it", path);
		return 0;
	case -EBADMSG:
	case -E2BIG:
		return set_aside(k, path, sentence);
	case -EPROTONOSUPPORT:
		return pc_cure_say(sentence, err, "a newer portclash wrote %s: use that version",
				   path);
	default:
		return say_path(sentence, path, "cannot be read", err);
	}
}

static int begin_keep(const char *proc, const char *folder, struct pc_keep *k, char *sentence)
{
	*k = (struct pc_keep){ .lock = -1, .folder = strdup(folder) };
	if (!k->folder)
		return pc_cure_say(sentence, -ENOMEM, "there is not enough memory");
	return read_boot(proc, k->record.boot, sentence);
}

int pc_keep_open(const char *proc, const char *folder, unsigned patience_ms, struct pc_keep *out,
		 char *sentence)
{
	struct pc_keep k;
	int err = begin_keep(proc, folder, &k, sentence);

	if (!err)
		err = make_folder(folder, sentence);
	if (!err)
		err = take_lock(&k, patience_ms, sentence);
	if (!err)
		err = read_record(&k, sentence);
	if (err)
		pc_keep_close(&k);
	else
		*out = k;
	return err;
}

int pc_keep_look(const char *proc, const char *folder, struct pc_keep *out, char *sentence)
{
	struct stat st;
	struct pc_keep k;
	int err = begin_keep(proc, folder, &k, sentence);

	if (!err && (!lstat(folder, &st) || errno != ENOENT)) {
		err = check_folder(folder, sentence);
		if (!err)
			err = read_record(&k, sentence);
	}
	if (err)
		pc_keep_close(&k);
	else
		*out = k;
	return err;
}

void pc_keep_close(struct pc_keep *k)
{
	pc_record_free(&k->record);
	free(k->folder);
	k->folder = NULL;
	if (k->lock >= 0)
		close(k->lock);
	k->lock = -1;
}

int pc_keep_file_write(const struct pc_keep *k, char *sentence)
{
	char path[PATH_MAX], *text = pc_record_format(&k->record);
	int err;

	path_of(k, PC_KEEP_FILE, path);
	if (!text)
		return say_path(sentence, path, "cannot be written", -ENOMEM);
	err = pc_write_atomic(path, text, strlen(text));
	free(text);
	return err ? say_path(sentence, path, "cannot be written", err) : 0;
}
