/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket unit of systemd that a socket belongs to. systemd makes a unit's sockets in the unit's cgroup, and the
 * kernel tells the cgroup of a socket (sock_diag, since Linux 5.8). */
#ifndef PORTCLASH_SOCKET_UNIT_H
#define PORTCLASH_SOCKET_UNIT_H

#include "core/base/model.h"

/* Asks sock_diag for the cgroup of a socket of the calling thread's network namespace. 0; -ENOENT: no such
 * socket, or its cgroup is not told; or another negative errno. */
int pc_socket_unit_cgroup(const struct pc_socket *s, uint64_t *cgroup_id);

/* Finds the .socket unit with that cgroup among those of a manager, whose own cgroup path is `manager`
 * ("/init.scope"); `cgroups` is where the control groups are mounted. `out` has PC_UNIT_NAME bytes. 0, or
 * -ENOENT: there is none, and `out` is untouched. */
int pc_socket_unit_find(const char *cgroups, const char *manager, uint64_t cgroup_id, char *out);

#endif
