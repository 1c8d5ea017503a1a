#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the suites of the fleet: run.sh overlays PORTCLASH, run.sh container PORTCLASH STATIC,
# run.sh shipping PORTCLASH
set -eu

# rsyslog, and of its libraries those that few machines have.
packages="rsyslog libestr0 libfastjson4"

cd "$(dirname "$0")/../.."
suite=$1
shift
if [ "$suite" = shipping ]; then
	# shellcheck disable=SC2086 # a list of words
	set -- "$@" "$(sh tests/prometheus/fetch.sh $packages)"
fi
if [ "$suite" = overlays ]; then
	set -- "$@" "$(sh tests/npm/fetch.sh)"
fi
PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "tests/fleet/$suite.py" "$@"
