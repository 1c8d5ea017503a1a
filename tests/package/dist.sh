#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dist.sh BUILD ARCH...: the files of a release in BUILD/dist, for these architectures: which there are, and what is in
# archives, packages, images and bills of materials. Needs no root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

build=$(realpath "$1")
shift
dist=$build/dist
version=$(sh packaging/version.sh)
release=portclash-$version
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cpu_of() { echo "$1" | sed 's/amd64/x86_64/; s/arm64/aarch64/'; }
# A file's machine, as readelf says it
machine_of() { echo "$1" | sed 's/amd64/Advanced Micro Devices X86-64/; s/arm64/AArch64/'; }
readelf_of() { LC_ALL=C readelf -h "$1" | sed -n 's/^ *Machine: *//p'; }
digest() { sha256sum "$1" | cut -d ' ' -f 1; }

all_files_are_there() {
	same "all files of a release, and no other" "$({
		printf '%s\n' SHA256SUMS "$release.tar.gz" "$release-image.tar"
		for arch; do
			printf '%s\n' "$release-linux-$arch" "$release-linux-$arch.tar.gz" "$release-linux-$arch.cdx.json" \
				"$release-image-$arch.tar" "portclash_${version}_$arch.deb" "$release-1.$(cpu_of "$arch").rpm"
		done
	} | LC_ALL=C sort)" "$(cd "$dist" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort)"
	holds "the checksums are right" sh -c "cd '$dist' && sha256sum --check --strict --quiet SHA256SUMS"
	same "each file has one" "$(find "$dist" -type f ! -name SHA256SUMS | wc -l)" "$(wc -l <"$dist/SHA256SUMS")"
}

source_is_whole() {
	mkdir "$folder/source" "$folder/tree"
	tar -xzf "$dist/$release.tar.gz" -C "$folder/source"
	sh packaging/tree.sh | tar -x -C "$folder/tree"
	nothing "the source has the files of the tree, below one folder" \
		"$(diff -r "$folder/tree" "$folder/source/$release" 2>&1 | head -5)"
	same "root's, with one time and no odd modes" "-rw-r--r-- -rwxr-xr-x drwxr-xr-x 0/0 1" "$(
		tar -tvzf "$dist/$release.tar.gz" | awk '{ print $1 }' | sort -u | paste -sd' '
	) $(tar -tvzf "$dist/$release.tar.gz" | awk '{ print $2 }' | sort -u) $(
		tar --full-time -tvzf "$dist/$release.tar.gz" | awk '{ print $4, $5 }' | sort -u | wc -l
	)"
}

# program ARCH: the static program alone, and with its pages
program() {
	same "$1: the program is for it" "$(machine_of "$1")" "$(readelf_of "$dist/$release-linux-$1")"
	holds "$1: it needs no library" sh tests/kernels/static.sh "$dist/$release-linux-$1"
	mkdir "$folder/$1"
	tar -xzf "$dist/$release-linux-$1.tar.gz" -C "$folder/$1"
	holds "$1: the archive has it, too" cmp "$dist/$release-linux-$1" "$folder/$1/usr/local/bin/portclash"
	nothing "$1: all of it is below usr/local" "$(tar -tzf "$dist/$release-linux-$1.tar.gz" | grep -v '^usr/\(local/.*\)*$')"
	same "$1: the unit starts it there" "ExecStart=/usr/local/bin/portclash agent" \
		"$(grep ^ExecStart= "$folder/$1/usr/local/lib/systemd/system/portclash.service")"
	same "$1: the configuration is a sample" "$(digest packaging/portclash.yaml)" \
		"$(digest "$folder/$1/usr/local/share/portclash/portclash.yaml")"
	[ "$1" != "$(dpkg --print-architecture)" ] ||
		same "$1: it runs" "portclash $version" "$("$dist/$release-linux-$1" --version)"
}

# packages ARCH: both have the same program. tests/package/rpm.sh looks at the RPM closer.
packages() {
	deb=$dist/portclash_${version}_$1.deb
	rpm=$dist/$release-1.$(cpu_of "$1").rpm
	nothing "$1: lintian finds no error and gives no warning" \
		"$(lintian --allow-root --fail-on error,warning "$deb" 2>&1 || echo failed)"
	same "$1: the .deb is for it, and needs no library" "$1" "$(dpkg-deb -f "$deb" Architecture)$(dpkg-deb -f "$deb" Depends)"
	same "$1: the .deb has the program" "$(digest "$dist/$release-linux-$1")" \
		"$(dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/bin/portclash | sha256sum | cut -d ' ' -f 1)"
	same "$1: the RPM has the program" "$(digest "$dist/$release-linux-$1") $(cpu_of "$1")" \
		"$(rpm2cpio "$rpm" | cpio -i --to-stdout --quiet ./usr/bin/portclash | sha256sum | cut -d ' ' -f 1) $(
			rpm -qp --qf '%{ARCH}' "$rpm")"
}

all_files_are_there "$@"
source_is_whole
for arch; do
	program "$arch"
	packages "$arch"
done
finish
