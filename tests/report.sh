# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Results, one a line, and their sum, for suites in shell. To be sourced.

passed=0
failed=0
skipped=0

pass() {
	passed=$((passed + 1))
	echo "ok $1"
}

# fail NAME [WHAT WAS SEEN]
fail() {
	failed=$((failed + 1))
	echo "FAIL $1${2:+:}"
	[ -z "${2:-}" ] || echo "$2" | head -40 | sed 's/^/    /'
}

skip() {
	skipped=$((skipped + 1))
	echo "skip $1: $2"
}

# needs_root NAME: for another user the suite ends here, and says what is skipped.
needs_root() {
	[ "$(id -u)" -eq 0 ] && return
	skip "$1" "needs root"
	finish
}

# result NAME STATUS [WHAT WAS SEEN]: holds when the status is 0.
result() {
	if [ "$2" -eq 0 ]; then pass "$1"; else fail "$1" "${3:-}"; fi
}

# nothing NAME OFFENDERS: holds when there are none.
nothing() {
	if [ -z "$2" ]; then pass "$1"; else fail "$1" "$2"; fi
}

# same NAME EXPECTED SEEN
same() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "$(printf 'expected: %s\nseen:     %s\n' "$2" "$3")"
	fi
}

# holds NAME COMMAND...: the command succeeds.
holds() {
	name=$1
	shift
	if said=$("$@" 2>&1); then pass "$name"; else fail "$name" "$said"; fi
}

# ended_with NAME WANTED STATUS OUTPUT OPTION LINE...: the status is the wanted one, and the output has all these lines.
# The option is grep's: -x for whole lines, -F for parts of them.
ended_with() {
	name=$1 output=$4 option=$5 seen="status $3"
	[ "$3" -eq "$2" ]
	bad=$?
	shift 5
	for line; do
		echo "$output" | grep -qF "$option" -e "$line" || bad=1
	done
	result "$name" $bad "$seen
$output"
}

# within SECONDS COMMAND...: it succeeds by then.
within() {
	rounds=$(($1 * 5))
	shift
	until "$@" >/dev/null 2>&1; do
		rounds=$((rounds - 1))
		[ "$rounds" -gt 0 ] || return 1
		sleep 0.2
	done
}

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}
