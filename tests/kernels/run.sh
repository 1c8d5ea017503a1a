#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live tests on Debian's kernels, emulated: kernel by back end, one table at the end.
set -eu

KERNELS="bullseye bookworm trixie trixie-backports/6.18 sid"
# The oldest, one between, the newest: an emulated arm64 is slow. The mirrors no longer have later ones of bullseye.
KERNELS_ARM64="bullseye/5.10.0-32 bookworm sid"
# A run on an arm64 kernel takes one scenario of twenty, each kernel other ones. --all takes them all.
SAMPLE_ARM64=20
BACKENDS="fentry kprobe tracepoint"
# A start of portclash takes an emulated machine 10 to 25 s. A scenario that starts one runs on so many kernels.
OWN=1
# Fewer kernels than this prove too little.
KERNELS_MIN=3
LIVE_OPTIONS="--shared --patience 8 --churn 20000"

usage() {
	cat <<-END
		usage: run.sh [OPTION…] STATIC_FOLDER
		  --arch ARCH      amd64 or arm64, for which STATIC_FOLDER is (amd64)
		  --kernel LIST    SUITE or SUITE/VERSION of Debian (${KERNELS})
		  --backend LIST   (${BACKENDS})
		  --test LIST      only these scenarios, on every kernel under every back end
		  --exclude LIST   not these
		  --all            every scenario on every kernel under every back end, slow ones too (hours);
		                   otherwise each kernel runs a scenario under one back end, in turns; those for
		                   which the back end makes no difference run on one kernel only, and
		                   those of user space only are left to the live tests of this machine
		  --own N          how many kernels run a scenario that starts a portclash of its own (${OWN})
		  --sample N       each kernel runs each N-th scenario only (1; arm64: ${SAMPLE_ARM64})
		  --boot OPTIONS   further options of the kernel's command line (preempt=full)
		  --burst N        refusals in a burst or a storm (200)
		  --jobs N         guests at a time (one a processor)
		  --timeout N      seconds for one guest (1200)
		The scenario "rules" is the program tests/rules: all it asks under the first of the
		back ends, a sample under the others.
		STATIC_FOLDER has portclash, live and rules, static; what is left of a run goes to its sibling
		folder "kernels". Lists have commas or blanks. Exit status: 0 nothing failed.
	END
}

# plan SCENARIOS KERNEL_NUMBER BACKENDS: a line for each back end. With each goes the scenario that looks
# at how the shared portclash ended. Scenarios for which the back end makes no difference run on the oldest
# kernel, number 0. Those of them that start a portclash are shared out to all kernels, under the last back end,
# which starts soonest.
plan() {
	awk -v backends="$3" -v kernel="$2" -v kernels="$(echo "$kernels" | wc -w)" -v all="$all" \
		-v sample="$sample" -v own="$own" '
	function in_turn(number, times,    i, turn) {
		for (i = 0; i < times && i < kernels; i++) {
			turn = number + i * int(kernels / times)
			if (turn % kernels == kernel)
				return (int(number / kernels) + i) % n + 1
		}
		return n + 1
	}
	function backend_of() {
		if (/\(once\)/)
			return n + 1
		if (/\(each-kernel\)/ && /\(own\)/)
			return each_own++ % kernels == kernel ? n : n + 1
		if (/\(each-kernel\)/)
			return kernel == 0 ? each++ % n + 1 : n + 1
		if (/\(own\)/)
			return in_turn(everywhere_own++, own)
		return (everywhere++ + kernel) % n + 1
	}
	BEGIN { n = split(backends, backend) }
	{
		one = all ? 0 : backend_of()
		if ((NR + kernel) % sample)
			next
		for (i = 1; i <= n; i++)
			if (one == i || !one)
				line[i] = line[i] " " $1
	}
	END {
		for (i = 1; i <= n; i++)
			if (line[i])
				print backend[i] line[i] " shared-monitor"
	}' "$1"
}

# A foreign live runs in its guest only; QEMU's user mode is enough to list its scenarios.
list_live() {
	case $arch in
	"$(dpkg --print-architecture)") "$static/live" --list ;;
	arm64) qemu-aarch64 "$static/live" --list ;;
	amd64) qemu-x86_64 "$static/live" --list ;;
	esac
}

# Print what --list prints, without what is excluded or, unless all is wanted, slow or for no guest.
scenarios() {
	# shellcheck disable=SC2086 # a list of words
	if [ -n "$tests" ]; then
		printf '%s\n' $tests
	elif [ -n "$slow" ]; then
		list_live | grep -v ' (native)'
		echo rules
	else
		list_live | grep -v -e ' (slow)' -e ' (native)'
		echo rules
	fi | awk -v exclude=" $exclude shared-monitor " '!index(exclude, " " $1 " ")'
}

# backends_of KERNEL: the type information of arm64's 5.10 lacks functions that fentry hooks (__inet6_bind).
backends_of() {
	case $arch/$1 in
	arm64/bullseye*) echo "$backends" | sed 's/fentry//' ;;
	*) echo "$backends" ;;
	esac
}

name_of() { echo "$folder/$(echo "$1" | tr / -)"; }

# Before the guests, two of which could want the same kernel at the same time.
fetch() {
	for kernel in $kernels; do
		name=$(name_of "$kernel")
		sh "$here/fetch.sh" "$kernel" "$arch" >"$name.image" 2>"$name.fetch" &
	done
	wait
}

list() { echo "$1" | tr ',' ' '; }

arch=amd64 kernels='' backends=$BACKENDS
sample='' tests='' exclude='' all='' slow=''
own=$OWN
jobs=$(nproc)
burst=200
timeout=1200

while [ $# -gt 1 ]; do
	case $1 in
	--arch) arch=$2 && shift 2 ;;
	--kernel) kernels=$(list "$2") && shift 2 ;;
	--backend) backends=$(list "$2") && shift 2 ;;
	--test) tests=$(list "$2") && all=1 && sample=1 && shift 2 ;;
	--exclude) exclude=$(list "$2") && shift 2 ;;
	--sample) sample=$2 && shift 2 ;;
	--own) own=$2 && shift 2 ;;
	--boot) PORTCLASH_KERNEL_OPTIONS=$2 && export PORTCLASH_KERNEL_OPTIONS && shift 2 ;;
	--burst) burst=$2 && shift 2 ;;
	--jobs) jobs=$2 && shift 2 ;;
	--timeout) timeout=$2 && shift 2 ;;
	--all) all=1 && slow=1 && sample=1 && shift ;;
	*) break ;;
	esac
done
case $arch in
amd64) : "${kernels:=$KERNELS}" "${sample:=1}" ;;
arm64) : "${kernels:=$KERNELS_ARM64}" "${sample:=$SAMPLE_ARM64}" ;;
*) set -- ;;
esac
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
	plan "$folder/scenarios" "$number" "$(backends_of "$kernel")" >"$name.plan"
	number=$((number + 1))
done
# A guest for each back end, because they are more evenly shared out to the processors, and what
# one breaks is whole again in the next.
fetch
# When the time is over, the guests end, and the report says what they did until then.
trap : TERM
# The newest kernel first, which takes longest, so that none is left to run alone at the end.
newest_first=$(for kernel in $kernels; do echo "$kernel"; done | tac)
for backend in $backends; do
	for kernel in $newest_first; do
		echo "$kernel $backend"
	done
done | xargs -P "$jobs" -L 1 sh "$here/guest.sh" "$folder" "$static" "$timeout" "$LIVE_OPTIONS --burst $burst" ||
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
awk -v kernels="$kernels" -v minimum="$KERNELS_MIN" -v command="sh $0 --arch $arch" -v static="$static" \
	-f "$here/report.awk" $files
