/* SPDX-License-Identifier: GPL-2.0-only */
/* The writer: a second process, which opens, replaces and removes files for the agent, and connects to
 * sockets for it. The agent itself can do neither once it is confined (host/privileges.h). The writer knows
 * by itself which files are meant. Without a writer each call here is made by the caller's own process. */
#ifndef PORTCLASH_WRITER_H
#define PORTCLASH_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers in a message to the writer. */
enum pc_writer_op {
	PC_WRITER_INVALID,
	PC_WRITER_APPEND,	/* a path; answered with a descriptor */
	PC_WRITER_LOCK,		/* a path; answered with a descriptor */
	PC_WRITER_ROTATE,	/* a path, and how many old files are kept */
	PC_WRITER_REPLACE,	/* a path and data */
	PC_WRITER_REMOVE,	/* a path */
	PC_WRITER_ASIDE,	/* a path */
	PC_WRITER_JOURNAL,	/* answered with a connected socket */
	PC_WRITER_NOTIFY,	/* answered with a connected socket */
	PC_WRITER_JOURNAL_FILE, /* data: an entry */
	PC_WRITER_BOUND,	/* a descriptor */
	PC_WRITER_RESERVED, /* a network namespace and a process in it; answered with a descriptor */
	PC_WRITER_OPS
};

/* More than the largest file that is replaced: the guard's notes. */
#define PC_WRITER_DATA_MAX (16U << 20)

struct pc_writer_request {
	uint32_t op;
	uint32_t path_len; /* bytes of the path, which follow */
	uint32_t data_len; /* bytes of data, which follow the path */
	uint32_t number;   /* ROTATE: old files; RESERVED: the inode number */
	uint32_t pid;	   /* RESERVED: 0 for the writer's own namespace */
	uint32_t unused;
};

struct pc_writer_answer {
	int32_t err;	      /* 0 or a negative errno; BOUND: connect()'s */
	int32_t cannot_write; /* RESERVED: see struct pc_reserved */
	uint32_t inode;	      /* RESERVED */
	uint32_t unused;
	uint64_t cookie; /* RESERVED */
};

/* Seconds that the caller waits for the writer. A disk that is that slow is as good as none. */
#define PC_WRITER_WAIT_S 10

/* From now on this process asks the writer at the other end of the socket; -1: no more. The descriptor
 * stays the caller's, and has a time limit for each send and receive. The writer is the process' own, like its seccomp filter, and not a parameter: all
 * threads ask the same, one at a time. */
void pc_writer_use(int fd);
bool pc_writer_used(void);

/* 0; or why the writer is of no use any more: -ETIMEDOUT, it did not answer in time; or another negative errno, it
 * has gone away. Every call has failed since with -ENOTCONN. */
int pc_writer_lost(void);

/* Limits each send and each receive on this socket to PC_WRITER_WAIT_S. 0 or a negative errno. */
int pc_writer_limit(int fd);

/* Sends a request with `path` (NULL: none), `data` (NULL: none) and `fd` (-1: none), and waits for the
 * answer. 0, or a negative errno of the way there: the answer's own error is in `out`. A descriptor that
 * comes with the answer is the caller's; -1: none came. */
int pc_writer_ask(struct pc_writer_request *request, const char *path, const void *data, int fd,
		  struct pc_writer_answer *out, int *out_fd);

/* Asks the same way for a request that has its result in the answer's `err`, or in the descriptor. */
int pc_writer_do(struct pc_writer_request *request, const char *path, const void *data);
int pc_writer_open(struct pc_writer_request *request, const char *path);

/* A function that does a request: the bytes of `path` end in a zero byte that is not counted, `fd` is -1 or stays the
 * caller's. May set `*out_fd`, which is closed when it is sent. */
typedef void (*pc_writer_serve_fn)(void *context, const struct pc_writer_request *request,
				   const char *path, const char *data, int fd,
				   struct pc_writer_answer *out, int *out_fd);

/* Answers what comes over the socket until the other end is closed, or sends what is no request. */
void pc_writer_serve(int fd, pc_writer_serve_fn serve, void *context);

/* Opens `path`, created with mode 0600, to be locked. Not through a link; only a regular file. A descriptor
 * or a negative errno. */
int pc_open_lock(const char *path);

/* Removes a file. 0 or a negative errno. */
int pc_remove_file(const char *path);

/* Renames `path` to the same with ".damaged" behind it. 0 or a negative errno. */
int pc_set_aside(const char *path);

#define PC_ASIDE_SUFFIX ".damaged"

#endif
