#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the suite of the metrics with servers from Debian's packages: run.sh PORTCLASH
set -eu

cd "$(dirname "$0")/../.."
root=$(sh tests/prometheus/fetch.sh prometheus prometheus-node-exporter prometheus-alertmanager)
# From Debian 13 on it is a package of its own.
[ -x "$root/usr/bin/promtool" ] || sh tests/prometheus/fetch.sh promtool >/dev/null
PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 tests/prometheus/suite.py "$1" "$root"
