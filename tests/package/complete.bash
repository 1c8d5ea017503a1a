#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# complete.bash FILE LINE: what bash would offer for LINE, one a line, with the completion in FILE.
# Words are broken at "=", as readline does.

# shellcheck source=/dev/null
source "$1"
line=${2//=/ = }
read -r -a COMP_WORDS <<<"$line"
case $line in *' ') [[ $2 == *= ]] || COMP_WORDS+=('') ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_portclash
printf '%s\n' "${COMPREPLY[@]}"
