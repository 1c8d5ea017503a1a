#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# rpm.sh BUILD: the RPM of this machine's architecture in BUILD/dist: rpmlint, what it needs, and the package in a root
# of its own, where it is installed, upgraded and erased; there systemctl only writes down how it is called. Needs root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

build=$(realpath "$1")
cpu=$(uname -m)
version=$(sh packaging/version.sh)
rpm=$build/dist/portclash-$version-1.$cpu.rpm
deb=$build/dist/portclash_${version}_$(dpkg --print-architecture).deb
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root

# Debian has a rpm that warns: packages of its own system are not for it.
in_root() { rpm --root "$root" --nosignature --force-debian "$@"; }
calls() { cat "$root/calls" 2>/dev/null; }
# make_root: a root with a shell for the scriptlets, and a systemctl and journalctl that write down how they are called
make_root() {
	mkdir -p "$root/bin" "$root/usr/bin" "$root/run/systemd/system" "$root/dev" "$root/var/lib/rpm"
	cp "$(command -v busybox)" "$root/bin/"
	for name in sh rm cat; do
		ln -s busybox "$root/bin/$name"
	done
	for name in systemctl journalctl; do
		printf '#!/bin/sh\necho "%s $*" >>/calls\n' "$name" >"$root/usr/bin/$name"
		chmod 755 "$root/usr/bin/$name"
	done
	mknod -m 666 "$root/dev/null" c 1 3
	rpm --root "$root" --initdb
	provide_shell
}

# provide_shell: a package without files, from which the root has /bin/sh
provide_shell() {
	printf '%s\n' 'Name: shell' 'Version: 1' 'Release: 1' 'Summary: A shell' 'License: Test' \
		'Provides: /bin/sh' '%description' 'A shell.' '%files' >"$folder/shell.spec"
	build_spec "$folder/shell.spec" && in_root -i "$folder/rpms/shell-1-1.$cpu.rpm"
}

# build_spec SPEC [OPTION...]
build_spec() {
	rpmbuild -bb --nodeps --target "$cpu-linux" --define "_topdir $folder/top" --define "_rpmdir $folder/rpms" \
		--define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" "$@" >"$folder/rpmbuild.log" 2>&1
}

# The package of an earlier version: other default settings and another program, else the same.
make_earlier() {
	mkdir "$folder/earlier"
	(cd "$folder/earlier" && rpm2cpio "$rpm" | cpio -idm --quiet)
	sed -i "s/portclash $(echo "$version" | sed 's/[.]/[.]/g')/portclash 0.0.9/" "$folder/earlier/usr/bin/portclash"
	sed -i 's/^#interval: 15s/#interval: 14s/' "$folder/earlier/etc/portclash/portclash.yaml"
	sed -e 's/^Version:.*/Version: 0.0.9/' -e '/^%prep/,/^%post$/{/^%post$/!d}' -e '/^%changelog/,$d' \
		-e '/^%license/s/.*/%license %{_datadir}\/licenses\/portclash-'"$version"'/' packaging/rpm/portclash.spec |
		sed "s|^%post\$|%install\ncp -a $folder/earlier/. %{buildroot}/\n\n%post|" >"$folder/earlier.spec"
	build_spec "$folder/earlier.spec" --define "static_binary none" --define "build_folder none" ||
		fail "a package of an earlier version" "$(tail "$folder/rpmbuild.log")"
}

looks_right() {
	nothing "rpmlint finds nothing without a reason" \
		"$(rpmlint -c packaging/rpm/rpmlint.toml "$rpm" 2>&1 | grep ': [EW]: ')"
	same "it needs a shell, and no library" /bin/sh \
		"$(rpm -qp --requires "$rpm" | grep -v -e '^rpmlib(' -e '^config(' | sort -u)"
	same "what a user may change" /etc/portclash/portclash.yaml "$(rpm -qpc "$rpm")"
	same "its licence" GPL-2.0-only "$(rpm -qp --qf '%{LICENSE}' "$rpm")"
	nothing "it does not say where it was built" "$(rpm -qp --qf '[%{*:xml}\n]' "$rpm" | grep -F "$build")"
	# The .deb has the same files at the same places but those whose place is the distribution's.
	same "it has the files that the Debian package has" "$(dpkg-deb -c "$deb" | in_common)" \
		"$(rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$rpm" | in_common)"
}

# The files of a package, but those whose name or place is the distribution's.
in_common() {
	awk '!/^d/ { print $NF }' | sed 's|^\./|/|; s|/zsh/vendor-completions/|/zsh/site-functions/|
		s|^/lib/systemd|/usr/lib/systemd|' | grep -v -e /lintian/ -e /licenses/ -e /copyright -e /changelog -e CHANGELOG.md |
		sort
}

is_installed() {
	make_root
	make_earlier
	holds "rpm installs the earlier version" in_root -i "$folder/rpms/portclash-0.0.9-1.$cpu.rpm"
	same "nothing is started or enabled: a preset decides" "systemctl daemon-reload
journalctl --update-catalog
systemctl --no-reload preset portclash.service portclash-guard.service" "$(calls)"
	same "it runs" "portclash 0.0.9" "$(chroot "$root" /usr/bin/portclash --version)"
	same "others may not read the log" 750 "$(stat -c %a "$root/var/log/portclash")"
	nothing "the files are as the package says" "$(in_root -V portclash)"
}

is_upgraded() {
	echo "interval: 7s" >>"$root/etc/portclash/portclash.yaml"
	rm "$root/calls"
	holds "rpm upgrades it" in_root -U "$rpm"
	same "the new version runs" "portclash $version" "$(chroot "$root" /usr/bin/portclash --version)"
	same "the changed configuration is kept" "interval: 7s" "$(tail -1 "$root/etc/portclash/portclash.yaml")"
	same "the new defaults are beside it" "$(cat packaging/portclash.yaml)" \
		"$(cat "$root/etc/portclash/portclash.yaml.rpmnew")"
	holds "the new program takes the kept configuration" chroot "$root" /usr/bin/portclash agent --check-config \
		--config /etc/portclash/portclash.yaml
	same "what runs is restarted, once" "systemctl try-restart portclash.service portclash-guard.service" \
		"$(calls | grep restart)"
	nothing "nothing is enabled or ended" "$(calls | grep -e preset -e able -e stop)"
}

is_erased() {
	echo line >"$root/var/log/portclash/events.jsonl"
	echo metric >"$root/var/lib/prometheus/node-exporter/portclash.prom"
	rm "$root/calls"
	holds "rpm erases it" in_root -e portclash
	same "the services are ended first" "systemctl --no-reload disable --now portclash.service portclash-guard.service" \
		"$(calls | head -1)"
	nothing "its metrics are gone" "$(ls "$root/var/lib/prometheus/node-exporter" 2>/dev/null)"
	same "log and changed configuration are left" "/etc/portclash/portclash.yaml.rpmsave
/var/log/portclash/events.jsonl" "$(cd "$root" && find . -type f -path '*portclash*' -not -name '*.rpmnew' |
		sed 's/^\.//' | sort)"
}

# RHEL and Fedora build it in this way, with their libraries. The objects are there already; only the flags would differ.
builds_from_source() {
	holds "the spec builds from source, too" build_spec packaging/rpm/portclash.spec --build-in-place \
		--define "_builddir $PWD" --define "__make make BUILD=$build"
	same "that package needs its libraries" "libbpf.so.1 libseccomp.so.2" "$(rpm -qp --requires \
		"$folder/rpms/portclash-$version-1.$cpu.rpm" | grep -oE '^lib(bpf|seccomp)\.so\.[0-9]' | sort -u | paste -sd' ')"
	# Names of development packages differ from Debian's; each needs one.
	same "the spec names as many libraries as Debian's package" "$(grep -cE '^ .*-dev(:[a-z]+)?,?$' packaging/debian/control)" \
		"$(grep -c '^BuildRequires: .*-devel$' packaging/rpm/portclash.spec)"
}

needs_root "the RPM"
looks_right
is_installed
is_upgraded
is_erased
builds_from_source
finish
