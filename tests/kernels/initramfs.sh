#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Packs what a guest runs:
#     initramfs.sh OUT KERNEL_FOLDER STATIC_FOLDER PLAN [LIVE_OPTION…]
# KERNEL_FOLDER is what fetch.sh prints, STATIC_FOLDER has portclash, live and rules, PLAN is for
# init.
set -eu

here=$(dirname "$0")
out=$1 kernel=$2 static=$3 plan=$4
shift 4

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -m 755 "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/run"
mkdir -m 1777 "$root/tmp"
busybox=$kernel/busybox
[ -e "$busybox" ] || busybox=$(command -v busybox)
cp "$busybox" "$root/bin/busybox"
cp "$static/portclash" "$static/live" "$static/rules" "$root/"
cp "$here/init" "$here/mounts.sh" "$root/"
cp "$plan" "$root/plan"
echo "$@" >"$root/live-options"
cp -r "$kernel/modules" "$root/"
chmod 755 "$root" "$root/bin/busybox" "$root/init" "$root/portclash" "$root/live" \
	"$root/rules"
(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$out"
