#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# How exposed the unit leaves the system, as `systemd-analyze security` reckons it, and whether
# systemd understands it:
#     unit.sh UNIT PORTCLASH
# Each check also has to fail on a unit that deserves it.
set -u

# A score of 100: 3.0 as it is printed.
LIMIT=30

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

unit=$1 portclash=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

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
	skip "the unit's exposure" "this systemd-analyze has no --offline (systemd 250 has)"
fi
verify "$unit"
result "systemd understands the unit" $? "$said"

# for_systemd VERSION: the unit as it is installed where systemd has this version
for_systemd() {
	awk -v bindir=/usr/bin -v systemd="$1" -f "$here/../../packaging/systemd/unit.awk" "$unit" \
		>"$tmp/for.service"
}
growing() { grep -c -e '^RestartSteps=' -e '^RestartMaxDelaySec=' "$tmp/for.service"; }

version=$(systemctl --version | awk 'NR == 1 { print $2 }')
for_systemd "$version"
verify "$tmp/for.service"
result "systemd $version understands the unit that is installed for it" $? "$said"
for_systemd 252
same "no pause grows under systemd 252, which does not know how" 0 "$(growing)"
for_systemd 254
same "from systemd 254 on the pause grows" 2 "$(growing)"
verify "$tmp/for.service"
status=$?
if [ "$version" -ge 254 ]; then
	result "systemd understands a pause that grows" "$status" "$said"
else
	same "all else in it is known to older ones" "$(printf '%s\n' RestartMaxDelaySec RestartSteps)" \
		"$(echo "$said" | sed -n "s/.*Unknown key[ name]* '\([^']*\)'.*/\1/p" | sort)"
fi
same "systemd starts it again without an end" 1 \
	"$(grep -c -x 'StartLimitIntervalSec=0' "$unit")"

verify "$tmp/wrong.service"
refused "systemd finds a mistake in a unit" $? "$said"

finish
