#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs fuzz targets, as many at once as there are processors:
#     run.sh [--keep] FOLDER SECONDS TARGET...
# Each starts from its committed corpus, tests/fuzz/corpus/TARGET (`record` from the replay's
# streams too), and goes on for SECONDS. What it finds new stays in FOLDER/found/TARGET, and is
# where a run with --keep goes on. An input that breaks something is kept in FOLDER/failed/TARGET and
# tried in each later run too; the command that shows it is printed. Last line: "N passed, N failed,
# N skipped".
set -u

here=$(cd "$(dirname "$0")" && pwd)
# Memory of one target, MiB: what is beyond is a length that was believed.
memory=1024
# Seconds for one input: the slowest takes some milliseconds under the sanitizers.
one=10

# seeds TARGET: the folders it starts from
seeds() {
	echo "$here/corpus/$1" "$folder/failed/$1"
	[ "$1" != record ] || echo "$folder/streams"
}

# run_one TARGET: its log is FOLDER/TARGET.log, its exit status in FOLDER/TARGET.status
run_one() {
	mkdir -p "$folder/found/$1" "$folder/failed/$1"
	# shellcheck disable=SC2046 # a list of folders
	"$folder/$1" -max_total_time="$seconds" -timeout="$one" -rss_limit_mb="$memory" \
		-artifact_prefix="$folder/failed/$1/" -print_final_stats=1 \
		"$folder/found/$1" $(seeds "$1") >"$folder/$1.log" 2>&1
	echo $? >"$folder/$1.status"
}

# Say what broke, and how to see it again
explain() {
	grep -m 3 -e 'not true: ' -e 'runtime error: ' -e '^SUMMARY: ' -e 'ERROR: ' \
		"$folder/$1.log" | sed 's/^/    /'
	for input in "$folder/failed/$1"/*; do
		[ ! -e "$input" ] || echo "    again: $folder/$1 $input"
	done
	echo "    all of it: $folder/$1.log"
}

# A target that ran nothing, or has no corpus, has failed.
conclude() {
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$1.log")
	inputs=$(find "$here/corpus/$1" -type f 2>/dev/null | wc -l)
	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$folder/$1.log" | tail -n 1)
	status=$(cat "$folder/$1.status")
	if [ "$status" = 0 ] && [ "${runs:-0}" -gt "$inputs" ] && [ "$inputs" -gt 0 ]; then
		passed=$((passed + 1))
		echo "ok $1: $runs runs from $inputs inputs, $edges edges"
		echo "| fuzz $1 | $runs runs | $edges edges |"
	else
		failed=$((failed + 1))
		echo "FAIL $1: exit status $status after ${runs:-no} runs from $inputs inputs"
		explain "$1"
	fi
}

keep=
[ "$1" != --keep ] || keep=$1
[ -z "$keep" ] || shift
mkdir -p "$1"
folder=$(cd "$1" && pwd)
seconds=$2
shift 2
[ -n "$keep" ] || rm -rf "$folder/found"
rm -rf "$folder/streams"
mkdir -p "$folder/streams"
cp "$here"/../replay/*.pcrec "$folder/streams"

started=0
for target; do
	rm -f "$folder/$target.log" "$folder/$target.status"
	run_one "$target" &
	started=$((started + 1))
	[ $((started % $(nproc))) -ne 0 ] || wait
done
wait

passed=0
failed=0
for target; do
	conclude "$target"
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
