#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Puts standard input in the place of a section of RESULTS.md, or at its end:
#     section.sh FILE TITLE
# A section begins with "# TITLE" and ends where the next one begins.
set -eu

file=$1 title=$2
new=$(mktemp)
trap 'rm -f "$new"' EXIT
cat >"$new"
[ -s "$new" ] || exit 1
[ -e "$file" ] || : >"$file"
awk -v title="# $title" -v new="$new" '
function put(    line) {
	print title "\n"
	while ((getline line < new) > 0)
		print line
	done = 1
}
/^# / { inside = $0 == title }
/^# / && inside { put() }
/^# / && !inside && done == 1 { print ""; done = 2 }
!inside
END { if (!done) { if (NR) print ""; put() } }' "$file" >"$file.tmp"
mv "$file.tmp" "$file"
