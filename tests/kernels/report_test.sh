#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Does report.awk count right, and is a guest that says less than was planned a failure?
set -u
cd "$(dirname "$0")" || exit 1
. ../report.sh

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# guest NAME: its results from standard input. The plan is three scenarios for two back ends.
guest() {
	printf 'fentry a b c\ntracepoint a b c\n' >"$folder/$1.plan"
	cat >"$folder/$1.results"
}

# expect NAME STATUS LAST-LINE [PART]: of the report on the guests since the last one
expect() {
	guests=$(for plan in "$folder"/*.plan; do basename "$plan" .plan; done | tr '\n' ' ')
	files=$(for guest in $guests; do echo "$folder/$guest.plan $folder/$guest.results"; done)
	# shellcheck disable=SC2086 # a list of words
	awk -v kernels="$guests" -v minimum=1 -v command=run.sh -v static=static -f report.awk \
		$files >"$folder/out" 2>&1
	got=$?
	[ $got -eq "$2" ] && [ "$(tail -n 1 "$folder/out")" = "$3" ] &&
		grep -qF -e "${4:-}" "$folder/out"
	result "report.awk, $1" $? "$(echo "status $got, not $2, or no \"$3\" and \"${4:-}\":" &&
		cat "$folder/out")"
	rm "$folder"/*.plan
}

good() { printf 'backend %s\nok a\nok b\nok c\n3 passed, 0 failed, 0 skipped\n' "$@"; }
whole() { echo "kernel 6.1" && good fentry && good tracepoint && echo end; }

whole | guest one
expect "all passed" 0 "6 passed, 0 failed, 0 skipped" "one 6.1"

whole | guest one
whole | sed 's/$/\r/' | guest two
expect "two kernels, one through a terminal" 0 "12 passed, 0 failed, 0 skipped"

whole | sed '0,/ok b/s//FAIL b: x\n     more/' | guest one
expect "a failure" 1 "5 passed, 1 failed, 0 skipped" \
	"run.sh --kernel one --backend fentry --test b static"

whole | sed '0,/ok b/s//skip b: no such thing/' | guest one
expect "a skip" 0 "5 passed, 0 failed, 1 skipped" "skip b (one fentry): no such thing"

(echo "kernel 6.1" && good fentry && echo "died Kernel panic") | guest one
whole | guest two
expect "a panic before a back end" 1 "9 passed, 3 failed, 0 skipped" \
	"FAIL one tracepoint: 3 did not run: Kernel panic"

(whole | sed '/tracepoint/,$d' && printf 'backend tracepoint\nok a\ndied Kernel panic\n') | guest one
expect "a panic in a back end" 1 "4 passed, 2 failed, 0 skipped" "2 did not run: Kernel panic"

echo "died no end within 9 s" | guest one
whole | guest two
expect "a kernel that does not boot" 1 "6 passed, 6 failed, 0 skipped"

whole | sed '0,/ok b/{/ok b/d}' | guest one
expect "a scenario that is not there" 1 "5 passed, 1 failed, 0 skipped"

(echo "kernel 6.1" && printf 'backend fentry\ncannot refused the programs\nR1 bad\n' &&
	good tracepoint && echo end) | guest one
expect "a back end that is refused" 1 "3 passed, 3 failed, 0 skipped" "     R1 bad"

(echo "kernel 6.1" && printf 'backend fentry\ncannot this kernel has no such\n' &&
	good tracepoint && echo end) | guest one
expect "a back end that is not offered" 0 "3 passed, 0 failed, 3 skipped" "this kernel has no such"

echo "unavailable one: no network" | guest one
whole | guest two
expect "a kernel that cannot be had" 0 "6 passed, 0 failed, 1 skipped" "skip one: no network"

echo "unavailable one: no network" | guest one
expect "none at all" 1 "0 passed, 1 failed, 1 skipped"

whole | guest one
: | guest two
expect "no results" 1 "6 passed, 6 failed, 0 skipped"

finish
