#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# apt-install.sh PACKAGE...: installs these (Debian, Ubuntu), as root or with sudo. What the
# install-deps.sh scripts share; without a package it does nothing and says nothing.
set -eu

[ $# -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "portclash: missing: $*" >&2
	echo "This script installs with apt-get only; install these with your package manager." >&2
	exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "portclash: missing: $*; run as root: apt-get install $*" >&2
		exit 1
	}
	as_root=sudo
fi
# PACKAGE:ARCH is a package of another architecture, which dpkg must know before apt asks for its list.
for package in "$@"; do
	case $package in
	*:*) $as_root dpkg --add-architecture "${package#*:}" ;;
	esac
done
# A third-party list that cannot be reached must not stop the rest.
$as_root apt-get update -q || echo "portclash: apt-get update had errors; going on" >&2
# Debian has bpftool as a package of its own, older Ubuntu in linux-tools.
if ! apt-cache show bpftool >/dev/null 2>&1; then
	# shellcheck disable=SC2046 # a list of words
	set -- $(echo " $* " | sed 's/ bpftool / linux-tools-common linux-tools-generic /')
fi
echo "portclash: installing $*"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
