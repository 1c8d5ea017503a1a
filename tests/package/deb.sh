#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# deb.sh BUILD ARCH: the Debian package in BUILD/deb: lintian, what is in it, for which machine, and what it
# is not built from. Needs no root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

build=$1 arch=$2
deb=$(ls "$build"/deb/portclash_*.deb)
version=$(sed -n 's/^#define PC_VERSION "\(.*\)"$/\1/p' user/version.h)

in_package() { dpkg-deb --fsys-tarfile "$deb" | tar -xO "./$1"; }

nothing "lintian finds no error and gives no warning" \
	"$(lintian --allow-root --fail-on error,warning "$deb" 2>&1 ||
		lintian --allow-root --info "$deb" 2>&1)"
same "its version" "$version" "$(dpkg-deb -f "$deb" Version)"
same "its architecture" "$arch" "$(dpkg-deb -f "$deb" Architecture)"
machine=$(in_package usr/bin/portclash | od -A n -t u2 -j 18 -N 2 | tr -d ' ')
same "the program's machine (elf.h: 62 is x86-64, 183 arm64)" "$arch" \
	"$(case $machine in 62) echo amd64 ;; 183) echo arm64 ;; *) echo "machine $machine" ;; esac)"
same "what a user may change" /etc/portclash/portclash.yaml \
	"$(dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./conffiles | sort | tr '\n' ' ' | sed 's/ $//')"
same "the configuration is the tree's" "$(cat packaging/portclash.yaml)" \
	"$(in_package etc/portclash/portclash.yaml)"
contents=$(dpkg-deb -c "$deb" | awk '{ print $NF }')
missing=
for name in usr/bin/portclash usr/lib/systemd/catalog/portclash.catalog systemd/system/portclash.service \
	bash-completion/completions/portclash zsh/vendor-completions/_portclash \
	fish/vendor_completions.d/portclash.fish share/portclash/prometheus-rules.yml \
	share/portclash/grafana-dashboard.json doc/portclash/README.md \
	$(for page in docs/*.md; do echo "doc/portclash/$page"; done) var/lib/prometheus/node-exporter/ \
	$(cd packaging/man && for page in *.in; do echo "${page%.in}.gz"; done); do
	echo "$contents" | grep -q "/$name\$" || missing="$missing $name"
done
nothing "unit, man pages, documents, completions and the textfile's folder are in it" "$missing"
same "a man page names a file where it is in it" /usr/share/portclash/prometheus-rules.yml \
	"$(in_package usr/share/man/man5/portclash-metrics.5.gz | gzip -dc | mandoc -T utf8 | col -b |
		grep -o '[^ ]*rules\.yml' | grep -v '^/etc/prometheus/' | sort -u)"
# The build dependencies are installed here, elsewhere the build would fail. cmocka is for tests.
nothing "its source names the libraries that a build needs" \
	"$(sed -n 's/^need_file .* \(.*-dev\)$/\1/p' packaging/install-deps.sh |
		grep -vx -e libc6-dev -e libcmocka-dev | while read -r library; do
		grep -qE "^ $library(:native)?,?\$" packaging/debian/control || echo "$library"
	done)"
# A path of the build machine would make each build another one.
nothing "it does not say where it was built" \
	"$(in_package usr/bin/portclash | grep -ac "$(realpath "$build")" | grep -vx 0)"
nothing "nothing but the agent rotates its log" "$(echo "$contents" | grep logrotate)"
finish
