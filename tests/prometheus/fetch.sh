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
	get download "$@" 2>"$work/log" || {
		get update 2>/dev/null || true
		get download "$@" 2>"$work/log"
	}
}

# An unpacked package has its name in the folder beside root.
unpack() {
	dpkg-deb -x "$work/$1"_*.deb "$root"
	: >"$keep/$1"
}

mkdir -p "$root"
work=$(mktemp -d "$keep/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
missing=
for package; do
	[ -e "$keep/$package" ] || missing="$missing $package"
done
# shellcheck disable=SC2086 # a list of words
[ -z "$missing" ] || (cd "$work" && download $missing) || {
	echo "fetch.sh: cannot get$missing: $(head -n 1 "$work/log")" >&2
	exit 1
}
for package in $missing; do
	unpack "$package"
done
echo "$root"
