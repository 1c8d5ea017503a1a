#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the terminal in which the tests of `portclash top` run (Debian, Ubuntu).
set -eu

missing=
command -v tmux >/dev/null 2>&1 || missing=tmux
[ -e /lib/terminfo/v/vt100 ] || [ -e /usr/share/terminfo/v/vt100 ] || missing="$missing ncurses-base"

# shellcheck disable=SC2086 # a list of words
exec sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
