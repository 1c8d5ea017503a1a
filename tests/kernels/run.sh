#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live tests on Debian's kernels, emulated: kernel by back end, one table at the end.
set -eu

KERNELS="bullseye bookworm trixie trixie-backports/6.18 sid"
BACKENDS="fentry kprobe tracepoint"
# Fewer kernels than this prove too little.
KERNELS_MIN=3

usage() {
	cat <<-END
		usage: run.sh [OPTION…] STATIC_FOLDER
		  --kernel LIST    SUITE or SUITE/VERSION of Debian (${KERNELS})
		  --backend LIST   (${BACKENDS})
		  --test LIST      only these scenarios, on every kernel under every back end
		  --exclude LIST   not these
		  --all            every scenario everywhere, slow ones too; otherwise those for which
		                   kernel and back end make no difference run once, in turns
		  --jobs N         guests at a time (one a processor)
		  --timeout N      seconds for one guest (1200)
		STATIC_FOLDER has portclash and live, static; what is left of a run goes to its sibling
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
		turn = $2 == "(anywhere)" && !all ? anywhere++ % places : -1
		for (i = 1; i <= n; i++)
			if (turn < 0 || turn == kernel * n + i - 1)
				line[i] = line[i] " " $1
	}
	END { for (i = 1; i <= n; i++) if (line[i]) print backend[i] line[i] " shared-monitor" }' "$1"
}

# What --list prints but for what is excluded or, unless all is wanted, slow.
scenarios() {
	# shellcheck disable=SC2086 # a list of words
	if [ -n "$tests" ]; then
		printf '%s\n' $tests
	elif [ -n "$slow" ]; then
		"$static/live" --list
	else
		"$static/live" --list | grep -v ' (slow)$'
	fi | awk -v exclude=" $exclude shared-monitor " '!index(exclude, " " $1 " ")'
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
	plan "$folder/scenarios" "$number" >"$folder/$(echo "$kernel" | tr / -).plan"
	number=$((number + 1))
done
echo "$kernels" | tr ' ' '\n' | xargs -P "$jobs" -I KERNEL sh "$here/guest.sh" \
	"$folder" "$static" "$timeout" KERNEL --shared --patience 4 --churn 20000

files=$(for kernel in $kernels; do
	name=$folder/$(echo "$kernel" | tr / -)
	echo "$name.plan $name.results"
done)
# shellcheck disable=SC2086 # a list of words
awk -v kernels="$kernels" -v minimum="$KERNELS_MIN" -v command="sh $0" -v static="$static" \
	-f "$here/report.awk" $files
