#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the suite of the container engines: run.sh ARGUMENT... (of suite.py)
#
# world.sh lays the engines that fetch.sh has fetched over /usr in a mount namespace, in whose network namespace
# the engines find no port, bridge or firewall rule of the machine; keeper.py ends whatever they leave.
set -eu

cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || {
	echo "skip engines: needs root"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}
root=$(sh tests/engines/fetch.sh)
export PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 tests/engines/keeper.py "$root" /usr/bin/python3 tests/engines/suite.py "$@"
