/* SPDX-License-Identifier: GPL-2.0-only */
/* The host as the join sees it: a table of operations, so that the same join runs on /proc, on a
 * recording and on a test's fake. */
#ifndef PORTCLASH_JOIN_HOST_H
#define PORTCLASH_JOIN_HOST_H

#include "core/base/model.h"
#include "core/base/socket_list.h"

/* A network namespace, and some process in it by which the host can enter it (0: none known). */
struct pc_netns_ref {
	uint32_t inode;
	uint32_t pid;
};

/* The sockets of a network namespace at one moment. */
struct pc_netns_look {
	uint64_t time_ns; /* boot clock, when the look began */
	uint64_t took_ns; /* processor time: a busy machine makes no look dearer */
	struct pc_netns_settings settings;
	struct pc_socket_list sockets;
};

/* A path that a process asked for. `root` and `cwd` were that process's, from the root of its mount
 * namespace. */
struct pc_path_question {
	struct pc_process_key process;
	uint32_t uid; /* its user */
	uint32_t mntns;
	const char *root;
	const char *cwd;
	const char *path;
	int type; /* of the refused socket: SOCK_STREAM and the like */
};

struct pc_join_host {
	void *context;
	/* The identity of the process that has this pid now; pc_identity_free() frees it. 0 or a
	 * negative errno. */
	int (*identity)(void *context, uint32_t pid, struct pc_identity *out);
	/* The working directory of the process of this key now, malloc'd; NULL: not known. */
	char *(*folder)(void *context, const struct pc_process_key *key);
	/* Does the process of this key still run? */
	bool (*is_running)(void *context, const struct pc_process_key *key);
	/* Does the pid still belong to the process of this key, be it a zombie? Then the host's
	 * word about the pid until now was about that process. */
	bool (*is_same)(void *context, const struct pc_process_key *key);
	/* Did process `pid` leave the session of the claimer that started it, as daemon(3) does? */
	bool (*is_daemon)(void *context, uint32_t pid, uint32_t claimer);
	/* The parent of process `pid` now; 0: not known. */
	uint32_t (*parent)(void *context, uint32_t pid);
	/* Are the two parent and child, or children of one parent that runs the same file? */
	bool (*is_kin)(void *context, const struct pc_identity *a, const struct pc_identity *b);
	/* Finds the place of this process in its unit and on the machine. Returns how long that took, in
	 * nanoseconds. */
	uint64_t (*place)(void *context, const struct pc_identity *who, struct pc_place *out);
	/* Finds the systemd socket unit whose socket this is, and which the process `manager` holds; `out` has
	 * PC_UNIT_NAME bytes and is untouched where there is none. */
	void (*socket_unit)(void *context, const struct pc_netns_ref *netns,
			    const struct pc_identity *manager, const struct pc_socket *s,
			    char *out);
	/* Fills `who->given` with the names of its container and pod, as far as they can be found. NULL:
	 * names are not looked up. */
	void (*given)(void *context, struct pc_identity *who);
	/* Finds a process in this network namespace; 0: none was found. `took_ns` is set in any case. */
	uint32_t (*netns_pid)(void *context, uint32_t netns, uint64_t *took_ns);
	/* The settings of a network namespace. 0, or a negative errno: `out` is untouched. */
	int (*settings)(void *context, const struct pc_netns_ref *netns,
			struct pc_netns_settings *out);
	/* Looks for the request's address in a network namespace. 0 or a negative errno; `took_ns` is
	 * set in any case. */
	int (*address)(void *context, const struct pc_netns_ref *netns, const struct pc_request *r,
		       struct pc_address_look *out, uint64_t *took_ns);
	/* Settings and all sockets of a network namespace into `out`, whose list is emptied first.
	 * 0 or a negative errno; `time_ns` and `took_ns` are set in any case. */
	int (*look)(void *context, const struct pc_netns_ref *netns, struct pc_netns_look *out);
	/* Fills `out` with the tunnels of a network namespace that have this UDP port. Returns how long
	 * that took, in nanoseconds. */
	uint64_t (*tunnels)(void *context, const struct pc_netns_ref *netns, uint16_t port,
			    struct pc_tunnels *out);
	/* Fills `out` with what is at a path. Returns how long that took, in nanoseconds. */
	uint64_t (*site)(void *context, const struct pc_path_question *q, struct pc_site *out);
};

#endif
