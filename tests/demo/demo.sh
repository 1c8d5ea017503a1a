#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# `make demo`: a true port theft in a network namespace of its own, what portclash says, and the cure: the port
# is freed, and a guard keeps it from the next theft.
# usage: demo.sh BUILD_DIR    (--inside, --stage: what runs in the namespace)

set -u

BACKEND_PORT=8443
SECONDS_MAX=30
CLIENTS=40
# The range is so small that the clients take all ports that the kernel gives away.
RANGE_SIZE=32

backend=
client=
server=
guard=

# Ends what was started, whatever happens.
clean_up() {
	trap - EXIT
	for pid in $client $backend $server $guard; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	[ -z "${scratch:-}" ] || rm -rf "$scratch"
}

fail() {
	echo "demo: $*" >&2
	exit 1
}

# Waits until a file has a line that begins so, and prints it; nothing when it takes too long.
await_line() {
	tries=0
	while ! grep -m 1 "^$2" "$1" 2>/dev/null && [ "$tries" -lt 100 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
}

show() {
	echo
	if [ -t 1 ]; then printf '\033[1m%s\033[0m\n\n' "$*"; else printf '%s\n\n' "$*"; fi
}

# The theft, as `portclash trace` runs it: a client's connection has the port that a server wants. Back end and
# client live on.
stage() {
	"$players" server-backend "$BACKEND_PORT" > "$scratch/backend" &
	echo $! > "$scratch/backend.pid"
	[ -n "$(await_line "$scratch/backend" listening)" ] || fail "the back end does not listen"
	"$players" client "$BACKEND_PORT" > "$scratch/client" &
	echo $! > "$scratch/client.pid"
	port=$(await_line "$scratch/client" '[0-9]')
	[ -n "$port" ] || fail "the client does not connect"
	echo
	echo "A client connects to 127.0.0.1:$BACKEND_PORT; the kernel gives it the source port $port."
	echo "Now a server starts that must listen on port $port:"
	echo
	echo "\$ server $port"
	"$players" server "$port"
	sleep 1
}

explain() {
	show "1. A theft, and what portclash says"
	"$portclash" trace --for "$SECONDS_MAX" -- sh "$0" --stage "$1" "$scratch"
	status=$?
	[ "$status" -eq 3 ] || fail "no verdict was shown (portclash ended with $status)"
	backend=$(cat "$scratch/backend.pid") client=$(cat "$scratch/client.pid")
	port=$(head -n 1 "$scratch/client")
}

# The server is the command: it starts in the moment in which the port is free.
cure() {
	show "2. The cure"
	echo "\$ portclash free $port --yes -- server $port"
	"$portclash" free "$port" --yes --state "$scratch/state" -- "$players" server "$port" \
		> "$scratch/server" 2>&1 &
	server=$!
	await_line "$scratch/server" listening > /dev/null
	sed 's/^listening/server: listening/' "$scratch/server"
	"$players" probe "$port" || fail "the server is not up"
	echo
	echo "The server is up on port $port."
}

start_guard() {
	show "3. Under a guard, it does not happen again"
	echo "\$ portclash guard --policy all --own-netns"
	"$portclash" guard --policy all --own-netns --state "$scratch/state" --root "$scratch" \
		> "$scratch/guard" 2>&1 &
	guard=$!
	[ -n "$(await_line "$scratch/guard" ".*port.* $port .*reserved")" ] ||
		fail "the guard does not reserve port $port: $(cat "$scratch/guard")"
	cat "$scratch/guard"
}

# The same again, and worse: the server stops, and there are clients for all ports that are left.
guarded() {
	first=$((port - port % 2))
	echo "$first $((first + RANGE_SIZE - 1))" > /proc/sys/net/ipv4/ip_local_port_range
	echo
	echo "The server stops. $CLIENTS clients want a port, and the kernel has $RANGE_SIZE to give:"
	kill "$server"
	wait "$server" 2>/dev/null
	"$players" clients "$BACKEND_PORT" "$CLIENTS" > "$scratch/clients" &
	server=$!
	got=$(await_line "$scratch/clients" '[0-9]')
	[ -n "$got" ] || fail "the clients do not connect"
	kill "$client" 2>/dev/null
	client=$server
	echo "the ports that they got: $got"
	case " $got " in *" $port "*) fail "a client was given port $port" ;; esac
	echo
	echo "\$ server $port"
	"$players" server "$port" > "$scratch/again" 2>&1 &
	server=$!
	await_line "$scratch/again" . | sed 's/^/server: /'
	"$players" probe "$port" || fail "the server is not up"
	echo
	echo "The server is up again on port $port."
}

inside() {
	scratch=$(mktemp -d) || exit 1
	mkdir -p "$scratch/etc/sysctl.d"
	trap clean_up EXIT
	trap 'exit 1' INT TERM HUP
	explain "$1"
	cure
	start_guard
	guarded
	echo
	echo "That was real: a real client, a real server, this machine's kernel. All is cleaned up."
}

# Needs root: eBPF, and the namespace.
become_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	if command -v sudo > /dev/null; then
		echo "The demonstration needs root (eBPF, a network namespace): asking sudo."
		exec sudo sh "$0" "$@"
	fi
	echo "The demonstration needs root (eBPF, a network namespace), and there is no sudo: run it as root." >&2
	exit 1
}

uses() { portclash=$1/portclash players=$1/tests/demo/players; }

case ${1:-} in
--stage)
	uses "$2"
	scratch=$3
	stage
	;;
--inside)
	uses "$2"
	inside "$2"
	;;
"" | -*)
	echo "usage: demo.sh BUILD_DIR" >&2
	exit 2
	;;
*)
	become_root "$@"
	exec "$1/tests/demo/players" enter sh "$0" --inside "$1"
	;;
esac
