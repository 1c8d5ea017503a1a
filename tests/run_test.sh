#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Does run.sh count right, does it notice suites that crash, hang, test nothing or contradict
# themselves, does it keep apart what must not run side by side, and does it say what is running?
set -u
cd "$(dirname "$0")" || exit 1
. ./report.sh

logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
unset V MUST_RUN SUITE_LIMIT SUITE_BEAT SUITE_JOBS

# A suite as cmocka would print it: cmocka PASSED FAILED SKIPPED [ANNOUNCED]
cmocka() {
	printf "printf '[==========] Running %d test(s).\\\\n" "${4:-$(($1 + $2 + $3))}"
	[ "$3" -eq 0 ] || printf "skip a: why\\\\n[  SKIPPED ] a\\\\n"
	printf "[==========] 9 test(s) run.\\\\n[  PASSED  ] %d test(s).\\\\n" "$1"
	[ "$3" -eq 0 ] || printf "[  SKIPPED ] %d test(s), listed below:\\\\n" "$3"
	[ "$2" -eq 0 ] || printf "[  FAILED  ] %d test(s), listed below:\\\\n[  FAILED  ] a\\\\n\\\\n" "$2"
	[ "$2" -eq 0 ] || printf " %d FAILED TEST(S)\\\\n" "$2"
	printf "'"
}

# judged NAME STATUS: 0 is good; else what run.sh printed is shown
judged() {
	result "run.sh, $1" "$2" "$(echo "status $got, and:" && cat "$logs/out")"
}

# expect NAME STATUS LAST-LINE ARGUMENT...: of run.sh, which is to say the sum once and last
expect() {
	name=$1
	status=$2
	last=$3
	shift 3
	bash run.sh "$logs" "$@" >"$logs/out" 2>&1
	got=$?
	[ "$got" -eq "$status" ] && [ "$(tail -1 "$logs/out")" = "$last" ] &&
		[ "$(grep -c '^[0-9]* passed' "$logs/out")" -eq 1 ]
	judged "$name" $?
}

# says NAME PATTERN: a line that the run before is to have printed
says() {
	grep -q -e "$2" "$logs/out"
	judged "$1" $?
}

says_not() {
	! grep -q -e "$2" "$logs/out"
	judged "$1" $?
}

one='echo 1 passed, 0 failed, 0 skipped'
skips="echo 'skip this: why'; echo 0 passed, 0 failed, 1 skipped"

expect "all passed" 0 "5 passed, 0 failed, 0 skipped" "$(cmocka 5 0 0)"
expect "one failed" 1 "4 passed, 1 failed, 0 skipped" "$(cmocka 4 1 0); exit 1"
says "the suite that failed" "^failures in: printf"
expect "a test that failed, said again at the end" 1 "1 passed, 1 failed, 0 skipped" \
	"echo 'FAIL robbed'; echo '    port: 80'; echo ok b; echo '    fine'; echo 1 passed, 1 failed, 0 skipped"
tail -4 "$logs/out" | tr '\n' '|' | grep -q '^  FAIL robbed|      port: 80|failures in: '
judged "its name and what it printed" $?
expect "skipped" 0 "3 passed, 0 failed, 2 skipped" "$(cmocka 3 0 2)"
expect "all skipped" 0 "0 passed, 0 failed, 2 skipped" "$(cmocka 0 0 2)"
says "that is not ok" "^skip printf"
expect "newer cmocka" 1 "7 passed, 2 failed, 1 skipped" \
	"printf 'skip a: why\n[  PASSED  ] t: 7 test(s).\n[  SKIPPED ] t: 1 test(s), listed below:\n 2 FAILED TEST(S)\n'; exit 2"
expect "another suite" 1 "9 passed, 3 failed, 4 skipped" \
	"echo 'skip a: why'; echo 1 passed, 1 failed, 0 skipped; echo 8 passed, 2 failed, 4 skipped; exit 1"
expect "the sum" 1 "14 passed, 2 failed, 3 skipped" "$(cmocka 5 0 1)" "$(cmocka 5 1 1); exit 1" \
	"echo 'skip a: why'; echo 4 passed, 1 failed, 1 skipped; exit 1"

expect "no test" 1 "0 passed, 1 failed, 0 skipped" "true"
says "that it ran none" "ran no test$"
expect "no suite" 1 "0 passed, 0 failed, 0 skipped"
expect "a crash" 1 "5 passed, 1 failed, 0 skipped" "$(cmocka 5 0 0)" 'kill -SEGV $$'
says "the signal" "crashed with signal 11$"
expect "a crash after its results" 1 "5 passed, 1 failed, 0 skipped" "$(cmocka 5 0 0); kill -ABRT \$\$"
expect "a failure that is not counted" 1 "5 passed, 1 failed, 0 skipped" "$(cmocka 5 0 0); exit 23"
expect "no such program" 1 "0 passed, 1 failed, 0 skipped" "./no-such-program"
# shellcheck disable=SC2016 # for the suite's shell
expect "a runner that is killed" 1 "1 passed, 1 failed, 0 skipped" 'kill -KILL $PPID; sleep 1' "$one"
says "that it was killed" "was killed$"
expect "an interrupt as a terminal sends it" 1 "0 passed, 1 failed, 0 skipped" 'kill -INT $$; '"$one"
says "that it has not been ignored" "crashed with signal 2$"

expect "no end" 1 "1 passed, 1 failed, 0 skipped" --limit 1 "sleep 100" --limit 100 "$one"
says "the limit" "killed: no end within 1 s$"
expect "time to clean up at the limit" 1 "0 passed, 1 failed, 0 skipped" --limit 2 \
	"trap 'echo >$logs/cleaned; exit 1' TERM; while :; do sleep 0.1; done"
[ -e "$logs/cleaned" ]
judged "it has cleaned up" $?

expect "tests that nobody counted" 1 "5 passed, 1 failed, 0 skipped" "$(cmocka 5 0 0 6)"
says "how many" "6 tests began, 5 are counted$"
expect "a count that is too high" 1 "3 passed, 1 failed, 0 skipped" \
	"echo ok a; echo ok b; echo 3 passed, 0 failed, 0 skipped"
says "what it shows" "shows 2 tests that passed, counts 3$"
expect "a count that is too low" 1 "1 passed, 1 failed, 0 skipped" "echo ok a; echo ok b; $one"
expect "a failure that is shown and not counted" 1 "1 passed, 1 failed, 0 skipped" \
	"echo ok a; echo FAIL b; $one"
expect "a skip without a reason" 1 "1 passed, 1 failed, 1 skipped" "echo 1 passed, 0 failed, 1 skipped"
says "that there is none" "skips without saying why$"

expect "a skip with its reason" 0 "1 passed, 0 failed, 1 skipped" "$skips" "$one"
says "the reason" "skip this: why"
export MUST_RUN=1
expect "in CI something must run" 1 "1 passed, 1 failed, 1 skipped" "$skips" "$one"
says "that nothing did" "skipped all it has$"
unset MUST_RUN

export SUITE_BEAT=0.2 SUITE_JOBS=2
expect "a suite that takes its time" 0 "1 passed, 0 failed, 0 skipped" "echo half; sleep 1; $one"
says "what is running, since when, how far" "^\.\.\.  echo half.* running, 0 s: half$"

# wait_for FILE: a suite that ends when that is there, at once after it made its own
wait_for() { echo ": >$logs/$1; until [ -e $logs/$2 ]; do sleep 0.1; done; $one"; }
expect "two side by side" 0 "2 passed, 0 failed, 0 skipped" --beside --limit 30 \
	"$(wait_for a b)" "$(wait_for b a)"
expect "two that are not" 1 "1 passed, 1 failed, 0 skipped" --limit 1 \
	"$(wait_for c d)" --limit 30 "$(wait_for d c)"

# Each holds a place while it runs; there are as many as suites may run at a time.
place() { echo "p=$logs/place; for n in $1; do mkdir \$p\$n && break; done && sleep 0.3 && rmdir \$p\$n && $one"; }
expect "no more than there are processors" 0 "4 passed, 0 failed, 0 skipped" --beside \
	"$(place "1 2")" "$(place "2 1")" "$(place "1 2") " "$(place "2 1") "
expect "alone after side by side, and the other way round" 0 "4 passed, 0 failed, 0 skipped" \
	--beside "$(place 1)" "$(place 2)" --alone "$(place 1) " --beside "$(place 1)  "

expect "a suite that watches, beside one that nothing disturbs" 0 "2 passed, 0 failed, 0 skipped" \
	--limit 30 --beside "$(wait_for e f)" --watching "$(wait_for f e)"
expect "as many beside one that watches as processors" 0 "3 passed, 0 failed, 0 skipped" \
	--limit 30 --beside "$(wait_for g h)" "$(wait_for h i)" --watching "$(wait_for i g)"
expect "no more beside one that watches" 0 "5 passed, 0 failed, 0 skipped" --beside \
	"$(place "1 2")" "$(place "2 1")" "$(place "1 2") " "$(place "2 1") " --watching "sleep 1; $one"
expect "no two that watch" 0 "3 passed, 0 failed, 0 skipped" \
	--watching "$(place 1)" "$(place 1) " "$(place 1)  "
expect "a step holds up its own kind" 0 "2 passed, 0 failed, 0 skipped" \
	--beside --step build "until [ -e $logs/seen ]; do sleep 0.1; done; : >$logs/built" \
	"[ -e $logs/built ] && $one" --watching "[ ! -e $logs/built ] && : >$logs/seen && $one"
expect "suites beside one that watches are nicer" 0 "3 passed, 0 failed, 0 skipped" \
	--beside "[ \$(nice) -ge 10 ] && $one" --watching "[ \$(nice) -eq $(nice) ] && $one" \
	--alone "[ \$(nice) -eq $(nice) ] && $one"
expect "but only these" 0 "1 passed, 0 failed, 0 skipped" --beside "[ \$(nice) -eq $(nice) ] && $one"

expect "a step" 0 "1 passed, 0 failed, 0 skipped" --step build "echo built" "$one"
says "that it is done" "^done build  *in [0-9.]* s$"
expect "a step that fails" 1 "1 passed, 1 failed, 0 skipped" --report "$one" --step build "echo no compiler; false" "$one"
says "why" "^    no compiler$"
says "what that means" "what did not run yet is not run$"

expect "a report" 0 "4 passed, 0 failed, 3 skipped" --report --note "and more" \
	"echo 'ok quick (0.1 s)'; echo 'ok slow one (12.5 s)'; echo 2 passed, 0 failed, 0 skipped" \
	"echo skip x: why; echo skip y: because: so; echo skip z: why; echo 1 passed, 0 failed, 3 skipped" \
	"sleep 1; $one"
says "the slowest test" "^    12\.5 s  slow one$"
sed -n '/^slowest suites, /{n;p}' "$logs/out" | grep -q '^ *[0-9.]* s *[0-9.]* s  sleep 1; '
judged "the slowest suite comes first" $?
says "what was skipped for one reason" "^  echo skip x: .*: x, z: why$"
says "what was skipped for another" "^  echo skip x: .*: y: because: so$"
says "the note" "^and more$"

bash run.sh "$logs" "echo \$\$ >$logs/pid; exec sleep 100" >"$logs/out" 2>&1 &
runner=$!
until [ -s "$logs/pid" ]; do sleep 0.1; done
kill -TERM "$runner"
wait "$runner"
got=$?
[ "$got" -eq 130 ] && ! kill -0 "$(cat "$logs/pid")" 2>/dev/null
judged "a runner that is interrupted ends its suites" $?

finish
