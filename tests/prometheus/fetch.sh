#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches Debian packages from the mirror of this machine's apt and unpacks them:
#     fetch.sh PACKAGE...
# Prints the folder below which their files are. They are not installed: a Prometheus, a
# node_exporter and an rsyslog that run for good are not what somebody wants who runs tests. The
# folder is kept; PORTCLASH_PACKAGES is where (~/.cache/portclash/packages).
set -eu

keep=${PORTCLASH_PACKAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/portclash/packages}
root=$keep/root
work=

get() { apt-get -qq -o APT::Sandbox::User="$(id -un)" "$@"; }

download() {
	get download "$1" 2>"$work/log" || {
		get update 2>/dev/null || true
		get download "$1" 2>"$work/log"
	}
}

# An unpacked package has its name in the folder beside root.
fetch() {
	[ ! -e "$keep/$1" ] || return 0
	(cd "$work" && download "$1") || {
		echo "fetch.sh: cannot get $1: $(head -n 1 "$work/log")" >&2
		exit 1
	}
	dpkg-deb -x "$work/$1"_*.deb "$root"
	: >"$keep/$1"
}

mkdir -p "$root"
work=$(mktemp -d "$keep/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
for package; do
	fetch "$package"
done
echo "$root"
