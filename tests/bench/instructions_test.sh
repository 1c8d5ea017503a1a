#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Do the scripts of `make bench-instructions` count right, and do they see what is missing?
set -u
cd "$(dirname "$0")" || exit 1
. ../report.sh

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# guest PORTCLASH_NS [GETPPID_NS [LOST [END]]]: what one says, 100 rounds each. A connection alone takes
# 50 µs, the floor 0.5 µs more and tcpconnect 10 µs more.
guest() {
	cat >"$folder/one.results" <<-END
		kernel 6.1
		result none - connect4 100 5000000 0
		result none - getppid 100 30000 0
		result floor fentry connect4 100 5050000 0
		result tcpconnect - connect4 100 5900000 100000
		result portclash fentry connect4 100 5000000 $1
		result portclash fentry getppid 100 30000 ${2:-0}
		runs portclash fentry 3
		lost portclash fentry ${3-0}
		${4-end}
	END
}

# tables NAME STATUS LINE…: of the last guest; all these lines must be there
tables() {
	name=$1 want=$2
	shift 2
	got=0
	out=$(awk -v backends="fentry tracepoint" -v loads="connect4 getppid" -f instructions.awk \
		"$folder/one.results") || got=$?
	ended_with "$name" "$want" "$got" "$out" -x "$@"
}

guest 90000
tables "aims that are kept" 0 \
	'| portclash fentry | +0.900 (+1.80 %) | +0.000 (+0.00 %) | 3 |' \
	'* fentry kept: +1.80 % of a connection, at most 3 %' \
	'* fentry kept: 1.8 times the floor, at most 2' \
	'* fentry kept: 1/11.1 of what tcpconnect adds, at most 1/8' \
	'* fentry kept: +0.00 instructions a getppid(), less than 1'
guest 160000 150
tables "aims that are missed" 0 \
	'* fentry MISSED: +3.20 % of a connection, at most 3 %' \
	'* fentry MISSED: 3.2 times the floor, at most 2' \
	'* fentry MISSED: 1/6.2 of what tcpconnect adds, at most 1/8' \
	'* fentry MISSED: +1.50 instructions a getppid(), less than 1'
guest 90000 0 7
tables "lost records are said" 0 '* not as planned: portclash fentry lost 7 records'
guest 90000 0 ''
tables "no summary is said" 0 \
	'* not as planned: portclash fentry lost nobody knows how many records'
guest 90000 0 0 ''
tables "a guest without an end" 1 \
	'* NOT ALL of it: the guest did not come to its end'
guest 90000 0 0 "cannot tcplife - no BTF
end"
tables "a peer that does not run" 0 \
	'* not as planned: tcplife -: no BTF'
: >"$folder/one.results"
tables "a guest that says nothing" 1

printf '# One\n\nold\n\n# Two\n\nkept\n' >"$folder/results"
echo new | sh section.sh "$folder/results" One
echo third | sh section.sh "$folder/results" Three
[ "$(cat "$folder/results")" = "$(printf '# One\n\nnew\n\n# Two\n\nkept\n\n# Three\n\nthird\n')" ]
result "a section is replaced or added" $? "$(cat "$folder/results")"

# A program for each hook of the monitor
awk -f floor.awk ../../bpf/*.bpf.c ../../bpf/*.bpf.h >"$folder/floor.c"
status=$?
hooks() { grep -hoE '^SEC."(tp_btf|tracepoint|cgroup|fentry|fexit|kprobe|kretprobe)/.*' "$@" | sort; }
[ $status -eq 0 ] && [ "$(hooks ../../bpf/*.bpf.[ch])" = "$(hooks "$folder/floor.c")" ] &&
	[ "$(hooks "$folder/floor.c" | wc -l)" -eq "$(grep -c '^int ' "$folder/floor.c")" ]
result "the floor has the hooks of the monitor" $? "$(hooks "$folder/floor.c")"
! printf 'SEC("fentry/x")\nnothing\n' | awk -f floor.awk >/dev/null 2>&1
result "a hook without a program is an error" $?

finish
