#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# inside.sh FOLDER: the first process of machine.sh's namespaces: mounts what a system needs over
# what this one has, and becomes systemd.
set -eu

folder=$1
root=$folder/root
# /proc is still the one of the pid namespace outside, and this line's reader this process.
read -r pid _ </proc/self/stat
echo "$pid" >"$folder/pid"

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
# Settings that would change the kernel of the machine outside stay out.
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
