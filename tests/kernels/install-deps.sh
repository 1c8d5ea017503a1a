#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what `make static` (install-deps.sh static), `make check-kernels` and, for the journal,
# the live tests of `make check` need beyond packaging/install-deps.sh (Debian, Ubuntu), and only
# what is missing. Prints nothing when nothing is.
set -eu

missing=
need_command() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need_file() { [ -e "$1" ] || missing="$missing $2"; }
# The compiler prints the bare name of a library that it does not find.
need_library() { case $(gcc -print-file-name="$1") in /*) ;; *) missing="$missing $2" ;; esac; }

need_command pkg-config pkg-config
need_command readelf binutils
need_library libbpf.a libbpf-dev
need_library libelf.a libelf-dev
need_library libz.a zlib1g-dev
need_library libjansson.a libjansson-dev
need_library libcap.a libcap-dev
need_library libseccomp.a libseccomp-dev
need_library libyaml.a libyaml-dev
need_library libncursesw.a libncurses-dev
# From elfutils 0.189 on, libelf may be built with it.
! grep -q zstd "$(pkg-config --variable=pcfiledir libelf)/libelf.pc" 2>/dev/null ||
	need_library libzstd.a libzstd-dev

if [ "${1:-}" != static ]; then
	need_command qemu-system-x86_64 qemu-system-x86
	need_command qemu-system-aarch64 qemu-system-arm
	need_command qemu-aarch64 qemu-user
	need_command busybox busybox-static
	need_command cpio cpio
	need_command lz4 lz4
	need_command zstd zstd
	need_command journalctl systemd
	need_file /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
	# A busybox with shared libraries is of no use in a guest.
	! ldd "$(command -v busybox)" >/dev/null 2>&1 || missing="$missing busybox-static"
fi

# shellcheck disable=SC2086 # a list of words
exec sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
