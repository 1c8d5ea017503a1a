#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# options.sh PORTCLASH: subcommands, options and causes as the binary itself has them, for man
# pages and completions, so that these cannot drift. Lines of fields with tabs between them:
#     command NAME HELP
#     option COMMAND SHORT LONG ARGUMENT KIND VALUES HELP
#     operand COMMAND KIND VALUES
#     cause NAME HELP           (errors and socket states, too, that `explain` knows)
#     usage|about COMMAND TEXT
#     status COMMAND NUMBER TEXT
#     example COMMAND LINE TEXT
# "-" stands for an empty field. KIND says what to complete: none (no argument), any, words
# (VALUES), file, folder, pid, netns, service (names of ports), cause, command.
set -eu

portclash=$1
LC_ALL=C
# One line an option, whatever its length.
ARGP_HELP_FMT=rmargin=9999,opt-doc-col=60
export LC_ALL ARGP_HELP_FMT

commands() {
	"$portclash" --help | awk '
	/^[A-Z]/ { listed = /^Commands:/ }
	listed && NF && !/^Commands:/ {
		name = $1
		sub(/^ *[a-z]+ +/, "")
		print "command\t" name "\t" $0
	}'
}

# options COMMAND: what --help lists; the last two are those of every command. Where the argument is
# called "a|b", these are its values; for others that can be listed, values() has them.
options() {
	"$portclash" "$1" --help | awk -v command="$1" '
	function kind_of(long, argument) {
		if (argument == "-")
			return "none"
		if (values(long, argument) != "-")
			return "words"
		if (argument ~ /^FILE/)
			return "file"
		if (argument ~ /^(DIR|FOLDER)/)
			return "folder"
		if (argument == "CAUSE")
			return "cause"
		if (long == "netns")
			return "netns"
		return argument == "PID" ? "pid" : "any"
	}
	function values(long, argument) {
		if (argument ~ /[|]/) {
			gsub(/[|]/, " ", argument)
			return argument
		}
		return long == "backend" ? "auto fentry kprobe tracepoint" : "-"
	}
	/^ +(-.,? )? *--[a-z]/ {
		short = argument = "-"
		if (match($0, /^ +-.,/))
			short = substr($0, RLENGTH - 1, 1)
		sub(/^ +(-., )? *--/, "")
		spec = $1
		gsub(/[][]/, "", spec)
		sub(/^[^ ]+ */, "")
		long = spec
		if (match(spec, /=/)) {
			long = substr(spec, 1, RSTART - 1)
			argument = substr(spec, RSTART + 1)
		}
		print "option\t" command "\t" short "\t" long "\t" argument "\t" \
			kind_of(long, argument) "\t" values(long, argument) "\t" $0
	}'
}

# operand COMMAND: what may come besides options, read from the line "Usage:".
operand() {
	"$portclash" "$1" --help | awk -v command="$1" '
	NR == 1 && /CAUSE/ { print "operand\t" command "\tcause\t-" }
	NR == 1 && /PORT|LIST/ { print "operand\t" command "\tservice\t-" }
	NR == 1 && /COMMAND/ { print "operand\t" command "\tcommand\t-" }'
}

# told COMMAND: the other lines of --help
told() {
	"$portclash" "$1" --help | awk -v command="$1" '
	NR == 1 && sub(/^Usage: portclash [a-z]+ /, "") { print "usage\t" command "\t" $0 }
	NR == 2 { print "about\t" command "\t" $0 }
	/^[A-Z]/ || !NF { part = "" }
	/^Examples:$/ { part = "example" }
	/^Exit status:$/ { part = "status" }
	part && sub(/^  /, "") {
		at = match($0, /  +/)
		print part "\t" command "\t" substr($0, 1, at - 1) "\t" substr($0, at + RLENGTH)
	}'
}

causes() {
	"$portclash" explain | awk 'NF {
		name = $1
		sub(/^[^ ]+ +/, "")
		print "cause\t" name "\t" $0
	}'
}

commands
for command in $(commands | cut -f 2); do
	options "$command"
	operand "$command"
	told "$command"
done
causes
