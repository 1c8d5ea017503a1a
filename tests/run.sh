#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs test suites, each a command line, and adds up what they count:
#     run.sh LOGS [OPTION | SUITE]...
# The folder LOGS takes what they print. An option holds for all suites after it:
#     --beside         suites that nothing disturbs: as many at a time as there are processors
#     --watching       suites that disturb each other: one at a time, beside as many of those that nothing
#                      disturbs, which are nicer meanwhile
#     --alone          a suite has the machine to itself (also without any option)
#     --limit SECONDS  a suite that takes longer is ended and has failed (SUITE_LIMIT, or 600)
#     --step NAME COMMAND   no suite but a condition of those of its kind that follow, such as a build
#     --report         at the end: the slowest suites and tests, with their processor time; what was skipped, and why
#     --note TEXT      at the end: TEXT
# A suite is a cmocka program, or prints "N passed, N failed, N skipped" last. A suite fails that
# crashes, hangs, runs no test, skips without saying why ("skip NAME: WHY") or counts other tests than
# it shows (count.awk). What a failed suite printed is shown, with V=1 that of all; tables ("| …")
# always are. Every 15 seconds a line says what is running. The last line is the sum.
# MUST_RUN=1 is for CI: a suite that skips all it has is a failure there.
set -u

here=$(dirname "$0")
beat=${SUITE_BEAT:-15}
jobs=${SUITE_JOBS:-$(nproc)}

# Tables by number of the suite, in the order of the arguments. KIND is beside, watching or alone.
names=() commands=() kinds=() limits=() is_step=() logs=() pids=() starts=() seconds=()
# Numbers of suites: those that wait, by kind, those that run, those that failed.
beside=() watching=() running=() ended=() broken_suites=()
passed=0 failed=0 skipped=0
broken='' note='' report='' sleeper=''

# Milliseconds; the decimal sign is the locale's.
now_ms() { now=$((${EPOCHREALTIME//[!0-9]/} / 1000)); }

tenths() { printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# launch INDEX: a suite has its own process group (timeout makes it), and SIGINT as a terminal would
# send it: the shell ignores that signal in what it starts beside itself. The status goes to a
# file, the processor time to another. On a signal to the group the inner shell waits until the suite has cleaned up.
launch() {
	local nicer=0
	trap - INT QUIT TERM HUP EXIT
	[ "${kinds[$1]}" != beside ] || ! runs watching || nicer=10
	# shellcheck disable=SC2016 # for the inner shell
	CMOCKA_MESSAGE_OUTPUT=stdout exec nice -n "$nicer" timeout -k 10 "${limits[$1]}" \
		sh -c 'trap : TERM; sh -c "$1"; echo $? >"$2.status"; times >"$2.times"' sh "${commands[$1]}" "${logs[$1]}"
}

name_of() { echo "$1" | sed 's|^[^ ]*build/||; s|^sh ||'; }

# add NAME COMMAND KIND LIMIT [STEP]
add() {
	local i=${#names[@]} log
	log=$folder/$(echo "$1" | tr -c 'A-Za-z0-9_\n' '-' | cut -c1-200).log
	[[ " ${logs[*]-} " != *" $log "* ]] || log=${log%.log}-$i.log
	names+=("$1") commands+=("$2") kinds+=("$3") limits+=("$4") is_step+=("${5:-}") logs+=("$log")
	case $3 in
	beside) beside+=("$i") ;;
	watching) watching+=("$i") ;;
	alone) run_all && start "$i" && run_all ;;
	esac
}

# start INDEX
start() {
	rm -f "${logs[$1]}.status" "${logs[$1]}.times"
	now_ms
	starts[$1]=$now
	running+=("$1")
	launch "$1" >"${logs[$1]}" 2>&1 </dev/null &
	pids[$1]=$!
}

# verdict INDEX FAILED RUN COMPLAINT: what is wrong with the suite itself; "" for nothing
verdict() {
	local status
	status=$(cat "${logs[$1]}.status" 2>/dev/null)
	if [ "${seconds[$1]}" -ge $((limits[$1] * 1000)) ]; then
		echo "killed: no end within ${limits[$1]} s"
	elif [ -z "$status" ]; then
		echo "was killed"
	elif [ "$status" -gt 128 ]; then
		echo "crashed with signal $((status - 128))"
	elif [ "$status" -ne 0 ] && [ "$2" -eq 0 ]; then
		echo "exit status $status"
	elif [ "$3" -eq 0 ]; then
		echo "ran no test"
	else
		echo "$4"
	fi
}

# show LOG WORD
show() {
	if [ -n "${V:-}" ]; then
		cat "$1"
	elif [ "$2" = FAIL ]; then
		grep -v -e '^ok ' -e '^\[ RUN      \]' -e '^\[       OK \]' \
			-e '^[0-9]* passed, [0-9]* failed' "$1" | head -200 | cut -c1-300 | sed 's/^/    /'
		echo "    all of it: $1"
	fi
	grep -e '^rules: ' -e '^known difference: ' -e '^| ' "$1" | sed 's/^/  /'
	[ -n "$report" ] || grep '^skip ' "$1" | sed 's/^/  /'
}

# conclude_suite INDEX: adds up what a suite counted that has ended, and prints its line
conclude_suite() {
	local i=$1 word=ok p f s complaint wrong
	{
		read -r p f s
		read -r complaint
	} < <(awk -f "$here/count.awk" "${logs[i]}")
	wrong=$(verdict "$i" "$f" $((p + f + s)) "$complaint")
	[ -n "$wrong" ] || [ -z "${MUST_RUN:-}" ] || [ $((p + f)) -gt 0 ] || wrong="skipped all it has"
	[ -z "$wrong" ] || f=$((f + 1))
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ $((p + f)) -gt 0 ] || word=skip
	if [ "$f" -gt 0 ]; then
		word=FAIL
		broken="$broken ${names[i]}"
		broken_suites+=("$i")
	fi
	printf '%-4s %-40s %s passed, %s failed, %s skipped in %s s%s\n' "$word" "${names[i]}" \
		"$p" "$f" "$s" "$(tenths "${seconds[i]}")" "${wrong:+; $wrong}"
	show "${logs[i]}" "$word"
}

# conclude_step INDEX: the rest cannot be run without it
conclude_step() {
	if [ "$(cat "${logs[$1]}.status" 2>/dev/null)" = 0 ]; then
		printf '%-4s %-40s in %s s\n' 'done' "${names[$1]}" "$(tenths "${seconds[$1]}")"
		return
	fi
	printf '%-4s %s in %s s; what did not run yet is not run\n' FAIL "${names[$1]}" \
		"$(tenths "${seconds[$1]}")"
	tail -n 40 "${logs[$1]}" | sed 's/^/    /'
	failed=$((failed + 1))
	finish
}

# A line for each suite that runs: its seconds so far, and the last line it printed.
say_running() {
	local i last
	now_ms
	for i in "${running[@]}"; do
		last=$(tail -n 1 "${logs[i]}" | tr -cd '[:print:]' | cut -c1-50)
		printf '...  %-40s running, %d s%s\n' "${names[i]}" $(((now - starts[i]) / 1000)) \
			"${last:+: $last}"
	done
}

# Waits until a suite ends or the next line of progress is due. Suites that ended are in `ended`.
await() {
	local i still=()
	ended=()
	[ -n "$sleeper" ] || { sleep "$beat" & sleeper=$!; }
	wait -n 2>/dev/null # it tells of those that were killed
	now_ms
	for i in "${running[@]}"; do
		if kill -0 "${pids[i]}" 2>/dev/null; then
			still+=("$i")
		else
			seconds[i]=$((now - starts[i]))
			ended+=("$i")
		fi
	done
	running=(${still[@]+"${still[@]}"})
	kill -0 "$sleeper" 2>/dev/null || { sleeper= && say_running; }
}

conclude() {
	if [ -n "${is_step[$1]}" ]; then conclude_step "$1"; else conclude_suite "$1"; fi
}

# running_of KIND [STEP]: counts in `count` the suites of that kind that run, or the steps of them
running_of() {
	local i
	count=0
	for i in ${running[@]+"${running[@]}"}; do
		[ "${kinds[i]}" != "$1" ] || [[ ${2:-} && ! ${is_step[i]} ]] || count=$((count + 1))
	done
}

# runs KIND [STEP]: does a suite of that kind run, or a step?
runs() {
	running_of "$@"
	[ "$count" -gt 0 ]
}

has_room() {
	running_of beside
	[ "$count" -lt "$jobs" ]
}

# Starts what may run beside what runs already. A suite that watches takes no place of one that nothing
# disturbs: it mostly waits, and comes first at the processors.
start_ready() {
	if [ ${#watching[@]} -gt 0 ] && ! runs watching; then
		start "${watching[0]}"
		watching=("${watching[@]:1}")
	fi
	while [ ${#beside[@]} -gt 0 ] && has_room && ! runs beside step; do
		start "${beside[0]}"
		beside=("${beside[@]:1}")
	done
}

# Go on until nothing waits and nothing runs
run_all() {
	local i
	while :; do
		start_ready
		[ ${#running[@]} -gt 0 ] || return 0
		await
		for i in ${ended[@]+"${ended[@]}"}; do
			conclude "$i"
		done
	done
}

# A timeout that a signal reaches before it knows its child ends alone, and leaves the group that it made.
end_group() {
	local round signal=TERM
	for round in {1..200}; do
		kill -0 -- "-$1" 2>/dev/null || return 0
		[ "$round" -le 100 ] || signal=KILL
		[ $((round % 100)) -ne 1 ] || kill -s "$signal" -- "-$1" 2>/dev/null
		sleep 0.1
	done
}

end_running() {
	local i
	trap '' INT TERM HUP
	for i in ${running[@]+"${running[@]}"}; do
		kill "${pids[i]}" 2>/dev/null
	done
	[ -z "$sleeper" ] || kill "$sleeper" 2>/dev/null
	wait
	for i in ${running[@]+"${running[@]}"}; do
		end_group "${pids[i]-}"
	done
}

stop() {
	end_running
	echo "interrupted" >&2
	exit 130
}

# processor_time INDEX: of a suite that has ended, with what it started, in seconds: "0m1.250000s 0m0.030000s"
processor_time() {
	tail -n 1 "${logs[$1]}.times" 2>/dev/null |
		awk -F '[ ms]+' '{ sum = $1 * 60 + $2 + $3 * 60 + $4 } END { printf "%.1f", sum }'
}

say_slowest() {
	local i
	now_ms
	echo "slowest suites, and the processor time of each:"
	for i in "${!seconds[@]}"; do
		echo "$(tenths "${seconds[i]}") $(processor_time "$i") ${names[i]}"
	done | sort -rn | awk -v elapsed="$((now - began))" -v jobs="$jobs" '
		{ time = $1; used = $2; sum += $2; sub(/^[^ ]* [^ ]* /, "") }
		NR <= 10 { printf "%8s s %8s s  %s\n", time, used, $0 }
		END { printf "all suites: %.0f s, of %d processors %.0f s used\n", elapsed / 1000, jobs, sum }'
	echo "slowest tests and guests, of suites that time each:"
	for i in "${!seconds[@]}"; do
		sed -n -E 's/^(ok|guest) (.*) \(([0-9.]+) s\)$/\3 \2/p' "${logs[i]}"
	done | sort -rn | head -n 10 |
		awk '{ time = $1; sub(/^[^ ]* /, ""); printf "%8s s  %s\n", time, $0 }'
}

# The tests of a suite that were skipped for the same reason in one line
say_skipped() {
	local i
	[ "$skipped" -gt 0 ] || return
	echo "skipped, $skipped in all:"
	for i in "${!seconds[@]}"; do
		sed -n 's/^skip //p' "${logs[i]}" | awk -v suite="${names[i]}" '
		{ at = index($0, ": "); name = substr($0, 1, at - 1); why = substr($0, at + 2) }
		!(why in tests) { order[++n] = why }
		{ tests[why] = tests[why] (tests[why] ? ", " : "") name }
		END { for (j = 1; j <= n; j++) print "  " suite ": " tests[order[j]] ": " order[j] }'
	done
}

# The tests that failed and what each printed below its name: whoever sees only the end of the output
# learns which they are.
say_failed() {
	local i
	for i in "${!seconds[@]}"; do
		[[ " ${broken_suites[*]-} " == *" $i "* ]] || continue
		echo "failed in ${names[i]}:"
		awk '/^(FAIL |\[  (FAILED|ERROR) )/ { below = 16 }
			below == 16 || (below > 0 && /^[ \t]/) { print; below--; next }
			{ below = 0 }' "${logs[i]}" | head -80 | cut -c1-300 | sed 's/^/  /'
	done
}

finish() {
	end_running
	if [ -n "$report" ]; then
		say_slowest
		say_skipped
	fi
	[ -z "$note" ] || echo "$note"
	say_failed
	[ -z "$broken" ] || echo "failures in:$broken"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
	exit
}

main() {
	local kind=alone limit=${SUITE_LIMIT:-600}
	folder=$1
	shift
	mkdir -p "$folder"
	now_ms
	began=$now
	trap stop INT TERM HUP
	while [ $# -gt 0 ]; do
		case $1 in
		--beside | --watching | --alone) kind=${1#--} ;;
		--limit) limit=$2 && shift ;;
		--step) add "$2" "$3" "$kind" 3600 step && shift 2 ;;
		--report) report=1 ;;
		--note) note=$2 && shift ;;
		*) add "$(name_of "$1")" "$1" "$kind" "$limit" ;;
		esac
		shift
	done
	run_all
	finish
}

# In one piece: the file may change while it runs.
main "$@"
exit
