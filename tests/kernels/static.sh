#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Is this program one that can be copied to a host of another distribution and run there?
#     static.sh PROGRAM
# Says its size. Exit status 1: it needs shared libraries, or is too large to be carried about.
set -u

# ncurses, for `portclash top`, takes some 320 of them; the programs for kernels without BTF some 200.
KIB_MAX=4608

kib=$(($(wc -c <"$1") / 1024))
if LC_ALL=C readelf -ld "$1" | grep -qE 'INTERP|NEEDED'; then
	echo "$1 needs shared libraries" >&2
	exit 1
fi
if [ "$kib" -ge "$KIB_MAX" ]; then
	echo "$1 has $kib KiB, more than $KIB_MAX" >&2
	exit 1
fi
echo "$1: $kib KiB, no shared libraries"
