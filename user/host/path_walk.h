/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk along a path, component by component: what is at its end, and which users could change the way
 * there. */
#ifndef PORTCLASH_PATH_WALK_H
#define PORTCLASH_PATH_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct pc_path_walk {
	int fd; /* O_PATH, of what is at the end; a symbolic link there is not followed */
	struct stat st;
	bool user_can; /* one user other than root could replace a directory or link on the way … */
	uint32_t user;	 /* … and it is this one */
	bool others_can; /* several users could */
	bool end_can; /* such a user could replace a directory or link on the way, or what is at the end */
	bool led; /* a link on the way is one of a user's, who does not own what is at the end */
};

/* Walks from `root`, an open directory, beyond which neither ".." nor a link leads. 0, and the caller
 * closes `fd`; or a negative errno: -ENOENT if nothing is there. */
int pc_path_walk(int root, const char *path, struct pc_path_walk *out);

#endif
