#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what a build for another architecture needs beyond packaging/install-deps.sh (Debian), and
# only what is missing: the cross compiler, and the same libraries of that architecture.
#     install-cross-deps.sh amd64|arm64
# Prints nothing when nothing is missing. Debian's packages of several architectures can be installed side by
# side. Ubuntu has those of arm64 on another mirror than those of amd64, which apt must know.
set -eu

arch=$1
here=$(dirname "$0")
case $arch in
amd64) compiler=x86_64-linux-gnu-gcc package=gcc-x86-64-linux-gnu ;;
arm64) compiler=aarch64-linux-gnu-gcc package=gcc-aarch64-linux-gnu ;;
*)
	echo "install-cross-deps.sh: amd64 or arm64, not $arch" >&2
	exit 2
	;;
esac

missing=
command -v "$compiler" >/dev/null 2>&1 || missing=$package

# The libraries that install-deps.sh names. uthash-dev has headers only, for all architectures. A static libelf may
# need libzstd.
for library in $(sed -n 's/^need_file .* \(.*-dev\)$/\1/p' "$here/install-deps.sh") libzstd-dev; do
	[ "$library" != uthash-dev ] || continue
	dpkg-query -W -f '${Status}' "$library:$arch" 2>/dev/null | grep -q ' installed$' ||
		missing="$missing $library:$arch"
done

# shellcheck disable=SC2086 # a list of words
exec sh "$here/apt-install.sh" $missing
