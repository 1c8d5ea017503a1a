#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# How exposed the unit leaves the system, as `systemd-analyze security` reckons it, and whether
# systemd understands it:
#     unit.sh UNIT PORTCLASH
# Each check also has to fail on a unit that deserves it.
set -u

# Of 100: 3.0 as it is printed.
LIMIT=30

unit=$1 portclash=$2
passed=0
failed=0
skipped=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# result NAME STATUS TEXT: 0 is good
result() {
	if [ "$2" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1:"
		echo "$3" | sed 's/^/    /'
	fi
}

# The other way round: it must fail.
refused() {
	if [ "$2" -eq 0 ]; then
		result "$1" 1 "$3"
	else
		result "$1" 0 ""
	fi
}

security() {
	systemd-analyze security --no-pager --offline=true --threshold="$LIMIT" "$1" 2>&1
}

# verify UNIT: with a program that is there
verify() {
	sed "s|^ExecStart=[^ ]*|ExecStart=$portclash|" "$1" >"$tmp/verified.service"
	said=$(systemd-analyze verify --man=no "$tmp/verified.service" 2>&1)
	status=$?
	# Other units of the machine may have faults of their own.
	said=$(echo "$said" | grep 'verified\.service')
	[ "$status" -eq 0 ] && [ -z "$said" ]
}

printf '[Service]\nExecStart=%s agent\n' "$portclash" >"$tmp/naked.service"
sed 's/^WatchdogSec=.*/WatchdogSec=soon/' "$unit" >"$tmp/wrong.service"

if systemd-analyze --help 2>/dev/null | grep -q -e --offline; then
	said=$(security "$unit")
	result "the unit's exposure is at most 3.0" $? "$said"
	echo "| systemd-analyze security: $(echo "$said" | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p') of at most 3.0"
	said=$(security "$tmp/naked.service")
	refused "a unit without any limit is above 3.0" $? "$said"
else
	skipped=$((skipped + 1))
	echo "skip the unit's exposure: this systemd-analyze has no --offline (systemd 250 has)"
fi
verify "$unit"
result "systemd understands the unit" $? "$said"
verify "$tmp/wrong.service"
refused "systemd finds a mistake in a unit" $? "$said"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
