#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of what run.sh says about fuzz targets that pass, crash, hang, and run nothing: stand-ins, in place of
# real targets of these names.
set -u

here=$(dirname "$0")
. "$here/../report.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# target NAME BODY: in BODY, $artifact begins the name of a file that is to be kept
target() {
	# shellcheck disable=SC2016 # for the stand-in's shell
	printf '#!/bin/sh\nfor a; do case $a in -artifact_prefix=*) artifact=${a#*=} ;; esac; done\n%s\n' \
		"$2" >"$tmp/$1"
	chmod +x "$tmp/$1"
}

# expect NAME STATUS PATTERN TARGET...: the exit status, and a line that must be there
expect() {
	name=$1 status=$2 pattern=$3
	shift 3
	sh "$here/run.sh" "$tmp" 1 "$@" >"$tmp/out" 2>&1
	have=$?
	[ "$have" -eq "$status" ] && grep -qe "$pattern" "$tmp/out"
	result "$name" $? "$(echo "expected $status and \"$pattern\", got $have and:" && cat "$tmp/out")"
}

runs='echo "#9 DONE cov: 12 ft: 1"; echo "stat::number_of_executed_units: 5000"'
target ports "$runs"
# shellcheck disable=SC2016 # the same
target escape 'echo x >"${artifact}crash-1"; echo "a.c:1: not true: b"; exit 77'
target procfs 'echo "stat::number_of_executed_units: 0"'
target cgroup "$runs; exit 1"
target nothing "$runs"

expect "a target that runs" 0 '^ok ports: 5000 runs from [1-9][0-9]* inputs, 12 edges$' ports
expect "the table" 0 '^| fuzz ports | 5000 runs | 12 edges |$' ports
expect "a crash" 1 '^FAIL escape: exit status 77' escape ports
expect "what was not true" 1 '^    a.c:1: not true: b$' escape
expect "the command that shows it" 1 "^    again: $tmp/escape $tmp/failed/escape/crash-1\$" escape
expect "no runs" 1 '^FAIL procfs: ' procfs
expect "a status" 1 '^FAIL cgroup: exit status 1 ' cgroup
expect "no corpus" 1 '^FAIL nothing: .* from 0 inputs$' nothing
expect "a target that is not there" 1 '^FAIL record: exit status 127' record
expect "the sum" 1 '^1 passed, 2 failed, 0 skipped$' ports escape procfs
finish
