#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# reproducible.sh BUILD ARCH...: builds all files of a release once more, in another folder, for another user's
# environment, and compares them with those in BUILD/dist byte by byte.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

first=$(realpath "$1")/dist
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tree="$folder/a much longer path/than before"
mkdir -p "$tree" "$folder/home"
# The copy has no .git of its own: its repository is this one, of which nothing is written.
GIT_DIR=$(git rev-parse --absolute-git-dir)
export GIT_DIR GIT_OPTIONAL_LOCKS=0
sh packaging/tree.sh | tar -x -C "$tree"
cd "$tree" || exit

# The environment of another machine, none of which must matter
differently() {
	umask 077
	export GIT_WORK_TREE="$tree" HOME="$folder/home" TZ=Asia/Kathmandu LANG=de_DE.UTF-8 LC_ALL=C.UTF-8 \
		CFLAGS=-O0 LDFLAGS=-Wl,--build-id CCACHE_DISABLE=1 USER=somebody DOC_URL=elsewhere
	sh packaging/dist/dist.sh "$folder/second" "$@" >"$folder/log" 2>&1
}

if differently "$@"; then pass "it is built once more"; else
	fail "it is built once more" "$(tail -20 "$folder/log")"
fi
for file in "$first"/*; do
	file=${file##*/}
	if cmp -s "$first/$file" "$folder/second/$file"; then pass "$file: the same bytes"; else
		fail "$file: the same bytes" "$(cmp "$first/$file" "$folder/second/$file" 2>&1)"
	fi
done
same "no other files" "$(ls "$first")" "$(ls "$folder/second")"
finish
