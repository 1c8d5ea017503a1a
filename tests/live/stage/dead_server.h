/* SPDX-License-Identifier: GPL-2.0-only */
/* The server of a file system that never answers (stage/dead_files.h). It has one folder with two files: a name that
 * begins with "socket" is a socket, any other an executable. */
#ifndef LIVE_STAGE_DEAD_SERVER_H
#define LIVE_STAGE_DEAD_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define DEAD_FILE_SIZE (1 << 20)

struct dead_server {
	atomic_bool silent;
	atomic_uint waiting; /* calls without an answer */
	int fd;
	uid_t uid;
	pid_t puppet; /* is answered always, but not by what is in a file */
};

/* Forks it from a puppet, which has mounted this descriptor of /dev/fuse and gives it away. NULL: errno says why. */
struct dead_server *dead_server_fork(int fd, uid_t uid);

#endif
