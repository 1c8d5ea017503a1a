#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs test suites one after another, each a command line, and adds up what they say:
#     run.sh LOGS COMMAND...
# A suite is a cmocka program, or prints "N passed, N failed, N skipped" last. A suite that
# crashes, hangs or runs no test at all is a failure. V=1 shows all that is printed; else it
# is in the folder LOGS, and shown when something failed; skips and tables ("| …") always are.
# The last line is the sum.
set -u

# Seconds for one suite. The slowest, the live tests, have limits of their own.
limit=${SUITE_LIMIT:-3600}

passed=0
failed=0
skipped=0
broken=

# count LOG: "PASSED FAILED SKIPPED". cmocka's results are taken from its closing lines: the
# others go to two streams, in either order. Its PASSED line is missing after a crash.
count() {
	awk '
	function number(line) { match(line, /[0-9]+/); return substr(line, RSTART, RLENGTH) + 0 }
	/^\[  PASSED  \] ([^ ]+: )?[0-9]+ test\(s\)\./ { sub(/^[^]]*\] ([^ ]+: )?/, ""); p += number($0) }
	/^\[  SKIPPED \] ([^ ]+: )?[0-9]+ test\(s\), listed below:/ {
		sub(/^[^]]*\] ([^ ]+: )?/, ""); s += number($0)
	}
	/^ [0-9]+ FAILED TEST\(S\)$/ { f += number($0) }
	/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 }
	END { print p + 0, f + 0, s + 0 }' "$1"
}

# verdict STATUS FAILED RUN: what is wrong with the suite itself; "" for nothing
verdict() {
	if [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		echo "killed: no end within $limit s"
	elif [ "$1" -gt 128 ]; then
		echo "crashed with signal $(($1 - 128))"
	elif [ "$1" -ne 0 ] && [ "$2" -eq 0 ]; then
		echo "exit status $1"
	elif [ "$3" -eq 0 ]; then
		echo "ran no test"
	fi
}

show() {
	if [ -n "${V:-}" ]; then
		cat "$1"
	elif [ "$2" = FAIL ]; then
		grep -v -e '^ok ' -e '^\[ RUN      \]' -e '^\[       OK \]' "$1" | head -200 |
			cut -c1-300 | sed 's/^/    /'
		echo "    all of it: $1"
	fi
	grep -e '^skip ' -e '^rules: ' -e '^known difference: ' -e '^| ' "$1" | sed 's/^/  /'
}

run_suite() {
	name=$(echo "$1" | sed 's|^[^ ]*build/||; s|^sh ||')
	log=$logs/$(echo "$name" | tr -c 'A-Za-z0-9_\n' '-').log
	CMOCKA_MESSAGE_OUTPUT=stdout timeout -k 10 "$limit" sh -c "$1" >"$log" 2>&1 </dev/null
	status=$?
	# shellcheck disable=SC2046 # three numbers
	set -- $(count "$log")
	wrong=$(verdict "$status" "$2" $(($1 + $2 + $3)))
	[ -z "$wrong" ] || set -- "$1" $(($2 + 1)) "$3"
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
	word=ok
	[ "$2" -eq 0 ] || word=FAIL
	[ "$2" -eq 0 ] || broken="$broken $name"
	printf '%-4s %-40s %s passed, %s failed, %s skipped%s\n' "$word" "$name" "$1" "$2" "$3" \
		"${wrong:+; $wrong}"
	show "$log" "$word"
}

logs=$1
shift
mkdir -p "$logs"
for suite; do
	run_suite "$suite"
done
[ -z "$broken" ] || echo "failures in:$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
