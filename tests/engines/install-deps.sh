#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what `make check-engines` needs beyond packaging/install-deps.sh (Debian, Ubuntu), and only what is
# missing. Prints nothing when nothing is. The engines themselves are not installed: see fetch.sh.
set -eu

missing=
need_command() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }

[ -x /usr/bin/python3 ] || missing="$missing python3"
need_command ip iproute2
need_command unshare util-linux
need_command setpriv util-linux
need_command dpkg-deb dpkg
need_command tar tar

# shellcheck disable=SC2086 # a list of words
sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
