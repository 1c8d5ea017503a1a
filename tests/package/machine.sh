#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# machine.sh FOLDER: boots this system's systemd as process 1 of namespaces of its own (pid,
# mount, cgroup, network, ipc, uts), on an overlay whose upper layer is in memory: what is
# installed there is gone afterwards. Stays in the foreground; when it ends or is killed, all
# that ran in there is killed. Needs root. FOLDER/pid is the process id of its systemd; in there
# FOLDER is /mnt, and the folder it was started in /run/tree.
set -eu

# Mounts made here go with the machine, however it ends.
[ -n "${OWN_MOUNTS:-}" ] || OWN_MOUNTS=1 exec unshare --mount --propagation private sh "$0" "$@"

folder=$(realpath "$1")
mkdir -p "$folder/root" "$folder/memory" "$folder/cgroup"

# A cgroup of its own, which is the root of what systemd sees there.
mount -t cgroup2 cgroup2 "$folder/cgroup"
group=$folder/cgroup/portclash-package-$$
mkdir "$group"

leave() {
	set +e
	# --kill-child: then its first process is killed, and with that all of a pid namespace.
	kill -KILL "$outer" 2>/dev/null
	[ ! -e "$group/cgroup.kill" ] || echo 1 >"$group/cgroup.kill"
	wait
	# A killed process leaves its cgroups a little later.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -e "$group" ] || break
		sleep 0.2
	done
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

sh -c "echo \$\$ >'$group/cgroup.procs' && exec unshare --pid --fork --kill-child --mount \
	--propagation private --cgroup --net --ipc --uts sh \"\$1\" \"\$2\"" \
	sh "$(dirname "$0")/inside.sh" "$folder" </dev/null &
outer=$!
wait "$outer"
