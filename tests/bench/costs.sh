#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Does a change make portclash dearer? One guest counts the instructions of a few loads, which the table `costs`
# has. With --update, guests with other chance write that table anew.
#     costs.sh [--update] STATIC_FOLDER
set -eu

KERNEL=bookworm
BACKENDS=fentry,tracepoint
LOADS=connect4,udp-connect,udp-send,resolver,bind
# With these, what is rare and dear is little of a round: a thread of the kernel, a timer of portclash. The log of claims
# (bpf/claim_log.bpf.h) has room for them and a tenth more, while the process is stopped.
ROUNDS=3500
# The first is what a run without --update has.
SEEDS="1 2 3"

here=$(dirname "$0")
update=''
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
static=$1
folder=$(dirname "$static")/costs

# count SEED...: what the guest of each seed counts is left in $folder/SEED. The first load fills portclash's tables, and is
# not in the table: growing takes 300 to 1,200 instructions of a connection, by when it happens.
count() {
	for seed; do
		rm -rf "${folder:?}/$seed"
		echo "$seed"
	done | xargs -P "$(nproc)" -I SEED sh "$here/instructions.sh" --jobs 1 --kernel "$KERNEL" --backend "$BACKENDS" \
		--setup none,portclash,portclash-stopped --load "fill,$LOADS" --rounds "$ROUNDS" --seed SEED --into "$folder/SEED" "$static" \
		>/dev/null
}

if [ -z "$update" ]; then
	count "${SEEDS%% *}" || true
	awk -v update="make bench-costs" -f "$here/costs.awk" "$here/costs" "$folder/${SEEDS%% *}/$KERNEL.results"
	exit
fi
# shellcheck disable=SC2086 # a list of words
count $SEEDS
{
	echo "# Instructions that portclash adds to a round: the kernel's side and its spread, the process and its spread;"
	echo "# written by \`make bench-costs\` (README.md)."
	sed -n 's/^kernel \([^\r]*\).*/# Linux \1/p' "$folder/${SEEDS%% *}/$KERNEL.results"
	awk -v write=1 -f "$here/costs.awk" "$folder"/[0-9]*/$KERNEL.results
} >"$folder/costs" || {
	cat "$folder/costs" >&2
	exit 1
}
mv "$folder/costs" "$here/costs"
cat "$here/costs"
