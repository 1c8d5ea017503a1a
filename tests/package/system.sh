#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# system.sh BUILD: the package in BUILD/deb under a real systemd, which machine.sh boots: installed,
# it watches; it is reloaded, its log rotated, it is stopped dead and started again; removed, it is
# gone. Nothing of it stays on this system. Needs root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/report.sh"

# A boot takes 2 seconds, on a busy machine 10.
BOOT_SECONDS=60
log=/var/log/portclash/events.jsonl
textfile=/var/lib/prometheus/node-exporter/portclash.prom

if [ "$(id -u)" -ne 0 ]; then
	skip "the package under systemd" "needs root"
	finish
fi

folder=$(mktemp -d)
machine=
leave() {
	[ -z "$machine" ] || {
		kill "$machine" 2>/dev/null
		wait "$machine"
	}
	rm -rf --one-file-system "$folder"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

# in_machine COMMAND...
in_machine() {
	timeout -k 5 60 nsenter -t "$(cat "$folder/pid")" -a -w \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C "$@"
}
# in_shell SCRIPT
in_shell() { in_machine sh -c "$1"; }
property() { in_machine systemctl show -P "$1" portclash.service; }
is() { [ "$(property "$1")" = "$2" ]; }
has_text() { in_shell "grep -q '$2' '$1'"; }

ended() { ! kill -0 "$machine"; }

booted() {
	[ -s "$folder/pid" ] || return 1
	case $(in_machine systemctl is-system-running 2>/dev/null) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

boot() {
	cp "$1" "$here/collide.py" "$folder/"
	sh "$here/machine.sh" "$folder" >"$folder/machine.log" 2>&1 &
	machine=$!
	within "$BOOT_SECONDS" eval 'booted || ended'
	booted && return
	fail "systemd boots" "$(cat "$folder/machine.log")"
	finish
}

# Names of all that a package may leave behind.
left_behind() {
	in_shell 'find /etc /usr /var /run /lib -xdev -name "*portclash*" \
		-not -path "/run/old-root*" -not -path "/var/cache/apt*" 2>/dev/null | sort'
	in_shell 'ls /proc/*/exe -l 2>/dev/null | grep /usr/bin/portclash'
}

# The image of a build machine forbids the start of services and leaves out man pages; a host does
# not.
install_package() {
	in_machine rm -f /usr/sbin/policy-rc.d
	before=$(left_behind)
	holds "dpkg installs it" in_shell 'dpkg --path-include="/usr/*" -i /mnt/*.deb'
	same "it is started" active "$(property ActiveState)"
	same "it is enabled" enabled "$(in_machine systemctl is-enabled portclash.service)"
	same "systemd waits until it watches" notify "$(property Type)"
	same "systemd starts it again should it hang" 30s "$(property WatchdogUSec)"
	nothing "its status is one sentence with figures" \
		"$(property StatusText | grep -v '[0-9] refusals')"
	nothing "it complains of nothing" "$(in_machine journalctl -o json -p warning -u portclash |
		grep -v PORTCLASH_TYPE)"
	same "man finds its page" /usr/share/man/man8/portclash.8.gz \
		"$(in_machine man -w portclash)"
}

# refusals_of UNIT FIELD <LINES: that field of each refusal of that unit
refusals_of() {
	python3 -c '
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    if event["type"] == "refusal" and event["requester"]["unit"] == sys.argv[1]:
        event["port"] = event["requested"]["port"]
        for key in sys.argv[2].split("."):
            event = event[int(key) if key.isdigit() else key]
        print(event)' "$@"
}

# theft_has NAME FIELD VALUE
theft_has() {
	same "$1" "$3" "$(in_machine cat "$log" | refusals_of thief.service "$2")"
}

tells_of_theft() {
	port=$(in_machine systemd-run --quiet --pipe --unit=thief python3 /mnt/collide.py theft)
	within 10 has_text "$log" thief.service
	theft_has "the log tells of the theft, once" port "$port"
	theft_has "it tells the cause" cause ephemeral-client
	theft_has "it tells who has the port" holders.0.process.unit thief.service
	theft_has "it tells how it got it" holders.0.how connect
}

journal_has_theft() {
	matches="PORTCLASH_CAUSE=ephemeral-client PORTCLASH_PORT=$port"
	within 5 in_shell "journalctl $matches | grep -q refused"
	same "the journal has an entry with its fields" "thief.service connect" \
		"$(in_shell "journalctl -o json $matches" | python3 -c '
import json, sys
for line in sys.stdin:
    entry = json.loads(line)
    print(entry["PORTCLASH_HOLDER_UNIT"], entry["PORTCLASH_HOLDER_HOW"])')"
	holds "journalctl -x explains it" in_shell \
		"journalctl -x $matches | grep -q 'portclash explain ephemeral-client'"
}

metrics_are_written() {
	if within 20 has_text "$textfile" 'refusals_total{cause="ephemeral-client".* [1-9]'; then
		pass "the textfile counts the theft"
	else
		fail "the textfile counts the theft" "$(in_machine cat "$textfile" 2>&1)"
	fi
	same "node_exporter may read it" 644 "$(in_machine stat -c %a "$textfile")"
}

reloads() {
	pid=$(property MainPID)
	in_shell 'sed -i "s/^#*interval:.*/interval: 0.2s/" /etc/portclash/portclash.yaml'
	holds "it is reloaded" in_machine systemctl reload portclash.service
	same "it is the same process" "$pid" "$(property MainPID)"
	same "it is active again" active "$(property ActiveState)"
	first=$(in_machine stat -c %i "$textfile")
	holds "the new interval is in use" within 5 is_written_anew "$first"
}

# Each time it is another file.
is_written_anew() { [ "$1" != "$(in_machine stat -c %i "$textfile")" ]; }

# The lines of all three files, and the ports of unit "many" in them.
all_are_logged() {
	in_shell 'cd /var/log/portclash && zcat -f events.jsonl.2.gz events.jsonl.1 events.jsonl' |
		refusals_of many.service port | sort >"$folder/logged"
	[ "$(wc -l <"$folder/logged")" -ge "$(wc -l <"$folder/ports")" ]
}

# As an upgrade does: the package is installed over itself.
upgrades() {
	pid=$(property MainPID)
	holds "dpkg installs it again" in_shell 'dpkg -i /mnt/*.deb'
	same "it runs, started anew" "active 0" \
		"$(property ActiveState) $([ "$(property MainPID)" != "$pid" ]; echo $?)"
	holds "the changed configuration is kept" has_text /etc/portclash/portclash.yaml \
		"^interval: 0.2s"
}

# Two rotations while refusals come: each must be in one of the three files, once.
rotates() {
	in_machine systemd-run --quiet --pipe --unit=many \
		python3 /mnt/collide.py many 300 5 >"$folder/ports" &
	many=$!
	within 20 test -s "$folder/ports"
	for time in 1 2; do
		sleep 1
		holds "logrotate, time $time" in_machine logrotate -f /etc/logrotate.d/portclash
	done
	wait "$many" || fail "300 binds are refused"
	same "it was rotated twice" "events.jsonl events.jsonl.1 events.jsonl.2.gz" \
		"$(in_machine ls /var/log/portclash | tr '\n' ' ' | sed 's/ $//')"
	same "300 refusals were made" 300 "$(wc -l <"$folder/ports")"
	within 10 all_are_logged
	nothing "none is missing from the files, none is in two" \
		"$(sort "$folder/ports" | diff - "$folder/logged" 2>&1)"
	for file in events.jsonl.2.gz events.jsonl.1 events.jsonl; do
		holds "$file has some of them" in_shell \
			"zcat -f /var/log/portclash/$file | grep -q many.service"
	done
}

# starts NAME COMMAND...: what the service said of it, if it fails
starts() {
	name=$1
	shift
	if in_machine "$@" 2>/dev/null; then pass "$name"; else
		fail "$name" "$(in_machine journalctl -o cat -u portclash -n 12)"
	fi
}

restarts() { [ "$(property NRestarts)" -ge "$1" ] && is ActiveState active; }

# systemd's limits are others here: 30 seconds would be waited for, and five starts in five minutes
# are too few.
comes_back() {
	in_shell 'mkdir -p /run/systemd/system/portclash.service.d
		printf "[Unit]\nStartLimitBurst=50\n[Service]\nWatchdogSec=3\nRestartSec=100ms\n" \
			>/run/systemd/system/portclash.service.d/short.conf
		systemctl daemon-reload && systemctl restart portclash'
	sleep 4
	same "it tells the watchdog that it lives" 0 "$(property NRestarts)"
	in_machine kill -STOP "$(property MainPID)"
	if within 15 restarts 1; then pass "stopped dead it is restarted"; else
		fail "stopped dead it is restarted" "$(in_machine systemctl status portclash)"
	fi
	in_machine kill -KILL "$(property MainPID)"
	if within 10 restarts 2; then pass "killed it is restarted"; else
		fail "killed it is restarted" "$(in_machine systemctl status portclash)"
	fi
}

refuses_mistakes() {
	in_shell 'cp /etc/portclash/portclash.yaml /mnt/
		echo "no-such-key: 1" >>/etc/portclash/portclash.yaml'
	in_machine systemctl restart portclash 2>/dev/null && fail "it does not start with a mistake"
	same "a mistake is no reason to try again and again" failed "$(property ActiveState)"
	in_shell 'cp /mnt/portclash.yaml /etc/portclash/portclash.yaml'
	starts "mended it starts" systemctl restart portclash
}

is_removed() {
	holds "dpkg removes it" in_machine dpkg -r portclash
	same "it does not run any more" inactive "$(property ActiveState)"
	nothing "no process is left" "$(in_machine pgrep -x portclash)"
	nothing "its metrics are gone" "$(in_machine ls "$textfile" 2>/dev/null)"
	holds "its log is kept" in_machine test -s "$log"
	holds "its configuration is kept" in_machine test -s /etc/portclash/portclash.yaml
	holds "dpkg purges it" in_machine dpkg -P portclash
	in_shell 'rm -r /run/systemd/system/portclash.service.d; systemctl daemon-reload'
	same "purged, nothing is left" "$before" "$(left_behind)"
	in_machine systemctl reset-failed
}

# `make install` without DESTDIR, as a user does it from the tree.
installs_from_tree() {
	before=$(left_behind)
	holds "make install" in_machine make -C /run/tree BUILD="$build" install
	starts "it is started by hand" systemctl enable --now portclash.service
	same "it runs" active "$(property ActiveState)"
	same "it is the program that was installed" /usr/local/bin/portclash \
		"$(in_machine readlink "/proc/$(property MainPID)/exe")"
	holds "make uninstall" in_machine make -C /run/tree BUILD="$build" uninstall
	nothing "no process is left" "$(in_machine pgrep -x portclash)"
	in_machine rm -rf /var/log/portclash "$textfile"
	same "only its log and its metrics were left" "$before" "$(left_behind)"
}

build=$1
boot "$build"/deb/portclash_*.deb
install_package
reloads
tells_of_theft
journal_has_theft
metrics_are_written
upgrades
rotates
comes_back
refuses_mistakes
is_removed
installs_from_tree
finish
