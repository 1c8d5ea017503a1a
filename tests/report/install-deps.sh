#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what `make check-report` needs beyond packaging/install-deps.sh (Debian), and only what is
# missing. Prints nothing when nothing is.
set -eu

missing=
need_command() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

need_command python3 python3
need_command tidy tidy
need_command chromium chromium

# shellcheck disable=SC2086 # a list of words
exec sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
