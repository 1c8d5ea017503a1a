# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Scenes for the commands in README and docs/: what stands in a page's comment `<!-- run: SCENE -->`. To be sourced
# in a network and mount namespace of its own, in a folder with copies of the player (tests/demo/players.c).

BACKEND_PORT=8443
TRIES=200

# until_true COMMAND...
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt "$TRIES" ] || { echo "scene: never true: $*" >&2; exit 1; }
		sleep 0.05
	done
}

# cover FOLDER: what is written below it is gone with the mount namespace.
cover() {
	mkdir -p "upper$1" "work$1"
	mount -t overlay scene -o "lowerdir=$1,upperdir=$PWD/upper$1,workdir=$PWD/work$1" "$1"
}

# Scene "boots": this is the network namespace of process 1, for what is about the next boot.
boots() { :; }

# Paths that portclash writes, and a `sudo` that only runs the command: root runs this.
prepare() {
	cover /etc && cover /var && mount -t tmpfs scene /run || exit 1
	mkdir -p bin /etc/sysctl.d /etc/portclash /var/log/portclash /var/lib/prometheus/node-exporter
	printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
	chmod 755 bin/sudo
	PATH=$PWD/bin:$PATH
}

# server PORT: listens on all addresses
server() {
	./server "$1" >server.out &
	until_true grep -q listening server.out
}

backend() {
	./backend "$BACKEND_PORT" >backend.out &
	until_true grep -q listening backend.out
}

# only PORT: the kernel has no other port to give.
only() {
	range=/proc/sys/net/ipv4/ip_local_port_range
	[ "$1" -ge 32768 ] || echo "1024 65535" >"$range"
	# Not by `read`: it asks for single bytes, and a sysctl gives no second one.
	ends=$(cat "$range")
	echo "${ends%%[!0-9]*}-$(($1 - 1)),$(($1 + 1))-${ends##*[!0-9]}" >/proc/sys/net/ipv4/ip_local_reserved_ports
}

any() { echo >/proc/sys/net/ipv4/ip_local_reserved_ports; }

# theft PORT: the kernel gives it to a client, which connects to a back end.
theft() {
	backend
	only "$1"
	./client "$BACKEND_PORT" >client.out &
	until_true grep -q "^$1$" client.out
	any
}

# timewait PORT: a client had it and closed its connection first.
timewait() {
	python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[2])))
client = socket.socket()
client.bind(("127.0.0.1", int(sys.argv[1])))
client.connect(server.getsockname())
accepted = server.accept()[0]
client.close()
accepted.recv(1)
accepted.close()' "$1" "$BACKEND_PORT"
}

# bound PORT: a socket is bound and does nothing more.
bound() {
	python3 -c '
import signal, socket, sys
socket_ = socket.socket()
socket_.bind(("127.0.0.1", int(sys.argv[1])))
print("bound", flush=True)
signal.alarm(60)
signal.pause()' "$1" >bound.out &
	until_true grep -q bound bound.out
}

# elsewhere PORT: a server in another network namespace
elsewhere() {
	./players enter ./server "$1" >server.out &
	until_true grep -q listening server.out
}

# logged: the agent's log has some lines.
logged() { cp "$tree/docs/sample-lines.jsonl" /var/log/portclash/events.jsonl; }

# recorded: somebody recorded an incident.
recorded() { cp "$tree/tests/replay/listener.pcrec" incident.pcrec; }

# The agent's own configuration
configured() {
	cp "$tree/packaging/portclash.yaml" /etc/portclash/portclash.yaml
}
