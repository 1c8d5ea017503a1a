#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# drift.sh BUILD: man pages and completions have what the binary in BUILD has, no more and no less.
# Both are made from its option tables by packaging/options.sh; this asks in another way: --help as
# a user sees it, the pages as they are installed, and what the shells themselves offer.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

build=$1
portclash=$build/portclash
shells="bash zsh fish"

# offered SHELL FOLDER LINE
offered() {
	case $1 in
	bash) bash "$here/complete.bash" "$2/portclash.bash" "$3" | sed 's/=$//' ;;
	zsh) zsh -f "$here/complete.zsh" "$2" "$3" | grep -vx -e - -e -- | tr -d '\\' ;;
	fish)
		fish --no-config -c 'source $argv[1]/portclash.fish; complete -C $argv[2]' \
			"$2" "$3" | cut -f 1
		;;
	esac | sort -u
}

# The pages that there are; build/man may have some of an older tree.
pages() { (cd packaging/man && ls -- *.in) | sed 's/\.in$//'; }

commands() {
	LC_ALL=C "$portclash" --help | awk '/^[A-Z]/ { list = /^Commands:/; next } list && NF { print $1 }' | sort
}

# Long and short options as --help has them.
real_options() {
	LC_ALL=C "$portclash" "$1" --help | grep -E '^ {1,6}-' |
		grep -oE '^ *(-[a-zA-Z], )? *--[a-z][a-z-]*' |
		grep -oE -- '--[a-z-]+|-[a-zA-Z]' | sort
}

# In "-p, --port=LIST" of the page as it is read.
page_options() {
	mandoc -T utf8 "$1" | col -b | sed -n '/^OPTIONS/,/^[A-Z]/p' | expand |
		grep -E '^     -' | grep -oE -- '^     -[^ ]*( --[a-z-]*)?' |
		grep -oE -- '--[a-z-]+|-[a-zA-Z]' | sort
}

# completion_options SHELL FOLDER COMMAND
completion_options() {
	{
		offered "$1" "$2" "portclash $3 --"
		offered "$1" "$2" "portclash $3 -"
	} | grep -v '^-?$' | sort -u
}

# differences COMMAND COMPLETIONS PAGES: in each place that has not this command's options
differences() {
	real=$(real_options "$1")
	[ -n "$real" ] || echo "--help shows no option"
	[ "$real" = "$(page_options "$3/portclash-$1.8")" ] || echo "the man page differs"
	for shell in $shells; do
		[ "$real" = "$(completion_options "$shell" "$2" "$1")" ] || echo "$shell differs"
	done
}

check_commands() {
	for shell in $shells; do
		same "$shell offers the commands" "$(commands)" \
			"$(offered "$shell" "$build/completions" "portclash " | grep -v '^-')"
	done
	same "each command has its page, and no other" \
		"$(commands | sed 's/.*/portclash-&.8/')" \
		"$(pages | grep '^portclash-.*\.8$')"
	for command in $(commands); do
		nothing "$command: page and completions have its options" \
			"$(differences "$command" "$build/completions" "$build/man")"
	done
}

# values NAME LINE EXPECTED: what each shell offers behind LINE
values() {
	for shell in $shells; do
		same "$shell: $1" "$3" "$(offered "$shell" "$build/completions" "$2" | sed 's/.*=//')"
	done
}

# words TEXT: sorted, one a line
words() { echo "$1" | tr ' ' '\n' | sort; }

check_values() {
	backends=$(grep -o '\[PC_BACKEND_[A-Z]*\] = "[a-z]*"' user/core/config/backends.c | cut -d '"' -f 2)
	values "the back ends of the code" "portclash trace --backend=" "$(words "$backends")"
	for backend in $backends; do
		holds "it takes the back end $backend" "$portclash" trace --backend "$backend" --help
	done
	values "the protocols" "portclash trace --proto=" "$(words "tcp udp")"
	values "the causes" "portclash explain " \
		"$({
			sed -n 's/^\t\.name = "\(.*\)",$/\1/p' user/core/verdict/cause_*.c
			sed -n 's/^## `\([A-Z_]*\)`$/\1/p' docs/causes.md
		} | sort)"
	values "one cause" "portclash explain ephemeral-c" ephemeral-client
	values "a service" "portclash who https" https
	values "a command" "portclash trace -- mkfif" mkfifo
}

# read_page FILE COLUMNS: as it is read in a terminal so wide
read_page() { mandoc -T utf8 -O width="$2" "$1" | LC_ALL=C.UTF-8 col -bx; }

wide_lines() { read_page "$build/man/$1" 80 | LC_ALL=C.UTF-8 grep -E '.{81}' | sed "s|^|$1: |"; }

# Files of the source tree, and below /usr files of portclash that the package does not bring. In examples
# the program is where a package has it.
strange_files() {
	tree="bpf|build|docs|include|packaging|tests|user|vmlinux"
	read_page "$build/man/$1" 1000 >"$build/page.txt"
	{
		grep -oE "(^|[^a-zA-Z0-9_./])($tree)/[a-z*][^ ,;:)]*" "$build/page.txt"
		grep -oE '(^|[^a-zA-Z0-9_./-])[A-Z]{4,}\.md' "$build/page.txt"
		grep -oE '/(usr|opt)/[^ ,;:()]*/portclash[^ ,;:()]*' "$build/page.txt" | sed 's/\.$//' |
			grep -vx /usr/bin/portclash |
			while read -r file; do
				cut -d : -f 3 "$build/installed.txt" | grep -qxF "$file" || echo " $file"
			done
	} | sed "s|^|$1: |"
	rm "$build/page.txt"
}

check_pages() {
	nothing "mandoc finds nothing to say" \
		"$(pages | sed "s|^|$build/man/|" | xargs mandoc -T lint -W warning 2>&1)"
	nothing "pages speak of no page that is not there" "$(
		for page in $(pages); do
			mandoc -T utf8 "$build/man/$page" | col -b |
				grep -oE 'portclash[a-z.-]*\([0-9]\)' | tr '(' . | tr -d ')' | sort -u |
				while read -r other; do
					pages | grep -qxF "$other" || echo "$page speaks of $other"
				done
		done
	)"
	nothing "no line of a page is wider than 80 columns" "$(for page in $(pages); do wide_lines "$page"; done)"
	nothing "pages name no file that is not installed" \
		"$(for page in $(pages); do strange_files "$page"; done)"
	for name in bash:portclash.bash zsh:_portclash fish:portclash.fish; do
		holds "${name%%:*} finds no mistake" "${name%%:*}" -n "$build/completions/${name#*:}"
	done
}

# Names of network namespaces are others' text: they are offered, not run.
check_hostile() {
	if [ "$(id -u)" -ne 0 ]; then
		skip "a hostile name of a network namespace" "needs root"
		return
	fi
	same "a name of a network namespace is not run" 'all,self,$(echo ran >&2),' \
		"$(unshare --mount sh -c 'mkdir -p /run/netns; mount -t tmpfs none /run/netns
			: >"/run/netns/\$(echo ran >&2)"
			bash "$1/complete.bash" "$2" "portclash audit --netns="' \
			sh "$here" "$build/completions/portclash.bash" 2>&1 | tr '\n' ',')"
}

# With an option too few and one too many in the table all four must be told.
check_itself() {
	folder=$(mktemp -d)
	mkdir "$folder/man"
	sed 's/^\(option\ttrace\t-\t\)claims\t/\1clams\t/' "$build/options.tsv" >"$folder/options.tsv"
	awk -f packaging/man/page.awk "$folder/options.tsv" packaging/man/portclash-trace.8.in \
		>"$folder/man/portclash-trace.8"
	for name in bash:portclash.bash zsh:_portclash fish:portclash.fish; do
		awk -f packaging/completions/fill.awk -f "packaging/completions/${name%%:*}.awk" \
			"$folder/options.tsv" "packaging/completions/${name#*:}.in" >"$folder/${name#*:}"
	done
	same "this test sees one option that is wrong, in all four" \
		"the man page differs;bash differs;zsh differs;fish differs;" \
		"$(differences trace "$folder" "$folder/man" | tr '\n' ';')"
	rm -r "$folder"
}

# A page with one line that is too wide, and with each kind of file that is not installed.
check_page_checks() {
	real=$build
	folder=$(mktemp -d)
	mkdir "$folder/man"
	: >"$folder/installed.txt"
	{
		printf '.Dd January 1, 2026\n.Dt X 8\n.Os Linux\n.Sh NAME\n.Nm x\n.Nd x\n.Sh FILES\n'
		printf 'tests/x.sh, (packaging/fleet/), ARCHITECTURE.md and /usr/share/portclash/gone.yml.\n'
		printf '.Bd -literal\n%080d\n.Ed\n' 0
	} >"$folder/man/x.8"
	build=$folder
	same "this test sees a line that is too wide and files that are not installed" 5 \
		"$({
			wide_lines x.8
			strange_files x.8
		} | grep -c .)"
	build=$real
	rm -r "$folder"
}

check_commands
check_values
check_pages
check_hostile
check_itself
check_page_checks
finish
