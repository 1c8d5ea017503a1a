#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dist.sh FOLDER ARCH...: makes all that a release has, in a new or empty FOLDER, for these architectures (amd64,
# arm64):
#     portclash-VERSION.tar.gz                   the source
#     portclash-VERSION-linux-ARCH               the static program
#     portclash-VERSION-linux-ARCH.tar.gz        the program with unit, man pages and completions, below usr/local
#     portclash-VERSION-linux-ARCH.cdx.json      its bill of materials (CycloneDX)
#     portclash_VERSION_ARCH.deb, portclash-VERSION-1.CPU.rpm
#     portclash-VERSION-image-ARCH.tar           for `docker load` and `podman load`
#     portclash-VERSION-image.tar                an OCI archive of all architectures
#     SHA256SUMS
# Needs git, and no root. Two runs on the same commit and the same packages of the machine write the same bytes,
# wherever the tree is: times are that of the commit (or SOURCE_DATE_EPOCH), and owners, modes and order are fixed.
set -eu

folder=$(realpath -m "$1")
shift
sh packaging/new-folder.sh "$folder"
version=$(sh packaging/version.sh)
revision=$(git rev-parse HEAD)
[ -z "$(git status --porcelain)" ] || {
	revision=$revision-changed
	echo "dist.sh: the tree has changes that no commit has" >&2
}
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022
# Make's own variables, and settings of whoever calls this, are not for a release.
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD ARCH CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR DOC_URL Q V

native=$(dpkg --print-architecture)
name=portclash-$version
work=$folder/work
tree=$work/$name
mkdir "$work"

# same_bytes OPTION OF TAR...: a second run writes the same bytes
same_bytes() {
	set -- --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
		--mode=u+rw,go=rX,a-s "$@"
	tar "$@"
}
in_tree() { make -s -C "$tree" BUILD="build/$native" SYSTEMD= "$@"; }
program_of() { echo "build/$1/static/portclash"; }
file_for() { echo "$folder/$name-linux-$1"; }

pack_source() {
	mkdir -p "$tree"
	sh packaging/tree.sh | tar -x -C "$tree"
	same_bytes -C "$work" -cf - "$name" | gzip -9n >"$folder/$name.tar.gz"
}

# build ARCH: the program and the bill of materials
build() {
	in_tree -j"$(nproc)" ARCH="$1" BUILD="build/$1" CFLAGS=-O2 static-build
	install -m 755 "$tree/$(program_of "$1")" "$(file_for "$1")"
	python3 packaging/dist/sbom.py "$(file_for "$1")" "$tree/$(program_of "$1").map" "$1" "$version" \
		"$SOURCE_DATE_EPOCH" >"$(file_for "$1").cdx.json"
}

# The configuration is a sample there: the one in /etc is the user's.
pack_program() {
	root=$work/root-$1
	in_tree BINARY="$(program_of "$1")" DESTDIR="$root" PREFIX=/usr/local CFLAGS=-O2 install
	mv "$root/etc/portclash/portclash.yaml" "$root/usr/local/share/portclash/"
	same_bytes -C "$root" -cf - usr | gzip -9n >"$(file_for "$1").tar.gz"
}

pack_deb() {
	(
		cd "$tree"
		rm -rf debian
		cp -r packaging/debian debian
		PORTCLASH_BUILD=build/$native PORTCLASH_BINARY=$(program_of "$1") CFLAGS=-O2 \
			dpkg-buildpackage -b -nc -us -uc -d -a"$1" >"$work/deb-$1.log" 2>&1 || {
			tail -30 "$work/deb-$1.log" >&2
			exit 1
		}
		rm -rf debian
	)
	mv "$work/portclash_${version}_$1.deb" "$folder/"
}

# image OUT ARCH...
image() {
	out=$folder/$name-$1.tar
	shift
	for arch; do
		set -- "$@" "$arch=$(file_for "$arch")"
		shift
	done
	python3 packaging/container/image.py "$out" "$version" "$revision" "$SOURCE_DATE_EPOCH" "$@"
}

pack_source
for arch; do
	build "$arch"
done
# The option tables, of which man pages and completions are made, come from a program that runs here.
in_tree -j"$(nproc)" CFLAGS=-O2 all
for arch; do
	pack_program "$arch"
done
for arch; do
	pack_deb "$arch"
	(cd "$tree" && sh packaging/rpm/rpm.sh "build/$native" "$(program_of "$arch")" "$arch" "$folder") >/dev/null
	image "image-$arch" "$arch"
done
image image "$@"
cd "$folder"
rm -rf work
sums=$(sha256sum -- *)
echo "$sums" >SHA256SUMS
ls -l | awk 'NR > 1 { printf "%9d  %s\n", $5, $9 }'
