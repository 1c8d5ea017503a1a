#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Does a change make portclash dearer? One guest counts the instructions of a few loads, which the table `costs`
# has. With --update, guests with other chance write that table anew.
#     costs.sh [--update] STATIC_FOLDER
set -eu

KERNEL=bookworm
BACKENDS=fentry,tracepoint
LOADS=connect4,udp-connect,udp-send,resolver,bind
# The first is what a run without --update has.
SEEDS="1 2 3"

here=$(dirname "$0")
update=''
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
static=$1
results=$(dirname "$static")/instructions/$KERNEL.results

# count SEED: what a guest counts is left in $results
count() {
	rm -f "$results"
	sh "$here/instructions.sh" --jobs 1 --kernel "$KERNEL" --backend "$BACKENDS" --setup none,portclash \
		--load "$LOADS" --seed "$1" "$static" >/dev/null
}

if [ -z "$update" ]; then
	count "${SEEDS%% *}" || true
	awk -v update="make bench-costs" -f "$here/costs.awk" "$here/costs" "$results"
	exit
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for seed in $SEEDS; do
	count "$seed"
	cp "$results" "$folder/$seed"
done
{
	echo "# Instructions that portclash adds to a round, and their spread; written by \`make bench-costs\` (README.md)."
	sed -n 's/^kernel \([^\r]*\).*/# Linux \1/p' "$folder/1"
	awk -v write=1 -f "$here/costs.awk" "$folder"/*
} >"$folder/costs"
mv "$folder/costs" "$here/costs"
cat "$here/costs"
