/* SPDX-License-Identifier: GPL-2.0-only */
/* The names in a cgroup path: systemd unit, container, Kubernetes pod. Read from the path
 * alone; no runtime is asked, so that a container that is gone still has its name. */
#ifndef PORTCLASH_CGROUP_H
#define PORTCLASH_CGROUP_H

/* Hostile like all text from the kernel, and hints, not proof: whoever a cgroup is delegated
 * to chooses the names below it. Each is malloc'd, or NULL: the path does not say. */
struct pc_cgroup_names {
	char *unit;
	char *container;
	char *pod;
};

/* Fills `out` from `path` ("/system.slice/nginx.service"). 0, also when nothing in it is
 * known or `path` is NULL, or -ENOMEM. "." and ".." are passed over: a reader in a cgroup
 * namespace sees "/../../system.slice/...".
 *
 * unit: the innermost .service; templates keep their instance ("foo@bar.service"), escapes
 * stay ("\x2d"), only the "_" that systemd puts before names the kernel has taken goes
 * ("_memory.service"). A .scope is the unit
 *   - when no .service is above or below it, and then the outermost;
 *   - when it is a container's ("docker-<id>.scope"), unless a .service is below it;
 *   - below a user's manager (user@1000.service), which says less: not its own init.scope.
 * A .service below a container is one of the container's own systemd; above it, as with
 * podman's quadlets, the host's. Slices, sockets and mounts are never a process's unit.
 *
 * container: the innermost: 64 hex digits, bare or with the prefix of a known runtime
 * ("docker-", "cri-containerd-", "crio-", "libpod-", ...) and with or without ".scope", or
 * the name after "/lxc/", "lxc.payload.", "/buildkit/" or of a systemd-nspawn machine ("\x2d" in
 * it is "-"). The monitors of containers (crio-conmon-*, libpod-conmon-*, lxc.monitor.*, nspawn's
 * "supervisor") are processes of the host and in no container.
 *
 * pod: the uid in "kubepods-burstable-pod<uid>.slice" or "/kubepods/burstable/pod<uid>",
 * with the dashes that systemd's slices cannot have; a static pod's has none. */
int pc_cgroup_parse(const char *path, struct pc_cgroup_names *out);

void pc_cgroup_names_free(struct pc_cgroup_names *names);

/* The most telling path in `text`, which is what /proc/PID/cgroup holds: name=systemd (there
 * with cgroup v1 only), then cgroup v2, then the longest of the v1 controllers memory, cpu
 * and pids; "/" says nothing and is passed over, and is the answer when nothing is left.
 * The " (deleted)" behind the path of a removed cgroup goes. malloc'd. 0 or -ENOMEM. */
int pc_cgroup_of_procfile(const char *text, char **path);

#endif
