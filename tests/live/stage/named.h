/* SPDX-License-Identifier: GPL-2.0-only */
/* Unix sockets of puppets, and the folders that their paths lead through. */
#ifndef LIVE_STAGE_NAMED_H
#define LIVE_STAGE_NAMED_H

#include <jansson.h>

#include "stage/puppet.h"

#define NAME_LEN 108

/* A name as it is given to bind(): a path, or an abstract name, whose first byte is a NUL. */
struct named {
	char bytes[NAME_LEN + 1];
	unsigned len;
};

/* A Unix socket that has its name. */
struct named_socket {
	struct puppet *by;
	struct named name;
	int fd;
	uint64_t inode;
};

/* Gives the name for a path, which may have 108 bytes; relative paths, too. */
struct named named_path(const char *path);

/* Binds a socket of this type (SOCK_STREAM …), and has it listen. */
struct named_socket named_bound(struct puppet *by, int type, const struct named *name);
struct named_socket named_listener(struct puppet *by, int type, const struct named *name);
void named_close(struct named_socket *s);

/* Has the puppet bind a new socket, which must be refused with EADDRINUSE; or which must succeed, within
 * a moment. The socket is closed again. */
void named_refused(struct puppet *by, int type, const struct named *name);
void named_free(struct puppet *by, int type, const struct named *name);

/* On a slow machine, stages this puppet's last refusal once more, a while later. False: it was not the last one, or the
 * machine is not slow. */
bool named_refused_again(struct puppet *by);

/* Has the puppet be refused as its last act. */
void named_refused_last(struct puppet *by, const struct named *name);

/* The puppet's surroundings: working directory, root directory, a mount namespace of its own in which an
 * empty file system hides what is in a folder. */
void named_go_to(struct puppet *by, const char *folder);
void named_change_root(struct puppet *by, const char *folder);
void named_hide(struct puppet *by, const char *folder);

/* Makes a folder below the scenario's, owned by this user; `path` (512 bytes) receives its path. */
const char *named_folder(struct test *t, const char *name, uid_t uid, char *path);

#endif
