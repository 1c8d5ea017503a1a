# SPDX-License-Identifier: GPL-2.0-only
# Compares what a guest of instructions.sh has counted with the table `costs`, and says which load got dearer:
#     awk -v update=COMMAND -f costs.awk costs RESULTS
# or writes the table from the results of several guests, each with other chance:
#     awk -v write=1 -f costs.awk RESULTS...
# A line of the table: back end, load, instructions that portclash adds to a round, and the spread between
# guests that differ in nothing but chance.

# allowed ADDED SPREAD: one percent more, or the spread where it is more
function allowed(added, spread) { return spread > added / 100 ? spread : added / 100 }

function by_name(name) { split(name, part, " "); return part[1] " with " part[2] }

function judge(name,    more) {
	if (!(name in now)) {
		fail(by_name(name), "the guest did not measure it")
		return
	}
	more = now[name] - cost[name]
	if (more > allowed(cost[name], spread[name]))
		fail(by_name(name), sprintf("got dearer by %d instructions a round: %d, the table has %d. Allowed are %d more" \
			" (1 %% or the spread between guests). If the new cost is right: %s", more, now[name], cost[name], \
			allowed(cost[name], spread[name]), update))
	else
		pass(by_name(name) sprintf(", %+d instructions a round (%d, the table has %d, allowed are %d more)", more, \
			now[name], cost[name], allowed(cost[name], spread[name])))
}

function pass(text) { print "ok " text; passed++ }
function fail(name, text) { print "FAIL " name ": " text; failed++ }

{ sub(/\r$/, "") }
FNR == 1 { files++ }
/^#/ { next }
!write && files == 1 && NF == 4 { order[++count] = $2 " " $1; cost[$2 " " $1] = $3; spread[$2 " " $1] = $4; next }
$1 == "kernel" { release = $2 }
$1 == "result" && $2 == "none" { none[$4] = ($6 + $7) / $5 }
$1 == "result" && $2 == "portclash" {
	name = $4 " " $3
	if (!(name in now))
		order[write ? ++count : 0] = name
	now[name] = ($6 + $7) / $5 - none[$4]
	if (!(name in low) || now[name] < low[name])
		low[name] = now[name]
	if (!(name in high) || now[name] > high[name])
		high[name] = now[name]
}
$1 == "lost" && $4 != "0" { lost = lost " " $0 ";" }
$1 == "cannot" { lost = lost " " $0 ";" }
$1 == "end" { ended++ }

END {
	if (lost || !ended)
		fail("the guest", "not as planned:" lost (ended ? "" : " it did not come to its end"))
	if (write) {
		for (i = 1; i <= count && !failed; i++) {
			split(order[i], part, " ")
			printf "%s %s %d %d\n", part[2], part[1], high[order[i]], high[order[i]] - low[order[i]] + 1
		}
		exit failed > 0
	}
	for (i = 1; i <= count; i++)
		judge(order[i])
	if (!count)
		fail("the table", "it has no line")
	printf "%d passed, %d failed, 0 skipped\n", passed, failed
	exit failed > 0
}
