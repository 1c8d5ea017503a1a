#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# `make demo`: a true port theft in a network namespace of its own, and what portclash says.
# usage: demo.sh BUILD_DIR    (--stage BUILD_DIR: what portclash runs)

set -u

BACKEND_PORT=8443
SECONDS_MAX=30

backend=
client=

# Ends what was started, whatever happens.
clean_up() {
	trap - EXIT
	for pid in $client $backend; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	[ -z "${scratch:-}" ] || rm -rf "$scratch"
}

# The first line that a player writes to $1; nothing when it takes too long.
first_line() {
	tries=0
	while [ ! -s "$1" ] && [ "$tries" -lt 50 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	head -n 1 "$1"
}

stage() {
	demo=$1/tests/live/demo
	scratch=$(mktemp -d) || exit 1
	trap clean_up EXIT
	trap 'exit 1' INT TERM HUP

	"$demo" server-backend "$BACKEND_PORT" > "$scratch/backend" &
	backend=$!
	[ -n "$(first_line "$scratch/backend")" ] || exit 1

	"$demo" client "$BACKEND_PORT" > "$scratch/client" &
	client=$!
	port=$(first_line "$scratch/client")
	[ -n "$port" ] || exit 1

	echo
	echo "A client connects to 127.0.0.1:$BACKEND_PORT; the kernel gives it the source port $port."
	echo "Now a server starts that must listen on port $port:"
	echo
	echo "\$ server $port"
	"$demo" server "$port"
	sleep 1
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

demonstrate() {
	"$1/tests/live/demo" enter "$1/portclash" trace --for "$SECONDS_MAX" -- \
		sh "$0" --stage "$1"
	status=$?
	echo
	if [ "$status" -ne 3 ]; then
		echo "No verdict was shown (portclash ended with $status)." >&2
		exit 1
	fi
	echo "That was real: a real client, a real server, this machine's kernel. All is cleaned up."
}

case ${1:-} in
--stage)
	stage "$2"
	;;
"" | -*)
	echo "usage: demo.sh BUILD_DIR" >&2
	exit 2
	;;
*)
	become_root "$@"
	demonstrate "$1"
	;;
esac
