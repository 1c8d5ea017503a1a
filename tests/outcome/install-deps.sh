#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the resolver and the load for it (Debian, Ubuntu).
set -eu

missing=
command -v unbound >/dev/null 2>&1 || [ -x /usr/sbin/unbound ] || missing=unbound
command -v dnsperf >/dev/null 2>&1 || missing="$missing dnsperf"

# shellcheck disable=SC2086 # a list of words
exec sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
