#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# deb.sh FOLDER ARCH: builds the Debian package for amd64 or arm64 in a new or empty folder, from a copy of what git
# would take, without root. The name of the package is the last line.
set -eu

folder=$1 arch=$2
sh packaging/new-folder.sh "$folder"
version=$(sh packaging/version.sh)
tree=$folder/portclash-$version
mkdir "$tree"
sh packaging/tree.sh | tar -x -C "$tree"
cp -r packaging/debian "$tree/debian"

cd "$tree"
# Make's own variables, among them that of a make that runs this, are not for the build.
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD ARCH CC CFLAGS LDFLAGS PREFIX DESTDIR
DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:+$DEB_BUILD_OPTIONS }parallel=$(nproc)"
export DEB_BUILD_OPTIONS
profiles=
[ "$arch" = "$(dpkg --print-architecture)" ] || profiles=-Pcross,nocheck
# shellcheck disable=SC2086 # one word or none
dpkg-buildpackage -b -us -uc -a "$arch" $profiles >../build.log 2>&1 || {
	tail -30 ../build.log >&2
	exit 1
}
cd ..
echo "$folder/$(ls portclash_"$version"_*.deb)"
