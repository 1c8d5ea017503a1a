#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the unit tests and the replay that were built for the other architecture, by QEMU's user mode:
#     emulated.sh QEMU LIST FOLDER
# FOLDER has unit/test_* and replay/replay. LIST (not_emulated.tsv) names each test that cannot work there, with the
# reason: "PROGRAM TEST REASON", with tabs. A TEST of "*" stands for a program that is not run at all. Any other test
# of the list runs, and has to fail: a test that works has no place in the list.
set -u

. "$(dirname "$0")/../report.sh"

LIMIT=100
qemu=$1 list=$2 folder=$3

# reason PROGRAM TEST: why it cannot work; nothing when it has to work
reason() { awk -F '\t' -v p="$1" -v t="$2" '$1 == p && $2 == t { print $3 }' "$list"; }

# judge PROGRAM STATUS: each test of the program once, from what cmocka printed before its summary
judge() {
	seen=0 bad=0
	while IFS="$(printf '\t')" read -r word test; do
		[ -n "$word" ] || continue
		seen=$((seen + 1))
		why=$(reason "$1" "$test")
		[ "$word" != FAILED ] || bad=$((bad + 1))
		case $word/$why in
		OK/) pass "$1 $test" ;;
		SKIPPED/*) skip "$1 $test" "the test itself says that it cannot work here" ;;
		FAILED/) fail "$1 $test" "$(grep -B 6 -F "FAILED  ] $test" "$log")" ;;
		FAILED/*) skip "$1 $test" "$why" ;;
		OK/*) fail "$1 $test" "it works: take it out of $list" ;;
		esac
	done <<-END
		$(awk '/^\[=+\] .* run\.$/ { exit }
			match($0, /^\[ +(OK|FAILED|SKIPPED) +\] /) {
				name = substr($0, RLENGTH + 1)
				gsub(/[^A-Z]/, "", $0)
				word = substr($0, 1)
				print (word ~ /^OK/ ? "OK" : word ~ /^FAILED/ ? "FAILED" : "SKIPPED") "\t" name
			}' "$log")
	END
	announced=$(sed -n 's/^\[=*\] Running \([0-9]*\) test.*/\1/p' "$log")
	if [ "$seen" -ne "${announced:-0}" ] || [ "$2" -ne "$bad" ]; then
		fail "$1" "status $2, $seen of ${announced:-no} tests ended, $bad of them failed; then:
$(tail -5 "$log")"
	fi
}

programs() {
	for source in tests/unit/test_*.c; do
		source=${source##*/}
		echo "unit/${source%.c}"
	done
	echo replay/replay
}

# Lines about programs that are gone, and lines without a reason
stale() {
	tail -n +2 "$list" | awk -F '\t' -v programs="$(programs | sed 's|.*/||' | tr '\n' ' ')" '
		!index(" " programs, " " $1 " ") || NF != 3 || $3 == ""'
}

# run PROGRAM [ARGUMENT...]
run() {
	program=$1
	shift
	CMOCKA_MESSAGE_OUTPUT=stdout timeout "$LIMIT" "$qemu" "$folder/$program" "$@" >"$log" 2>&1 </dev/null
	judge "${program##*/}" $?
}

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
nothing "each line of the list is about a program, and has a reason" "$(stale)"
for program in $(programs); do
	why=$(reason "${program##*/}" '*')
	if [ -n "$why" ]; then
		skip "${program##*/}" "$why"
	elif [ "$program" = replay/replay ]; then
		run "$program" tests/replay 100000
	else
		run "$program"
	fi
done
finish
