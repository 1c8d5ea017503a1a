#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what these need beyond packaging/install-deps.sh (Debian, Ubuntu), and only what is missing:
#     install-deps.sh deb [ARCH]    make deb; ARCH is the architecture of a cross build
#     install-deps.sh rpm           make rpm
#     install-deps.sh               both, and make check-package
# Prints nothing when nothing is missing.
set -eu

missing=
need_command() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need_file() { [ -e "$1" ] || missing="$missing $2"; }

need_package() {
	dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q ' installed$' || missing="$missing $1"
}

for what in ${*:-deb rpm test}; do
	case $what in
	deb)
		need_command dpkg-buildpackage dpkg-dev
		need_package build-essential
		need_command dh debhelper
		;;
	amd64 | arm64) need_package "crossbuild-essential-$what" ;;
	rpm)
		need_command rpmbuild rpm
		need_command python3 python3
		;;
	test)
		need_command lintian lintian
		need_command rpmlint rpmlint
		need_command mandoc mandoc
		need_command fish fish
		need_command zsh zsh
		need_command python3 python3
		need_file /usr/share/bash-completion/bash_completion bash-completion
		need_command man man-db
		# For system.sh: systemd-run wants a bus.
		need_file /lib/systemd/systemd systemd
		need_command dbus-daemon dbus
		need_command ip iproute2
		# For the RPM in a root of its own, and the bills of materials.
		need_command busybox busybox-static
		need_file /usr/lib/python3/dist-packages/jsonschema python3-jsonschema
		need_command node nodejs
		need_command npm npm
		need_command ansible-playbook ansible-core
		need_file /usr/lib/python3/dist-packages/apt python3-apt
		need_command musl-gcc musl-tools
		;;
	esac
done

# shellcheck disable=SC2086 # a list of words
exec sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
