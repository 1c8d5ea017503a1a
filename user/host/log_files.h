/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a log: the one that is written, and those that were moved away from it, by the agent (FILE.1 …) or by
 * logrotate (FILE.1, FILE.2.gz, FILE-20261130.gz). */
#ifndef PORTCLASH_LOG_FILES_H
#define PORTCLASH_LOG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* More files of one log are not read; the newest are. */
#define PC_LOG_FILES_MAX 256

struct pc_log_file {
	char *path;
	size_t base_len; /* of the path without what rotation added: the name of the log */
	unsigned number; /* FILE.NUMBER; 0: none */
	bool dated;	 /* FILE-DATE */
	int fd;		 /* open already; -1: not yet */
	dev_t device;	 /* of an open one, as the next */
	ino_t inode;
};

struct pc_log_files {
	struct pc_log_file *list;
	size_t count;
	size_t room;
	size_t left; /* files beyond PC_LOG_FILES_MAX */
};

/* The log at `path` and its older files, oldest first, all of them open: a rotation meanwhile neither hides a
 * file nor shows it twice. 0, -ENOENT (there is none of them), or the negative errno of the one that cannot be
 * opened, whose path is then in list[0]. */
int pc_log_files_find(struct pc_log_files *files, const char *path);

/* Adds a file by its name, to be opened when it is read. 0 or -ENOMEM. */
int pc_log_files_add(struct pc_log_files *files, const char *path);

/* Sorts by log, and the files of each log oldest first. */
void pc_log_files_sort(struct pc_log_files *files);

/* Do the files belong to more logs than one? */
bool pc_log_files_several(const struct pc_log_files *files);

void pc_log_files_free(struct pc_log_files *files);

#endif
