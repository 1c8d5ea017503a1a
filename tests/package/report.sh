# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# What the suites of this folder share: results, one a line, and the sum. To be sourced.

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
