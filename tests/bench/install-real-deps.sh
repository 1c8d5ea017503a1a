#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the servers and clients of `make bench-real` (Debian, Ubuntu), and only what is missing. None of the servers
# is started.
set -eu

missing=
PATH=$PATH:/usr/sbin
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

need nginx nginx-light
need wrk wrk
need haproxy haproxy
need unbound unbound
need nsd nsd
need dnsperf dnsperf
need redis-server redis-server
need redis-benchmark redis-tools
need tcplife libbpf-tools
need ip iproute2
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

# Debian asks this program before it starts a service of a package; 101 forbids it.
policy=/usr/sbin/policy-rc.d
if [ "$(id -u)" -eq 0 ] && [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	trap 'exit 130' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
# shellcheck disable=SC2086 # a list of words
sh "$(dirname "$0")/../../packaging/apt-install.sh" $missing
