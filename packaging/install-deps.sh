#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what building and testing need with the system's package manager (Debian,
# Ubuntu), and only what is missing. Prints nothing when nothing is.
set -eu

missing=
need_command() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need_file() { [ -e "$1" ] || missing="$missing $2"; }

need_command gcc gcc
need_command clang clang
need_command pkg-config pkg-config
need_command bpftool bpftool
need_file /usr/include/bpf/libbpf.h libbpf-dev
need_file /usr/include/libelf.h libelf-dev
need_file /usr/include/zlib.h zlib1g-dev
need_file /usr/include/jansson.h libjansson-dev
need_file /usr/include/sys/capability.h libcap-dev
need_file /usr/include/seccomp.h libseccomp-dev
need_file /usr/include/yaml.h libyaml-dev
need_file /usr/include/curses.h libncurses-dev
need_file /usr/include/uthash.h uthash-dev
need_file /usr/include/cmocka.h libcmocka-dev
need_command systemd-analyze systemd
need_file /usr/include/stdio.h libc6-dev

# shellcheck disable=SC2086 # a list of words
exec sh "$(dirname "$0")/apt-install.sh" $missing
