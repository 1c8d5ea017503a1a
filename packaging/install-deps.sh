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
need_file /usr/include/yaml.h libyaml-dev
need_file /usr/include/uthash.h uthash-dev
need_file /usr/include/cmocka.h libcmocka-dev
need_file /usr/include/stdio.h libc6-dev

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "portclash: missing:$missing" >&2
	echo "This script installs with apt-get only; install these with your package manager." >&2
	exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "portclash: missing:$missing; run as root: apt-get install$missing" >&2
		exit 1
	}
	as_root=sudo
fi
# A third-party list that cannot be reached must not stop the rest.
$as_root apt-get update -q || echo "portclash: apt-get update had errors; going on" >&2
# Debian has bpftool as a package of its own, older Ubuntu in linux-tools.
if ! apt-cache show bpftool >/dev/null 2>&1; then
	missing="$(echo "$missing" | sed 's/ bpftool/ linux-tools-common linux-tools-generic/')"
fi
echo "portclash: installing$missing"
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing
