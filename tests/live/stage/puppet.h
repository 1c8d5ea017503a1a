/* SPDX-License-Identifier: GPL-2.0-only */
/* Puppets: processes with a name, a command line and open sockets of their own, that do what a
 * scenario tells them. A puppet executes this same binary anew; the scenario passes the address of
 * one of its functions and the arguments. */
#ifndef LIVE_STAGE_PUPPET_H
#define LIVE_STAGE_PUPPET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/test.h"

#define COMM_LEN 16

/* The most that one call can carry in each direction. */
#define CALL_MAX 32768

/* A process's own account of itself: raw bytes, as the kernel has them. */
struct person {
	pid_t pid;
	pid_t tid;
	uid_t uid;
	uint64_t netns;
	char comm[COMM_LEN];
	char exe[512];
	char cmdline[4096]; /* arguments joined by one space */
	char cgroup[512];   /* "" where it cannot be told (cgroup v1) */
	int64_t born_after; /* wall clock */
	int64_t born_before;
};

struct puppet {
	struct test *t;
	pid_t pid;
	int control; /* -1: the puppet has ended */
	struct person who;
	pid_t tool; /* its child (stage/other_tool.h) */
};

struct puppet_spec {
	const char *name; /* the comm, and an argument */
	const char *exe;  /* NULL: this binary */
	const char *argv0;
	const char *argument; /* one more; NULL: none */
	uid_t uid;
	int flags; /* CLONE_NEWPID: in a pid namespace of its own */
	pid_t pid; /* to be used again: of a process that was reaped; 0: any */
};

/* A function that runs in the puppet; `io` is a copy of the caller's, and is copied back. */
typedef void (*puppet_fn)(void *io);

struct puppet *puppet_start(struct test *t, const char *name);
struct puppet *puppet_start_as(struct test *t, const struct puppet_spec *spec);

/* Calls `fn` in the puppet and waits for it to return. */
void puppet_call(struct puppet *p, puppet_fn fn, void *io, size_t size);

/* Calls in two steps, for calls that take long or that several puppets make at once. */
void puppet_begin(struct puppet *p, puppet_fn fn, const void *io, size_t size);
void puppet_end(struct puppet *p, void *io, size_t size, double seconds);

/* Calls `fn`, which does not return but ends the process, and waits for the end. */
void puppet_call_last(struct puppet *p, puppet_fn fn, const void *io, size_t size);

/* Has the puppet exit in an orderly way; all its descriptors are closed when this returns. */
void puppet_exit(struct puppet *p);

/* Kills it, and waits for its end. */
void puppet_kill(struct puppet *p);

/* Gives `to` a copy of a descriptor of `from`; returns its number there. */
int puppet_pass(struct puppet *from, int fd, struct puppet *to);

/* Has the puppet become another user. */
void puppet_become(struct puppet *p, uid_t uid);

/* Moves the puppet into a new network namespace. */
void puppet_go_elsewhere(struct puppet *p);

/* Asks the puppet for its account of itself again, for example after exec(). */
void puppet_identify(struct puppet *p);

/* Fills `who` for the calling thread. */
void person_self(struct person *who);

/* Runs in a puppet from its start on; never returns. */
_Noreturn void puppet_main(int argc, char **argv);

/* Makes a process end with its parent; for functions that run in a puppet and fork. */
void puppet_die_with_parent(void);

#endif
