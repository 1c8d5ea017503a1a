#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# world.sh ROOT COMMAND...: in fresh mount and network namespaces (`unshare --mount --net`), makes a machine that
# has the engines below ROOT installed and nothing started, and becomes COMMAND. Nothing is written outside of
# its own tmpfs.
set -eu

root=$1
shift

mount --make-rprivate /
mount -t tmpfs -o mode=755 world /mnt
mkdir /mnt/tracing /mnt/fetched
mount --bind "$root" /mnt/fetched
for folder in usr etc var; do
	mkdir "/mnt/$folder" "/mnt/$folder.work"
	lower=/$folder
	[ ! -d "/mnt/fetched/$folder" ] || lower=/mnt/fetched/$folder:$lower
	mount -t overlay world -o "lowerdir=$lower,upperdir=/mnt/$folder,workdir=/mnt/$folder.work" "/$folder"
done
mount -t tmpfs -o mode=755 world /run
# The network namespace's own devices.
mount -t sysfs sysfs /sys
# Only cgroup v2, as the distributions have it today. A machine that has cgroup v1 beside it lacks controllers here: see stage.py.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing

# containers/storage and overlay2 cannot lie on an overlay.
for folder in docker containers; do
	mkdir -p "/var/lib/$folder"
	mount -t tmpfs -o mode=711 world "/var/lib/$folder"
done
# Maintainer scripts would do this. The rest is for a rootless user.
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
	[ -e "/usr/sbin/$name" ] || ln -s xtables-legacy-multi "/usr/sbin/$name"
done
mkdir -p /etc/containers
cat >/etc/containers/containers.conf <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
END
echo 'rootless:x:64999:64999::/run/rootless:/bin/sh' >>/etc/passwd
echo 'rootless:x:64999:' >>/etc/group
echo 'rootless:1000000:65536' >>/etc/subuid
echo 'rootless:1000000:65536' >>/etc/subgid
mkdir -m 700 /run/rootless /run/rootless/run
mount -t tmpfs -o mode=700 world /run/rootless
mkdir -m 700 /run/rootless/run
chown -R 64999:64999 /run/rootless

# Everybody may open it where udev has made it.
[ ! -e /dev/net/tun ] || {
	mknod -m 666 /mnt/tun c 10 200
	mount --bind /mnt/tun /dev/net/tun
}

# A way out that leads nowhere: pasta and slirp4netns look for one.
ip link set lo up
ip link add eth0 type veth peer name world0
ip link set world0 up
ip addr add 10.213.0.2/24 dev eth0
ip link set eth0 up
ip route add default via 10.213.0.1

mkdir -m 1777 /mnt/tmp
export TMPDIR=/mnt/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec "$@"
