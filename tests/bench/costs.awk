# SPDX-License-Identifier: GPL-2.0-only
# Compares what a guest of instructions.sh has counted with the table `costs`, and says which load got dearer:
#     awk -v update=COMMAND -f costs.awk costs RESULTS
# or writes the table from the results of several guests, each with other chance:
#     awk -v write=1 -f costs.awk RESULTS...
# A line of the table: back end, load, and for each side the instructions that portclash adds to a round, and the
# spread between guests that differ in nothing but chance. The sides are the kernel's and the process.
BEGIN {
	sides = split("kernel process", side, " ")
	# A thread of the kernel that runs once more, or a timer of portclash. The ports that chance chooses differ with each
	# build, too: the kernel's side of one and the same program differed by 75 between two builds.
	least["kernel"] = 100
	least["process"] = 40
}

# allowed NAME: one percent more, or twice the spread, or the least
function allowed(name,    most, part) {
	split(name, part, " ")
	most = cost[name] / 100
	if (2 * spread[name] > most)
		most = 2 * spread[name]
	return most > least[part[1]] ? most : least[part[1]]
}

# by_name SIDE LOAD BACKEND
function by_name(name) {
	split(name, part, " ")
	return part[2] " with " part[3] ", " (part[1] == "kernel" ? "the kernel's side" : "the process")
}

function judge(name,    more) {
	if (!(name in now)) {
		fail(by_name(name), "the guest did not measure it")
		return
	}
	more = now[name] - cost[name]
	if (more > allowed(name))
		fail(by_name(name), sprintf("got dearer by %d instructions a round: %d, the table has %d. Allowed are %d more" \
			" (1 %%, or twice the spread between guests, or %d). If the new cost is right: %s", more, now[name], \
			cost[name], allowed(name), least[name ~ /^kernel/ ? "kernel" : "process"], update))
	else
		pass(by_name(name) sprintf(": %+d instructions a round (%d, the table has %d, allowed are %d more)", more, \
			now[name], cost[name], allowed(name)))
}

function pass(text) { print "ok " text; passed++ }
function fail(name, text) { print "FAIL " name ": " text; failed++ }

# counted SIDE NS: of this line's load and back end
function counted(s, ns,    name) {
	name = s " " $4 " " $3
	now[name] = ns / $5
	if (!(name in low) || now[name] < low[name])
		low[name] = now[name]
	if (!(name in high) || now[name] > high[name])
		high[name] = now[name]
}

function written(name) { return sprintf(" %d %d", high[name], high[name] - low[name] + 1) }

{ sub(/\r$/, "") }
FNR == 1 { files++ }
/^#/ { next }
!write && files == 1 && NF == 2 + 2 * sides {
	for (i = 1; i <= sides; i++) {
		order[++count] = side[i] " " $2 " " $1
		cost[order[count]] = $(1 + 2 * i)
		spread[order[count]] = $(2 + 2 * i)
	}
	next
}
$1 == "kernel" { release = $2 }
$4 == "fill" { next }
$1 == "result" && $2 == "none" { none[$4] = $6 / $5 }
$1 == "result" && $2 == "portclash" {
	if (write && !(("process " $4 " " $3) in now))
		order[++count] = $4 " " $3
	counted("process", $7 + $8)
}
# While the process is stopped: while it runs, a connection costs the kernel 1,100 more in some guests, and not in
# portclash's programs (NOTES.md).
$1 == "result" && $2 == "portclash-stopped" { counted("kernel", $6 - none[$4] * $5) }
$1 == "lost" && $4 != "0" { lost = lost " " $0 ";" }
$1 == "cannot" { lost = lost " " $0 ";" }
$1 == "end" { ended++ }

END {
	if (lost || ended != (write ? files : 1))
		fail("the guest", "not as planned:" lost (lost ? "" : " it did not come to its end"))
	if (write) {
		for (i = 1; i <= count && !failed; i++) {
			split(order[i], part, " ")
			print part[2] " " part[1] written("kernel " order[i]) written("process " order[i])
		}
		exit failed > 0 || !count
	}
	for (i = 1; i <= count; i++)
		judge(order[i])
	if (!count)
		fail("the table", "it has no line")
	printf "%d passed, %d failed, 0 skipped\n", passed, failed
	exit failed > 0
}
