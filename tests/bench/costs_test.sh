#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Does costs.awk see that a load got dearer, and only then?
set -u
cd "$(dirname "$0")" || exit 1
. ../report.sh

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

cat >"$folder/costs" <<-END
	# Linux 6.1
	fentry connect4 2000 50 500 10
	fentry bind 10000 50 20 1
END

# guest CONNECT BIND [LOST [END [CONNECT_PROCESS]]]: the kernel's side adds so many instructions to a round, of which there
# are 100, and the process so many, half of them while the load runs
guest() {
	process=$((${5-500} * 100))
	cat >"$folder/now" <<-END
		kernel 6.1
		result none - fill 100 1000000 0 0
		result none - connect4 100 5000000 0 0
		result none - bind 100 1000000 0 0
		result portclash fentry fill 100 7000000 5000 70000
		result portclash fentry connect4 100 $((5000000 + $1 * 200 + process / 2)) $((process / 2)) $((process / 2))
		result portclash fentry bind 100 $((1000000 + $2 * 100)) 2000 0
		lost portclash fentry ${3-0}
		result portclash-stopped fentry fill 100 7000000 5000 0
		result portclash-stopped fentry connect4 100 $((5000000 + $1 * 100)) $process 0
		result portclash-stopped fentry bind 100 $((1000000 + $2 * 100)) 2000 0
		${4-end}
	END
}

# compared NAME STATUS LINE...: all these lines are there
compared() {
	name=$1 want=$2
	shift 2
	got=0
	out=$(awk -v update=REMEDY -f costs.awk "$folder/costs" "$folder/now") || got=$?
	ended_with "$name" "$want" "$got" "$out" -F "$@"
}

guest 2000 10000
compared "nothing has changed" 0 "4 passed, 0 failed"
guest 2100 10100 0 end 540
compared "twice the spread, one percent, and a wake-up are allowed" 0 "4 passed, 0 failed"
guest 1000 5000
compared "cheaper is allowed" 0 "ok connect4 with fentry, the kernel's side: -1000 instructions"
guest 2101 10000
compared "beyond twice the spread" 1 "3 passed, 1 failed" \
	"FAIL connect4 with fentry, the kernel's side: got dearer by 101 instructions a round: 2101, the table has 2000." REMEDY
guest 2000 10101
compared "beyond one percent" 1 "3 passed, 1 failed" \
	"FAIL bind with fentry, the kernel's side: got dearer by 101 instructions a round: 10101, the table has 10000."
guest 2000 10000 0 end 541
compared "a dearer process" 1 "3 passed, 1 failed" \
	"FAIL connect4 with fentry, the process: got dearer by 41 instructions a round: 541, the table has 500. Allowed are 40"
guest 2000 10000 7
compared "lost records" 1 "FAIL the guest: not as planned: lost portclash fentry 7"
guest 2000 10000 0 ''
compared "a guest without an end" 1 "it did not come to its end"
guest 2000 10000
sed -i '/portclash fentry bind/d' "$folder/now"
compared "a load that was not measured" 1 "FAIL bind with fentry, the process: the guest did not measure it"
: >"$folder/now"
compared "a guest that says nothing" 1 "FAIL connect4 with fentry"
guest 2000 10000
sed -i 's/ fentry/ kprobe/' "$folder/now"
compared "another back end" 1 "FAIL connect4 with fentry, the kernel's side: the guest did not measure it"

guest 2000 10000
cp "$folder/now" "$folder/one"
guest 2030 9990 0 end 480
same "the table has the highest, and the spread" "$(printf 'fentry connect4 2030 31 500 21\nfentry bind 10000 11 20 1')" \
	"$(awk -v write=1 -f costs.awk "$folder/one" "$folder/now")"
guest 2030 9990 0 ''
! awk -v write=1 -f costs.awk "$folder/one" "$folder/now" >"$folder/written"
result "no table from a guest without an end" $? "$(cat "$folder/written")"

# words NAME: how many that list of costs.sh has
words() { sed -n "s/^$1=//p" costs.sh | tr ',' ' ' | wc -w; }
same "the table has a line for each load and back end" $(($(words LOADS) * $(words BACKENDS))) "$(grep -vc '^#' costs)"

finish
