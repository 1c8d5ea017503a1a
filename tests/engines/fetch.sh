#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches the engines from this machine's distribution, unless that is done, and prints the folder they are in. They
# are not installed: a dockerd for good is not what somebody wants who runs tests.
set -eu

wanted="docker.io podman passt slirp4netns uidmap crun runc iptables"

apt-cache show podman >/dev/null 2>&1 || apt-get -qq update >/dev/null
# From Debian 13 on the client is a package of its own.
! apt-cache show docker-cli >/dev/null 2>&1 || wanted="$wanted docker-cli"
# Packages that are not installed here, with all that they need. Those in brackets are here in another version.
# shellcheck disable=SC2086 # a list of words
packages=$(apt-get install -s --no-install-recommends $wanted |
	sed -n '/^Inst [^ ]* \[/!s/^Inst \([^ ]*\) .*/\1/p')
# shellcheck disable=SC2086 # a list of words
sh "$(dirname "$0")/../prometheus/fetch.sh" busybox-static $packages
