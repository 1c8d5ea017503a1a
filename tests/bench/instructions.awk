# SPDX-License-Identifier: GPL-2.0-only
# Prints as tables what the guests of instructions.sh have said, one file a kernel, and whether the
# aims are kept. A guest that did not come to its end makes the exit status 1.
BEGIN {
	loads_count = split(loads, load, " ")
	backends_count = split(backends, backend, " ")
	# Of a connection, of the floor, of what tcpconnect adds, in instructions a getppid()
	aim_percent = 3
	aim_floor = 2
	aim_peer = 1 / 8
	aim_instructions = 1
}

{ sub(/\r$/, "") }
$1 == "kernel" { release[FILENAME] = $2 }
$1 == "end" { ended[FILENAME] = 1 }
$1 == "runs" { runs[FILENAME, $2 " " $3] = $4 }
$1 == "lost" && $4 != "0" { note($2 " " $3 " lost " ($4 == "" ? "nobody knows how many" : $4) " records") }
$1 == "cannot" {
	who = $2 " " $3
	sub(/^cannot [^ ]+ [^ ]+ /, "")
	note(who ": " $0)
}
$1 == "result" {
	setup = $2 " " $3
	round[FILENAME, setup, $4] = ($6 + $7) / $5
	if (!seen[FILENAME, setup]++)
		setups[FILENAME, ++setups_count[FILENAME]] = setup
}

function note(text) { notes[FILENAME] = notes[FILENAME] "* not as planned: " text "\n" }
function has(f, setup, l) { return (f, setup, l) in round && (f, "none -", l) in round }
function added(f, setup, l) { return round[f, setup, l] - round[f, "none -", l] }
function percent(f, setup, l) { return 100 * added(f, setup, l) / round[f, "none -", l] }

function name(setup) {
	sub(/ -$/, "", setup)
	sub(/^none$/, "nothing attached", setup)
	sub(/^portclash-stopped/, "portclash, kernel side,", setup)
	return setup
}

# What is many times as dear is no percentage.
function cell(f, setup, l) {
	if (!has(f, setup, l))
		return "–"
	if (setup == "none -")
		return sprintf("%.3f", round[f, setup, l] / 1000)
	if (percent(f, setup, l) >= 1000)
		return sprintf("%+.0f", added(f, setup, l) / 1000)
	return sprintf("%+.3f (%+.2f %%)", added(f, setup, l) / 1000, percent(f, setup, l))
}

function table(f,    s, l, line, setup) {
	line = "| µs a round |"
	for (l = 1; l <= loads_count; l++)
		line = line " " load[l] " |"
	print line " programs run |"
	gsub(/[^|]+/, " --- ", line)
	print line " --- |"
	for (s = 1; s <= setups_count[f]; s++) {
		setup = setups[f, s]
		if (setup ~ /^portclash-idle/)
			continue
		line = "| " name(setup) " |"
		for (l = 1; l <= loads_count; l++)
			line = line " " cell(f, setup, load[l]) " |"
		print line " " (((f, setup) in runs) ? runs[f, setup] : "–") " |"
	}
}

function kept(is, text) { return (is ? "kept" : "MISSED") ": " text }

function aims(f, b,    own, floor, peer) {
	own = "portclash " b
	floor = "floor " b
	peer = "tcpconnect -"
	if (has(f, own, "connect4")) {
		if (b != "kprobe")
			print "* " b " " kept(percent(f, own, "connect4") <= aim_percent, sprintf( \
				"%+.2f %% of a connection, at most %d %%", percent(f, own, "connect4"), \
				aim_percent))
		if (has(f, floor, "connect4"))
			print "* " b " " kept(added(f, own, "connect4") <= aim_floor * added(f, floor, \
				"connect4"), sprintf("%.1f times the floor, at most %d", added(f, own, \
				"connect4") / added(f, floor, "connect4"), aim_floor))
		if (has(f, peer, "connect4"))
			print "* " b " " kept(added(f, own, "connect4") <= aim_peer * added(f, peer, \
				"connect4"), sprintf("1/%.1f of what tcpconnect adds, at most 1/%d", \
				added(f, peer, "connect4") / added(f, own, "connect4"), 1 / aim_peer))
	}
	if (b != "tracepoint" && has(f, own, "getppid"))
		print "* " b " " kept(added(f, own, "getppid") < aim_instructions, sprintf( \
			"%+.2f instructions a getppid(), less than %d", added(f, own, "getppid"), \
			aim_instructions))
	if ((f, "portclash-idle " b, "idle") in round)
		printf "* %s, a second in which nothing happens: %.1f µs of its process\n", b, \
			round[f, "portclash-idle " b, "idle"] / 1000
}

END {
	for (i = 1; i < ARGC; i++) {
		f = ARGV[i]
		printf "\n## Linux %s\n\n", release[f]
		table(f)
		print ""
		for (b = 1; b <= backends_count; b++)
			aims(f, backend[b])
		printf "%s", notes[f]
		if (!ended[f]) {
			print "* NOT ALL of it: the guest did not come to its end"
			failed = 1
		}
	}
	exit failed
}
