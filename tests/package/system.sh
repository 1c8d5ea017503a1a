#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# system.sh BUILD: the package in BUILD/deb under a real systemd, which machine.sh boots: installed,
# it watches; it is reloaded, its log rotated, it is stopped dead and started again; removed, it is
# gone. Nothing of it stays on this system. Needs root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

log=/var/log/portclash/events.jsonl
textfile=/var/lib/prometheus/node-exporter/portclash.prom

needs_root "the package under systemd"

. "$here/booted.sh"
is() { [ "$(property "$1")" = "$2" ]; }
has_text() { in_shell "grep -q '$2' '$1'"; }

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

# command_of UNIT PART <LINES: the command with that part among the fixes of that unit's refusal
command_of() {
	python3 -c '
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    if event["type"] == "refusal" and event["requester"]["unit"] == sys.argv[1]:
        for fix in event["fixes"]:
            if sys.argv[2] in (fix["command"] or ""):
                print(fix["command"])' "$@"
}

# Two thefts, and the advice for each taken as it is printed: what the first reserved stays so.
reserves_both() {
	stolen=
	for thief in thief1 thief2; do
		port=$(in_machine systemd-run --quiet --pipe --unit=$thief python3 /mnt/collide.py theft)
		stolen="$stolen $port"
		within 10 has_text "$log" $thief.service
		command=$(in_machine cat "$log" | command_of $thief.service "portclash reserve")
		same "it advises to reserve the port for good" "portclash reserve $port --persist" "$command"
		holds "that is done" in_shell "$command"
	done
	for port in $stolen; do
		same "port $port is reserved" "$port" "$(in_shell \
			"tr , '\n' </proc/sys/net/ipv4/ip_local_reserved_ports | grep -x $port")"
		same "port $port is reserved at the next boot" "$port" "$(in_shell \
			"sed -n 's/^net.ipv4.ip_local_reserved_ports = //p' /etc/sysctl.d/60-portclash.conf |
				tr , '\n' | grep -x $port")"
	done
	holds "they are given up again" in_shell "portclash reserve --remove --persist $(echo $stolen)"
	in_machine rm -f /etc/sysctl.d/60-portclash.conf
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
	# Each refusal has its line after the upgrade: ports near each other would pass for a hunt.
	in_shell 'sed -i "s/^#*interval:.*/interval: 0.2s/; s/^#*repeat_interval:.*/repeat_interval: 0/" /etc/portclash/portclash.yaml'
	holds "it is reloaded" in_machine systemctl reload portclash.service
	same "it is the same process" "$pid" "$(property MainPID)"
	same "it is active again" active "$(property ActiveState)"
	first=$(in_machine stat -c %i "$textfile")
	holds "the new interval is in use" within 5 is_written_anew "$first"
}

# Each time it is another file.
is_written_anew() { [ "$1" != "$(in_machine stat -c %i "$textfile")" ]; }

# The ports of unit "many" in all files. While the agent moves its files, one can be read twice, and another not at all.
all_are_logged() {
	in_shell 'cd /var/log/portclash && cat events.jsonl*' |
		refusals_of many.service port | sort >"$folder/logged"
	sort "$folder/ports" | cmp -s - "$folder/logged"
}

# An upgrade: the package is installed over itself.
upgrades() {
	pid=$(property MainPID)
	holds "dpkg installs it again" in_shell 'dpkg -i /mnt/*.deb'
	same "it runs, started anew" "active 0" \
		"$(property ActiveState) $([ "$(property MainPID)" != "$pid" ]; echo $?)"
	holds "the changed configuration is kept" has_text /etc/portclash/portclash.yaml \
		"^interval: 0.2s"
}

# The agent rotates its log itself while refusals come: each must be in one of the files, once.
rotates() {
	in_shell 'sed -i "s/^#*log_max_size:.*/log_max_size: 128K/; s/^#*log_keep:.*/log_keep: 40/" /etc/portclash/portclash.yaml'
	holds "a small log is configured" in_machine systemctl reload portclash.service
	in_machine systemd-run --quiet --pipe --unit=many \
		python3 /mnt/collide.py many 300 5 >"$folder/ports" ||
		fail "300 binds are refused"
	same "300 refusals were made" 300 "$(wc -l <"$folder/ports")"
	within 10 all_are_logged
	nothing "none is missing from the files, none is in two" \
		"$(sort "$folder/ports" | diff - "$folder/logged" 2>&1)"
	holds "there is more than one" in_machine test -s /var/log/portclash/events.jsonl.2
	nothing "none of them is too large" "$(in_machine find /var/log/portclash -name 'events.jsonl*' -size +128k)"
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
boot "$build"/deb/portclash_*.deb "$here/collide.py"
install_package
reloads
tells_of_theft
journal_has_theft
reserves_both
metrics_are_written
upgrades
rotates
comes_back
refuses_mistakes
is_removed
installs_from_tree
finish
