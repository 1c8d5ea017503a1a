/* SPDX-License-Identifier: GPL-2.0-only */
/* The names in a cgroup path: systemd unit, container, Kubernetes pod. They come from the path alone; no
 * runtime is asked, so that a container that is gone still has its name. */
#ifndef PORTCLASH_CGROUP_H
#define PORTCLASH_CGROUP_H

#include "core/base/model.h"

/* Each string is malloc'd, or NULL: the path does not say. All are hostile text. */
struct pc_cgroup_names {
	char *unit;	  /* of the system manager */
	char *inner_unit; /* of a manager below: a user's, or a container's own systemd */
	char *container;
	char *pod;
	enum pc_word container_word; /* whose word `container` is; PC_WORD_NONE without one */
	enum pc_runtime runtime; /* that made `container`, as far as the form of its name tells */
	bool below_user;	 /* the path goes through user@UID.service */
	uint32_t user;		 /* that UID */
};

/* Fills `out` from `path` ("/system.slice/nginx.service"). 0, also when nothing in it is known or `path`
 * is NULL, or -ENOMEM. "." and ".." are passed over: a reader in a cgroup namespace sees
 * "/../../system.slice/...".
 *
 * unit: the outermost .service or .scope. Templates keep their instance ("foo@bar.service"), escapes stay
 * ("\x2d"), only the "_" that systemd puts before names the kernel has taken goes ("_memory.service").
 * Slices, sockets and mounts are never a process's unit. Below a container there is no unit of the system
 * manager; the scope that is the container's own cgroup is one.
 *
 * inner_unit: the innermost .service below user@UID.service or below a container; below user@UID.service a
 * .scope, too, but not the manager's init.scope.
 *
 * container: the innermost: 64 hex digits, bare or with the prefix of a known runtime ("docker-",
 * "cri-containerd-", "crio-", "libpod-", ...) and with or without ".scope", or the name after "/lxc/",
 * "lxc.payload.", "/buildkit/" or of a systemd-nspawn machine ("\x2d" in it is "-"). The monitors of
 * containers (crio-conmon-*, libpod-conmon-*, lxc.monitor.*, nspawn's "supervisor") are processes of the
 * host and in no container.
 *
 * pod: the uid in "kubepods-burstable-pod<uid>.slice" or "/kubepods/burstable/pod<uid>", with the dashes
 * that systemd's slices cannot have; a static pod's has none. */
int pc_cgroup_parse(const char *path, struct pc_cgroup_names *out);

/* The length of the part of `path` that ends with the component `unit`, the innermost of that name or the
 * outermost; perhaps with the "_" in front by which systemd escapes. 0: no component is that. */
size_t pc_cgroup_prefix(const char *path, const char *unit, bool innermost);

/* Is `path` the cgroup whose path is the first `len` bytes of `prefix`, or below it? */
bool pc_cgroup_is_below(const char *path, const char *prefix, size_t len);

void pc_cgroup_names_free(struct pc_cgroup_names *names);

/* The most telling path in `text`, which is what /proc/PID/cgroup holds: name=systemd (there
 * with cgroup v1 only), then cgroup v2, unless the v1 controller pids is elsewhere than
 * above it, then the longest of the v1 controllers memory, cpu and pids; "/" says nothing and is passed over, and is the answer when nothing is left.
 * The " (deleted)" behind the path of a removed cgroup goes. malloc'd. 0 or -ENOMEM. */
int pc_cgroup_of_procfile(const char *text, char **path);

#endif
