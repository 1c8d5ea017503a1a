#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what `make bench-instructions` compares with, beyond tests/kernels/install-deps.sh
# (Debian, Ubuntu): the tools of libbpf-tools, and bpftrace. Prints nothing when nothing is missing.
set -eu

missing=
# The tools are in sbin, which is not in everybody's PATH.
PATH=$PATH:/usr/sbin
command -v tcpconnect >/dev/null 2>&1 || missing=libbpf-tools
command -v bpftrace >/dev/null 2>&1 || missing="$missing bpftrace"
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
$as_root apt-get update -q || echo "portclash: apt-get update had errors; going on" >&2
echo "portclash: installing $missing"
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
	-o DPkg::Lock::Timeout=120 $missing
