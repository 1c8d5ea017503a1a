#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# deb.sh FOLDER: builds the Debian package there, from a copy of what git would take, without
# root. The name of the package is the last line.
set -eu

folder=$1
version=$(sed -n 's/^#define PC_VERSION "\(.*\)"$/\1/p' user/version.h)
logged=$(sed -n '1s/^portclash (\(.*\)) .*/\1/p' packaging/debian/changelog)
if [ "$version" != "$logged" ]; then
	echo "deb.sh: user/version.h has $version, packaging/debian/changelog $logged" >&2
	exit 1
fi

tree=$folder/portclash-$version
rm -rf "$folder"
mkdir -p "$tree"
# Files that were deleted and not committed are in git's list, too.
git ls-files -z --cached --others --exclude-standard |
	tar -c --null --files-from=- --ignore-failed-read 2>/dev/null | tar -x -C "$tree"
cp -r packaging/debian "$tree/debian"

cd "$tree"
# Make's own variables, among them that of a make that runs this, are not for the build.
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD CFLAGS LDFLAGS PREFIX DESTDIR
DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:+$DEB_BUILD_OPTIONS }parallel=$(nproc)"
export DEB_BUILD_OPTIONS
dpkg-buildpackage -b -us -uc >../build.log 2>&1 || {
	tail -30 ../build.log >&2
	exit 1
}
cd ..
echo "$folder/$(ls portclash_"$version"_*.deb)"
