#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what `make deb` (install-deps.sh deb) and `make check-package` need beyond
# packaging/install-deps.sh (Debian, Ubuntu), and only what is missing. Prints nothing when
# nothing is.
set -eu

missing=
need_command() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need_file() { [ -e "$1" ] || missing="$missing $2"; }

need_command dpkg-buildpackage dpkg-dev
dpkg-query -W -f '${Status}' build-essential 2>/dev/null | grep -q ' installed$' ||
	missing="$missing build-essential"
need_command dh debhelper

if [ "${1:-}" != deb ]; then
	need_command lintian lintian
	need_command mandoc mandoc
	need_command fish fish
	need_command zsh zsh
	need_command logrotate logrotate
	need_command python3 python3
	need_file /usr/share/bash-completion/bash_completion bash-completion
	need_command man man-db
	# For system.sh: systemd-run wants a bus.
	need_file /lib/systemd/systemd systemd
	need_command dbus-daemon dbus
	need_command ip iproute2
fi

# shellcheck disable=SC2086 # a list of words
exec sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
