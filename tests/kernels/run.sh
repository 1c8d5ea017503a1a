#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live tests on Debian's kernels, emulated: kernel by back end, one table at the end.
set -eu

KERNELS="bullseye bookworm trixie trixie-backports/6.18 sid"
BACKENDS="fentry kprobe tracepoint"
# Fewer kernels than this prove too little.
KERNELS_MIN=3
LIVE_OPTIONS="--shared --patience 4 --burst 200 --churn 20000"

usage() {
	cat <<-END
		usage: run.sh [OPTION…] STATIC_FOLDER
		  --kernel LIST    SUITE or SUITE/VERSION of Debian (${KERNELS})
		  --backend LIST   (${BACKENDS})
		  --test LIST      only these scenarios, on every kernel under every back end
		  --exclude LIST   not these
		  --all            every scenario everywhere, slow ones too; otherwise those for which
		                   the back end makes no difference run under one of each kernel, and
		                   those of user space only run once, in turns
		  --jobs N         guests at a time (one a processor)
		  --timeout N      seconds for one guest (1200)
		The scenario "rules" is the program tests/rules: all it asks under the first of the
		back ends, a sample under the others.
		STATIC_FOLDER has portclash, live and rules, static; what is left of a run goes to its sibling
		folder "kernels". Lists have commas or blanks. Exit status: 0 nothing failed.
	END
}

# plan SCENARIOS KERNEL_NUMBER: a line for each back end. With each goes the scenario that looks
# at how the shared portclash ended.
plan() {
	awk -v backends="$backends" -v kernels="$kernels" -v kernel="$2" -v all="$all" '
	BEGIN {
		n = split(backends, backend)
		places = n * split(kernels, names)
	}
	{
		one = -1
		if ($2 == "(once)" && !all) {
			turn = once++ % places
			one = turn % n + (int(turn / n) == kernel ? 1 : n + 1)
		} else if ($2 == "(each-kernel)" && !all) {
			one = (each++ + kernel) % n + 1
		}
		for (i = 1; i <= n; i++)
			if (one < 0 || one == i)
				line[i] = line[i] " " $1
	}
	END {
		for (i = 1; i <= n; i++)
			if (line[i])
				print backend[i] line[i] " shared-monitor"
	}' "$1"
}

# What --list prints but for what is excluded or, unless all is wanted, slow or for no guest.
scenarios() {
	# shellcheck disable=SC2086 # a list of words
	if [ -n "$tests" ]; then
		printf '%s\n' $tests
	elif [ -n "$slow" ]; then
		"$static/live" --list | grep -v ' (native)$'
		echo rules
	else
		"$static/live" --list | grep -v -e ' (slow)$' -e ' (native)$'
		echo rules
	fi | awk -v exclude=" $exclude shared-monitor " '!index(exclude, " " $1 " ")'
}

name_of() { echo "$folder/$(echo "$1" | tr / -)"; }

# Before the guests, two of which could want the same kernel at the same time.
fetch() {
	for kernel in $kernels; do
		name=$(name_of "$kernel")
		sh "$here/fetch.sh" "$kernel" >"$name.image" 2>"$name.fetch" &
	done
	wait
}

list() { echo "$1" | tr ',' ' '; }

kernels=$KERNELS backends=$BACKENDS
tests='' exclude='' all='' slow=''
jobs=$(nproc)
timeout=1200

while [ $# -gt 1 ]; do
	case $1 in
	--kernel) kernels=$(list "$2") && shift 2 ;;
	--backend) backends=$(list "$2") && shift 2 ;;
	--test) tests=$(list "$2") && all=1 && shift 2 ;;
	--exclude) exclude=$(list "$2") && shift 2 ;;
	--jobs) jobs=$2 && shift 2 ;;
	--timeout) timeout=$2 && shift 2 ;;
	--all) all=1 && slow=1 && shift ;;
	*) break ;;
	esac
done
if [ $# -ne 1 ] || [ ! -x "$1/live" ]; then
	usage >&2
	exit 2
fi
static=$1
here=$(dirname "$0")
folder=$(dirname "$static")/kernels

mkdir -p "$folder"
scenarios >"$folder/scenarios"
number=0
for kernel in $kernels; do
	name=$(name_of "$kernel")
	rm -f "$name".*
	plan "$folder/scenarios" "$number" >"$name.plan"
	number=$((number + 1))
done
# A guest for each back end, because they are more evenly shared out to the processors, and what
# one breaks is whole again in the next.
fetch
# The newest kernel first, which takes longest, so that none is left to run alone at the end.
newest_first=$(for kernel in $kernels; do echo "$kernel"; done | tac)
for backend in $backends; do
	for kernel in $newest_first; do
		echo "$kernel $backend"
	done
done | xargs -P "$jobs" -L 1 sh "$here/guest.sh" "$folder" "$static" "$timeout" "$LIVE_OPTIONS" ||
	true # what is missing then is a failure in the report

files=$(for kernel in $kernels; do
	name=$(name_of "$kernel")
	for backend in $backends; do
		echo "guest $backend"
		cat "$name.$backend.results" || true
	done >"$name.results" 2>/dev/null
	echo "$name.plan $name.results"
done)
# shellcheck disable=SC2086 # a list of words
awk -v kernels="$kernels" -v minimum="$KERNELS_MIN" -v command="sh $0" -v static="$static" \
	-f "$here/report.awk" $files
