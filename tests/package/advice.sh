#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# advice.sh BUILD: advice about units, under a real systemd, which machine.sh boots: a process's role in its
# unit; socket units, of the system's manager and of a user's; a user's service; a name that a user gave.
# portclash watches from outside. Each command that it prints is run in the machine, and the port is free
# then. Needs root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

needs_root "advice under systemd"

. "$here/booted.sh"

build=$(realpath "$1")
# Users in the machine run what is in there.
chmod 755 "$folder"
# A user that every Debian system has.
user=$(id -u backup)
lines=$folder/lines.jsonl

# is_role NAME PID ROLE: in the machine
is_role() {
	holds "$1" in_machine env PLACE_PID="$2" PLACE_ROLE="$3" /mnt/test_place_real
}
main_pid() { in_machine systemctl show -P MainPID "$1"; }
file_of_pid() { in_machine cat "/run/$1.pid"; }

# Roles of the processes in one cgroup.
roles_in_a_unit() {
	in_shell 'cat >/run/systemd/system/web.service <<"EOF"
[Service]
KillMode=process
ExecStart=/bin/sh -c "sleep 1001 & echo $$! >/run/child.pid; setsid sh -c \"sleep 1002 & echo \\$$! >/run/stray.pid\"; wait"
EOF
		systemctl daemon-reload && systemctl start web.service'
	within 10 in_machine test -s /run/stray.pid
	within 10 in_machine grep -q '^PPid:.1$' "/proc/$(file_of_pid stray)/status"
	sleep 0.5 # portclash cannot tell runs apart that begin within a tenth of a second
	first=$(main_pid web.service) child=$(file_of_pid child) stray=$(file_of_pid stray)
	is_role "the main process" "$first" main
	is_role "its child" "$child" child
	is_role "a daemon that was left to pid 1" "$stray" stray
	in_machine systemctl restart web.service
	sleep 1.5
	is_role "what an earlier run left is no part of this one" "$stray" stray
	is_role "the main process beside it" "$(main_pid web.service)" main
	in_machine systemctl stop web.service
	is_role "what is left of a unit that has stopped" "$stray" stray
	in_machine kill "$stray" "$child" 2>/dev/null
}

watches() {
	timeout 300 "$build/portclash" trace --json >"$lines" 2>"$folder/errors" &
	watcher=$!
	within 20 grep -q '"type":"ready"' "$lines" || fail "portclash watches" "$(cat "$folder/errors")"
}

# of_verdict PORT EXPRESSION: of the port's verdict, with f as the list of its fixes
of_verdict() {
	python3 -c '
import json, sys
for line in open(sys.argv[1]):
    v = json.loads(line)
    if v["type"] == "refusal" and v["requested"]["port"] == int(sys.argv[2]):
        f = v["fixes"]
        print(eval(sys.argv[3]))
        break' "$lines" "$1" "$2"
}
commands='" & ".join(x["command"] for x in f if x["command"] and not x["lasting"])'

# is_held PORT: a server in the machine listens, which has just been started
is_held() { within 20 in_machine grep -q ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }

# collides PORT: a server in the machine is refused
collides() {
	holds "a server is refused port $1" in_machine python3 /mnt/collide.py refused "$1"
	within 10 grep -q "\"port\":$1}.*\"requester\"" "$lines"
}
is_free() { holds "port $1 is free then" within 5 in_machine python3 /mnt/collide.py bind "$1"; }

# units_of FOLDER PORT: demo.socket and the service that it would start
units_of() {
	in_shell "mkdir -p $1
		printf '[Socket]\nListenStream=127.0.0.1:$2\n' >$1/demo$2.socket
		printf '[Service]\nExecStart=/bin/sleep 1000\n' >$1/demo$2.service"
}

# names_socket_unit PORT: which systemd, pid 1 of the machine, holds
names_socket_unit() {
	collides "$1"
	same "the unit of port $1 is named" True \
		"$(of_verdict "$1" "'for a socket unit, demo$1.socket' in v['explanation']")"
	same "nothing is to be killed for port $1" "" "$(of_verdict "$1" "$commands")"
	in_machine systemctl stop "demo$1.socket"
	is_free "$1"
}

socket_units() {
	units_of /run/systemd/system 7101
	units_of /run/systemd/system 7102
	in_machine systemctl daemon-reload
	in_machine systemctl start demo7101.socket
	watches
	in_machine systemctl start demo7102.socket
	names_socket_unit 7101
	names_socket_unit 7102
}

# The other way round: a socket unit is refused its port.
refused_socket_unit() {
	units_of /run/systemd/system 7106
	in_machine systemctl daemon-reload
	in_machine systemd-run --quiet --unit=holds7106 python3 /mnt/collide.py hold 7106
	is_held 7106
	in_machine systemctl start demo7106.socket 2>/dev/null && fail "its port is refused to a socket unit"
	within 10 grep -q 'for the socket unit demo7106' "$lines"
	same "the refused socket unit is named" True "$(python3 -c '
import json, sys
print(any("for the socket unit demo7106.socket" in json.loads(line).get("explanation", "") for line in open(sys.argv[1])))' "$lines")"
	in_machine systemctl stop holds7106.service
}

users() { in_machine systemctl --user -M "$user@" "$@"; }

# takes_advice PORT COMMAND
takes_advice() {
	collides "$1"
	same "the advice for port $1" "$2" "$(of_verdict "$1" "$commands")"
	holds "it is taken" in_shell "$(of_verdict "$1" "$commands")"
	is_free "$1"
}

units_of_a_user() {
	# Without lingering the manager ends with the first command that was typed for it.
	in_shell 'mkdir -p /var/lib/systemd/linger && touch /var/lib/systemd/linger/backup'
	holds "a user's manager starts" in_machine systemctl start "user@$user.service"
	within 10 users is-active default.target
	config=/run/user/$user/systemd/user
	units_of "$config" 7103
	in_shell "printf '[Service]\nExecStart=/usr/bin/python3 /mnt/collide.py hold 7104\n' >$config/app.service"
	users daemon-reload
	users start demo7103.socket
	users start app.service
	is_held 7104
	collides 7103
	same "a user's socket unit is to be looked up" "systemctl --user -M $user@ list-sockets --all" \
		"$(of_verdict 7103 "$commands")"
	holds "it is in that list" in_shell \
		"$(of_verdict 7103 "$commands") | grep -q '^127.0.0.1:7103 *demo7103.socket'"
	users stop demo7103.socket
	is_free 7103
	takes_advice 7104 "systemctl --user -M $user@ stop app.service"
}

# A group of the user's own, named like a unit of the system: no unit is stopped for it.
name_that_a_user_gave() {
	config=/run/user/$user/systemd/user
	in_shell "printf '[Service]\nDelegate=yes\nExecStart=/usr/bin/python3 /mnt/collide.py hold 7105 nginx.service\n' \
		>$config/named.service"
	users daemon-reload
	users start named.service
	is_held 7105
	collides 7105
	same "it is there under that name" nginx.service \
		"$(of_verdict 7105 "v['holders'][0]['process']['inner_unit']")"
	same "the process is stopped, no unit" "kill $(of_verdict 7105 "v['holders'][0]['process']['pid']")" \
		"$(of_verdict 7105 "$commands")"
	holds "it is taken" sh -c "$(of_verdict 7105 "$commands")"
	is_free 7105
}

# refused_by_setting PORT SETTING VALUE ALLOWED: that setting of its unit refuses a server the port
refused_by_setting() {
	unit=denied$1.service
	in_shell "printf '[Service]\nType=oneshot\nSystemCallErrorNumber=EPERM\n' >/run/systemd/system/$unit
		echo '$2=$3' >>/run/systemd/system/$unit
		echo ExecStart=/usr/bin/python3 /mnt/collide.py bind $1 >>/run/systemd/system/$unit
		systemctl daemon-reload"
	in_machine systemctl start "$unit" 2>/dev/null && fail "$2 refuses port $1"
	within 10 grep -q "\"port\":$1}.*\"requester\"" "$lines"
	same "a refusal by $2" "EPERM cgroup-denied $unit" \
		"$(of_verdict "$1" "v['errno'], v['cause'], v['requester']['unit']" | tr -d "(',)")"
	look=$(of_verdict "$1" "f[0]['command']")
	same "its settings are to be looked at" \
		"systemctl show -p SocketBindAllow -p SocketBindDeny -p SystemCallFilter -- $unit" "$look"
	holds "$2 is among them" in_shell "$look | grep -qx $2=$3"
	same "$4 is to be added" True "$(of_verdict "$1" "any('add $4' in x['what'] for x in f if x['lasting'])")"
	in_shell "mkdir /run/systemd/system/$unit.d
		printf '[Service]\n$4\n' >/run/systemd/system/$unit.d/allow.conf
		systemctl daemon-reload"
	holds "with that it gets the port" in_machine systemctl start "$unit"
}

# Debian's systemd is built without what SocketBindDeny= needs.
refused_by_unit() {
	refused_by_setting 7109 SystemCallFilter '~bind' SystemCallFilter=bind
	case $(in_machine systemctl --version) in
	*+BPF_FRAMEWORK*) refused_by_setting 7110 SocketBindDeny tcp:7110 SocketBindAllow=tcp:7110 ;;
	*) skip "SocketBindDeny=" "this systemd is built without BPF_FRAMEWORK" ;;
	esac
}

# outcomes_of PORT: each "OUTCOME EXIT_STATUS UNIT PROCESSES GAINED_PORT", a line each
outcomes_of() {
	python3 -c '
import json, sys
for line in open(sys.argv[1]):
    v = json.loads(line)
    if v["type"] == "outcome" and v["requested"]["port"] == int(sys.argv[2]) and \
            "http.server" in (v["requester"]["cmdline"] or ""):
        gained = v["gained"] or {"port": None, "process": v["requester"]}
        print(v["outcome"], v["exit_status"], gained["process"]["unit"], v["processes"], gained["port"])' "$lines" "$1"
}
restarts_of() { in_machine systemctl show -P NRestarts "$1"; }
restarted() { [ "$(restarts_of "$1")" -ge "$2" ]; }

# Debian's http.server in a crash loop, until its port is free.
crash_loop() {
	in_machine systemd-run --quiet --unit=served7111 python3 /mnt/collide.py hold 7111
	is_held 7111
	in_machine systemd-run --quiet --unit=web7111 -p Restart=always -p RestartSec=200ms \
		-p StartLimitIntervalSec=0 python3 -m http.server 7111 --bind 127.0.0.1
	holds "systemd starts it again and again" within 20 restarted web7111.service 3
	same "the first of many ends alike is told" "gave-up 1 web7111.service 1 None" "$(outcomes_of 7111)"
	in_machine systemctl stop served7111.service
	within 20 eval 'outcomes_of 7111 | grep -q got-it-later'
	same "the start that works is the outcome of all before it" \
		"got-it-later None web7111.service $(restarts_of web7111.service) 7111" "$(outcomes_of 7111 | tail -n +2)"
	in_machine systemctl stop web7111.service
}

running() { in_machine systemctl list-units --state=running --plain --no-legend | cut -d' ' -f1 | sort; }

# `portclash free --stop` of a unit.
stops_the_unit() {
	for port in 7107 7108; do
		in_machine systemd-run --quiet --unit="served$port" python3 /mnt/collide.py hold "$port"
	done
	is_held 7107
	is_held 7108
	before=$(running | grep -v served7107.service)
	holds "free --stop says that the port is free" in_machine /mnt/portclash free 7107 --stop --yes
	is_free 7107
	same "the unit has stopped" inactive "$(in_machine systemctl is-active served7107.service)"
	same "nothing else has stopped" "$before" "$(running)"
	in_machine systemctl stop served7108.service
}

boot "$build/tests/unit/test_place_real" "$here/collide.py" "$build/portclash"
roles_in_a_unit
socket_units
refused_socket_unit
refused_by_unit
crash_loop
stops_the_unit
units_of_a_user
name_that_a_user_gave
kill "$watcher" 2>/dev/null
finish
