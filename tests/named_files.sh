#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# named_files.sh KIND DOCUMENT...: prints DOCUMENT: NAME for each name in the documents that stands
# for nothing in this repository (the working directory). KIND is `files`, `links` or `identifiers`.
# style.sh demands that all three print nothing.
set -u

kind=$1
shift
folders='bpf|user|include|vmlinux|tests|packaging|docs'
suffixes='c|h|md|sh|awk|mk|py|in|pcrec|expect'

# Paths below the source folders, quoted or not; quoted names and paths with a source's suffix. A path
# that begins with / or ~ is the machine's, one that begins with build/ is made by make.
files_of() {
	grep -oE '[A-Za-z0-9_.*/~:-]*[A-Za-z0-9_*/]' "$1" | grep -E "^($folders)/|/.*\.($suffixes)$" |
		grep -vE '^[/~]|^build/|//'
	grep -oE '`[A-Za-z0-9_.*/-]+`' "$1" | tr -d '`' | grep -E "^[A-Za-z0-9_.*-]+\.($suffixes)$"
}

# NAME and TARGET stand for any name. A name without a folder is that of a file anywhere; one with a
# folder begins at the repository or at the document's own folder.
# file_exists NAME DOCUMENT
file_exists() {
	pattern=$(echo "$1" | sed 's/NAME/*/g; s/TARGET/*/g')
	case $pattern in
	*/*)
		ls -d $pattern >/dev/null 2>&1 || (cd "$(dirname "$2")" && ls -d $pattern >/dev/null 2>&1)
		;;
	*) [ -n "$(find . \( -name build -o -name .git \) -prune -o -name "$pattern" -print)" ] ;;
	esac
}

links_of() { grep -oE '\]\([^):#]+' "$1" | sed 's/^..//'; }

identifiers_of() {
	grep -oE '`((struct|enum) )?(pc|PC)_[A-Za-z0-9_]+`' "$1" | tr -d '`' | sed 's/.* //'
}

identifier_exists() { grep -rqw --include='*.[ch]' -e "$1" bpf include user tests; }

for document in "$@"; do
	case $kind in
	files)
		files_of "$document" | sort -u | while read -r name; do
			file_exists "$name" "$document" || echo "$document: $name"
		done
		;;
	links)
		links_of "$document" | sort -u | while read -r name; do
			[ -e "$(dirname "$document")/$name" ] || echo "$document: $name"
		done
		;;
	identifiers)
		identifiers_of "$document" | sort -u | while read -r name; do
			identifier_exists "$name" 2>/dev/null || echo "$document: $name"
		done
		;;
	esac
done
