#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# machine.sh FOLDER: boots this system's systemd as process 1 of namespaces of its own (pid,
# mount, cgroup, network, ipc, uts), on an overlay whose upper layer is in memory: what is
# installed there is gone afterwards. Stays in the foreground; when it ends or is killed, all
# that ran in there is killed. Needs root. FOLDER/pid is the process id of its systemd; in there
# FOLDER is /mnt, and the folder it was started in /run/tree.
set -eu

folder=$(realpath "$1")
mkdir -p "$folder/root" "$folder/memory" "$folder/cgroup"

# A cgroup of its own, which is the root of what systemd sees there.
mount -t cgroup2 cgroup2 "$folder/cgroup"
group=$folder/cgroup/portclash-test-$$
mkdir "$group"

leave() {
	set +e
	# With its first process all of a pid namespace is killed.
	[ -z "${child:-}" ] || kill -KILL "$child" 2>/dev/null
	[ ! -e "$group/cgroup.kill" ] || echo 1 >"$group/cgroup.kill"
	wait
	for try in 1 2 3 4 5 6 7 8 9 10; do
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -e "$group" ] || break
		sleep 0.2
	done
	umount "$folder/cgroup"
	rm -f "$folder/pid"
	return "$try"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

inside='
set -eu
folder=$1
root=$folder/root
ip link set lo up
mount -t tmpfs tmpfs "$folder/memory"
mkdir "$folder/memory/upper" "$folder/memory/work"
mount -t overlay overlay "$root" \
	-o "lowerdir=/,upperdir=$folder/memory/upper,workdir=$folder/memory/work"
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" "$root/mnt"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/run/old-root" "$root/run/tree"
mount --bind "$PWD" "$root/run/tree"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t bpf bpf "$root/sys/fs/bpf"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev" -o mode=755
mkdir "$root/dev/pts" "$root/dev/shm"
for device in null zero full random urandom tty; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666
ln -s pts/ptmx "$root/dev/ptmx"
mount --bind "$folder" "$root/mnt"
# What would change the kernel of the machine outside stays out.
for unit in systemd-sysctl systemd-modules-load systemd-udevd systemd-networkd networking \
	systemd-timesyncd systemd-random-seed; do
	mkdir -p "$root/run/systemd/system"
	ln -s /dev/null "$root/run/systemd/system/$unit.service"
done
cd "$root"
pivot_root . run/old-root
umount -l /run/old-root
exec env -i container=portclash-test PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C \
	/lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=0
'

sh -c "echo \$\$ >'$group/cgroup.procs' && exec unshare --pid --fork --kill-child --mount \
	--propagation private --cgroup --net --ipc --uts sh -c \"\$1\" sh \"\$2\"" \
	sh "$inside" "$folder" </dev/null &
outer=$!
# The first process in there is the only child of unshare.
until child=$(cat "/proc/$outer/task/$outer/children") && [ -n "$child" ]; do
	kill -0 "$outer" || exit 1
	sleep 0.05
done
child=${child% }
echo "$child" >"$folder/pid"
wait "$outer"
