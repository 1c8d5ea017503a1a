#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Does run.sh count right, and does it notice suites that crash, hang or test nothing?
set -u
cd "$(dirname "$0")" || exit 1

logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
passed=0
failed=0

# A suite as cmocka would print it: cmocka PASSED FAILED SKIPPED
cmocka() {
	printf "printf '[==========] Running 9 test(s).\\\\n[  FAILED  ] a\\\\n"
	printf "[==========] 9 test(s) run.\\\\n[  PASSED  ] %d test(s).\\\\n" "$1"
	[ "$3" -eq 0 ] || printf "[  SKIPPED ] %d test(s), listed below:\\\\n" "$3"
	[ "$2" -eq 0 ] || printf "[  FAILED  ] %d test(s), listed below:\\\\n[  FAILED  ] a\\\\n\\\\n" "$2"
	[ "$2" -eq 0 ] || printf " %d FAILED TEST(S)\\\\n" "$2"
	printf "'"
}

# expect NAME STATUS LAST-LINE SUITE...
expect() {
	name=$1
	status=$2
	last=$3
	shift 3
	V='' SUITE_LIMIT=1 sh run.sh "$logs" "$@" >"$logs/out" 2>&1
	got=$?
	if [ "$got" -eq "$status" ] && [ "$(tail -1 "$logs/out")" = "$last" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL run.sh, $name: status $got, not $status:"
		sed 's/^/    /' "$logs/out"
	fi
}

expect "all passed" 0 "5 passed, 0 failed, 0 skipped" "$(cmocka 5 0 0)"
expect "one failed" 1 "4 passed, 1 failed, 0 skipped" "$(cmocka 4 1 0); exit 1"
expect "skipped" 0 "3 passed, 0 failed, 2 skipped" "$(cmocka 3 0 2)"
expect "all skipped" 0 "0 passed, 0 failed, 2 skipped" "$(cmocka 0 0 2)"
expect "newer cmocka" 1 "7 passed, 2 failed, 1 skipped" \
	"printf '[  PASSED  ] t: 7 test(s).\n[  SKIPPED ] t: 1 test(s), listed below:\n 2 FAILED TEST(S)\n'; exit 2"
expect "another suite" 1 "9 passed, 3 failed, 4 skipped" \
	"echo 1 passed, 1 failed, 0 skipped; echo 8 passed, 2 failed, 4 skipped; exit 1"
expect "the sum" 1 "14 passed, 2 failed, 3 skipped" "$(cmocka 5 0 1)" "$(cmocka 5 1 1); exit 1" \
	"echo 4 passed, 1 failed, 1 skipped; exit 1"
expect "no test" 1 "0 passed, 1 failed, 0 skipped" "true"
expect "no suite" 1 "0 passed, 0 failed, 0 skipped"
expect "a crash" 1 "5 passed, 1 failed, 0 skipped" "$(cmocka 5 0 0)" 'kill -SEGV $$'
expect "a crash after its results" 1 "5 passed, 1 failed, 0 skipped" "$(cmocka 5 0 0); kill -ABRT \$\$"
expect "a failure that is not counted" 1 "5 passed, 1 failed, 0 skipped" "$(cmocka 5 0 0); exit 23"
expect "no such program" 1 "0 passed, 1 failed, 0 skipped" "./no-such-program"
expect "no end" 1 "0 passed, 1 failed, 0 skipped" "sleep 100"

if grep -q '^skip .*: why' "$logs/out"; then
	echo "FAIL run.sh: shows a skip that was not there"
	failed=$((failed + 1))
fi
sh run.sh "$logs" "echo 'skip this: why'; echo 1 passed, 0 failed, 1 skipped" >"$logs/out"
if grep -q 'skip this: why' "$logs/out"; then
	passed=$((passed + 1))
else
	echo "FAIL run.sh does not show why a test was skipped"
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
