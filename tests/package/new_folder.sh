#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The scripts that build into a folder named by the caller refuse one that has files, and leave the files alone.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/empty" "$folder/full"
echo kept >"$folder/full/.file"
# Git is not asked, and nothing is built: the folder is looked at first.
build() { timeout 20 sh "packaging/$1" "$2" none; }

# refuses SCRIPT FOLDER
refuses() {
	! out=$(build "$1" "$2" 2>&1) && [ "$out" = "$2 is not an empty folder: name another one, or remove it first" ]
	result "$1 refuses ${2##*/}" $? "$out"
	same "$1 leaves its file" kept "$(cat "$folder/full/.file")"
}

for script in new-folder.sh deb.sh dist/dist.sh; do
	refuses $script "$folder/full"
	refuses $script "$folder/full/.file"
done
holds "a new folder is made" build new-folder.sh "$folder/a/new one"
holds "an empty one is taken" build new-folder.sh "$folder/empty"
nothing "each is there, and empty" "$(find "$folder/a/new one" "$folder/empty" -mindepth 1 2>&1)"
finish
