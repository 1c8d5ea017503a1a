#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# musl.sh BUILD: compiles the source files against musl's headers, without linking: Debian's libraries are glibc's. Which
# words of glibc a build with musl lacks is listed here and in docs/install.md; any other is a failure. Needs no root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

build=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Words that musl lacks and portclash uses: a macro, and the settings of glibc's allocator.
LACKING='-DTEMP_FAILURE_RETRY(call)=(call) -DM_MMAP_THRESHOLD=-3 -Dmallopt(what,value)=(void)0 -Dmalloc_trim(size)=(void)0'
# Headers of libraries, and of the kernel, come after musl's own.
HEADERS="-idirafter /usr/include -idirafter /usr/include/$(gcc -dumpmachine)"

# The subcommands include argp.h, which musl leaves to another library, argp-standalone. Debian does not have that library.
files() { find user -name '*.c' ! -path 'user/cmd/*' ! -path user/main.c; }
# compile OPTION...: what the compiler says of the files
compile() {
	files | xargs -n 20 -P "$(nproc)" musl-gcc -fsyntax-only -std=gnu17 -Wall -Wextra -Werror \
		-D_GNU_SOURCE -Iinclude -Iuser -I"$build" "$@" 2>&1 | grep -E 'error:|fatal' | sort -u
}

# shellcheck disable=SC2086 # lists of words
nothing "each file but the subcommands compiles with musl" "$(compile $LACKING $HEADERS)"
same "only the subcommands need argp" "" "$(files | xargs grep -l '<argp.h>')"
# shellcheck disable=SC2086
same "musl lacks what is listed, no more and no less" "M_MMAP_THRESHOLD TEMP_FAILURE_RETRY malloc_trim mallopt" \
	"$(compile $HEADERS | grep -oE 'M_MMAP_THRESHOLD|TEMP_FAILURE_RETRY|.mallopt.;|.malloc_trim.' | tr -dc 'A-Za-z_\n' |
		LC_ALL=C sort -u | paste -sd' ')"
finish
