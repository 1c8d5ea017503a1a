#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# new-folder.sh FOLDER: makes the folder of a build, or takes an empty one. Refuses any other: a build writes over
# nothing that is there, and removes nothing that it did not make.
set -eu

if [ -e "$1" ] && { [ ! -d "$1" ] || [ -n "$(ls -A -- "$1")" ]; }; then
	echo "$1 is not an empty folder: name another one, or remove it first" >&2
	exit 1
fi
mkdir -p -- "$1"
