#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the suite of the metrics with servers from Debian's packages: run.sh PORTCLASH
set -eu

packages="prometheus prometheus-node-exporter"

cd "$(dirname "$0")/../.."
# shellcheck disable=SC2086 # a list of words
root=$(sh tests/prometheus/fetch.sh $packages)
PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 tests/prometheus/suite.py "$1" "$root"
