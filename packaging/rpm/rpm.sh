#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# rpm.sh BUILD BINARY ARCH FOLDER: makes the RPM of the static BINARY of an architecture (amd64, arm64) in
# FOLDER, in the root of a tree whose other files are built in BUILD. Needs no root. The name of the package is the
# last line. With the same tree, BINARY and SOURCE_DATE_EPOCH the package has the same bytes.
set -eu

build=$1
binary=$(realpath "$2")
folder=$(realpath -m "$4")
case $3 in
amd64) cpu=x86_64 ;;
arm64) cpu=aarch64 ;;
*)
	echo "rpm.sh: amd64 or arm64, not $3" >&2
	exit 2
	;;
esac

version=$(sh packaging/version.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"
# Make's own variables are not for the build.
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD CFLAGS LDFLAGS PREFIX DESTDIR
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH

# Debian's rpm can build the package, too: its own macros would name folders and a vendor of its own. xz is the
# compression that each rpm can read.
rpmbuild -bb --build-in-place --nodeps --target "$cpu-linux" \
	--define "_topdir $work" --define "_builddir $PWD" --define "_rpmdir $folder" \
	--define "_dbpath $work/db" \
	--define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
	--define "_buildhost portclash" --define "vendor %{nil}" --define "packager %{nil}" \
	--define "use_source_date_epoch_as_buildtime 1" \
	--define "clamp_mtime_to_source_date_epoch 1" \
	--define "source_date_epoch_from_changelog 0" \
	--define "_binary_payload w6.xzdio" \
	--define "static_binary $binary" --define "build_folder $build" \
	packaging/rpm/portclash.spec >"$folder/build.log" 2>&1 || {
	tail -30 "$folder/build.log" >&2
	exit 1
}
rm "$folder/build.log"
echo "$folder/portclash-$version-1.$cpu.rpm"
