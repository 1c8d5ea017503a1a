/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions find and enter the network namespaces of the machine. */
#ifndef PORTCLASH_NETNS_H
#define PORTCLASH_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pc_netns {
	uint32_t inode;
	uint32_t pid; /* the first process found in it; 0: none */
	char *path;   /* where it is mounted; NULL: nowhere seen; owned */
	bool own;     /* the caller runs in it; always the first of a list */
};

struct pc_netns_list {
	struct pc_netns *list;
	size_t count;
	size_t room;
	unsigned hidden; /* processes whose namespace may not be looked at */
};

/* Fills `out` with the namespaces of processes' first threads (/proc/PID/ns/net) and with those
 * that are mounted in the caller's mount namespace (/run/netns, /run/docker/netns and the like,
 * from /proc/self/mountinfo). `proc` is "/proc". A namespace that only an open descriptor keeps is
 * not found. 0 or a negative errno. */
int pc_netns_find(const char *proc, struct pc_netns_list *out);

/* Does `--netns WHICH` mean this namespace? WHICH is "self", a name in /run/netns, a path or an
 * inode number. NULL and "all" mean every namespace. */
bool pc_netns_matches(const struct pc_netns *ns, const char *which);

/* Moves the calling thread into the namespace. 0; -ESRCH: the namespace is gone; -EPERM: not
 * allowed; or another errno. Only for a process of one thread, or for a thread of the caller's
 * own. */
int pc_netns_enter(const char *proc, const struct pc_netns *ns);

/* Calls fn(context) in the namespace, in a thread of its own, and waits for the end of that thread.
 * The caller stays where it is. 0, or a negative errno of pc_netns_enter(), and fn() was not
 * called. */
int pc_netns_call(const char *proc, const struct pc_netns *ns, void (*fn)(void *context),
		  void *context);

/* The cookie of the caller's namespace, a number that the kernel never uses again. 0: it is not known (kernels
 * before 5.14). */
uint64_t pc_netns_cookie(void);

/* The cookie of this namespace, which is entered for that unless it is the caller's. 0: it is not known, or the
 * namespace may not be entered. */
uint64_t pc_netns_cookie_of(const char *proc, const struct pc_netns *ns);

/* Opens a descriptor of the namespace the caller is in, for pc_netns_return(); or a negative
 * errno. */
int pc_netns_home(const char *proc);
int pc_netns_return(int home);

void pc_netns_free(struct pc_netns_list *list);

#endif
