#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# install-deps.sh QEMU: installs what `make check-emulated` needs beyond a build for the other architecture (Debian,
# Ubuntu), and only what is missing: QEMU's user mode. Prints nothing when nothing is missing.
set -eu

missing=
command -v "$1" >/dev/null 2>&1 || missing=qemu-user
# shellcheck disable=SC2086 # one word or none
exec sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
