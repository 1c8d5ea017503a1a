// SPDX-License-Identifier: GPL-2.0-only
/* The walk along a path. The kernel's own walk would not say who could have changed the way. */
#include "host/path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The kernel follows no more links in one path (MAXSYMLINKS). */
#define LINKS_MAX 40
/* A path of a Unix socket has 108 bytes, and the links on it may lengthen it. */
#define DEPTH_MAX 128

struct path_step {
	int fd;
	struct stat st;
};

struct walk {
	struct pc_path_walk *out;
	struct path_step way[DEPTH_MAX]; /* from the root to where the walk is */
	unsigned depth;
	unsigned links;
	uint32_t led_by; /* the owner of a link, other than root; 0: none */
	bool led_by_several;
	char rest[2 * PATH_MAX]; /* of the path */
};

static void note_user(struct pc_path_walk *out, uint32_t user)
{
	if (!user)
		return;
	out->others_can |= out->user_can && out->user != user;
	out->user_can = true;
	out->user = user;
}

/* Notes who could put something else in the place of an entry of a directory: its owner, and whoever may
 * write to it; in a sticky one (/tmp) only the owners of directory and entry. Group 0 is root's. */
static void note_entry(struct pc_path_walk *out, const struct stat *folder,
		       const struct stat *entry)
{
	bool shared = folder->st_mode & S_IWOTH || (folder->st_mode & S_IWGRP && folder->st_gid);

	note_user(out, folder->st_uid);
	if (shared && folder->st_mode & S_ISVTX)
		note_user(out, entry->st_uid);
	else if (shared)
		out->others_can = true;
}

static void walk_up(struct walk *w)
{
	if (w->depth > 1)
		close(w->way[--w->depth].fd);
}

static void walk_to_root(struct walk *w)
{
	while (w->depth > 1)
		walk_up(w);
}

/* Takes the next component from the rest of the path. False: there is none. */
static bool next_part(struct walk *w, char part[NAME_MAX + 1])
{
	char *from = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(from, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(part, from, len);
	part[len] = '\0';
	memmove(w->rest, from + len, strlen(from + len) + 1);
	return true;
}

static void note_link(struct walk *w, uint32_t user)
{
	if (!user)
		return;
	w->led_by_several |= w->led_by && w->led_by != user;
	w->led_by = user;
}

static int follow_link(struct walk *w, int fd)
{
	char target[PATH_MAX], rest[sizeof(w->rest)];
	ssize_t len = readlinkat(fd, "", target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (target[0] == '/')
		walk_to_root(w);
	snprintf(rest, sizeof(rest), "%s", w->rest);
	if (snprintf(w->rest, sizeof(w->rest), "%s/%s", target, rest) >= (int)sizeof(w->rest))
		return -ENAMETOOLONG;
	return 0;
}

static int walk_down(struct walk *w, const struct path_step *next)
{
	if (!S_ISDIR(next->st.st_mode))
		return -ENOTDIR;
	if (w->depth == DEPTH_MAX)
		return -ENAMETOOLONG;
	w->way[w->depth++] = *next;
	return 0;
}

static bool is_at_end(const struct walk *w)
{
	return !w->rest[strspn(w->rest, "/")];
}

static void take_end(struct walk *w, const struct path_step *folder, const struct path_step *end)
{
	struct pc_path_walk last = *w->out;

	note_entry(&last, &folder->st, &end->st);
	w->out->end_can = last.user_can || last.others_can;
	w->out->fd = end->fd;
	w->out->st = end->st;
	w->out->led = w->led_by_several || (w->led_by && w->led_by != end->st.st_uid);
}

/* Goes to one component. 1: that was the last. */
static int step_to(struct walk *w, const char *part)
{
	const struct path_step *here = &w->way[w->depth - 1];
	struct path_step next;
	int err;

	next.fd = openat(here->fd, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next.fd < 0)
		return -errno;
	if (fstat(next.fd, &next.st)) {
		close(next.fd);
		return -errno;
	}
	if (is_at_end(w)) {
		take_end(w, here, &next);
		return 1;
	}
	note_entry(w->out, &here->st, &next.st);
	if (!S_ISLNK(next.st.st_mode)) {
		err = walk_down(w, &next);
		if (err)
			close(next.fd);
		return err;
	}
	note_link(w, next.st.st_uid);
	err = follow_link(w, next.fd);
	close(next.fd);
	return err;
}

static int walk_parts(struct walk *w)
{
	char part[NAME_MAX + 1];
	int err = 0;

	while (!err && next_part(w, part)) {
		if (!strcmp(part, ".."))
			walk_up(w);
		else if (strcmp(part, ".") != 0)
			err = step_to(w, part);
	}
	return err > 0 ? 0 : err ? err : -EISDIR;
}

int pc_path_walk(int root, const char *path, struct pc_path_walk *out)
{
	struct walk w = { .out = out, .depth = 1 };
	int err;

	*out = (struct pc_path_walk){ .fd = -1 };
	if (snprintf(w.rest, sizeof(w.rest), "%s", path) >= (int)sizeof(w.rest))
		return -ENAMETOOLONG;
	w.way[0].fd = root;
	if (fstat(root, &w.way[0].st))
		return -errno;
	err = walk_parts(&w);
	walk_to_root(&w);
	return err;
}
