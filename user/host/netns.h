/* SPDX-License-Identifier: GPL-2.0-only */
/* The network namespaces of the machine: finding them, entering them. */
#ifndef PORTCLASH_NETNS_H
#define PORTCLASH_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pc_netns {
	uint32_t inode;
	uint32_t pid; /* the first process found in it; 0: none */
	char *path;   /* where it is mounted; NULL: nowhere seen; owned */
	bool own;     /* the caller's; always the first of a list */
};

struct pc_netns_list {
	struct pc_netns *list;
	size_t count;
	size_t room;
	unsigned hidden; /* processes whose namespace may not be looked at */
};

/* Fills `out` with the namespaces of processes' first threads (/proc/PID/ns/net) and those that
 * are mounted in the caller's mount namespace (/run/netns, /run/docker/netns and the like, from
 * /proc/self/mountinfo). `proc` is "/proc". One that neither a process nor a mount keeps, but an
 * open descriptor, is not found. 0 or a negative errno. */
int pc_netns_find(const char *proc, struct pc_netns_list *out);

/* Is this the one that `--netns` names: "self", a name in /run/netns, a path, an inode number; all
 * are for NULL and "all". */
bool pc_netns_matches(const struct pc_netns *ns, const char *which);

/* The calling thread enters it. 0, -ESRCH: it is gone; -EPERM: not allowed, or another errno.
 * Only for a process of one thread, or a thread that nobody else counts on. */
int pc_netns_enter(const char *proc, const struct pc_netns *ns);

/* Calls fn(context) in it, in a thread of its own, and waits for the end of that: the caller stays
 * where it is. 0 or a negative errno, as pc_netns_enter(); fn() was not called then. */
int pc_netns_call(const char *proc, const struct pc_netns *ns, void (*fn)(void *context),
		  void *context);

/* A descriptor of the namespace the caller is in, for pc_netns_return(); or a negative errno. */
int pc_netns_home(const char *proc);
int pc_netns_return(int home);

void pc_netns_free(struct pc_netns_list *list);

#endif
