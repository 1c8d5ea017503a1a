# SPDX-License-Identifier: GPL-2.0-only
# Prints how what portclash costs grows with what is on the machine: from what a guest of
# instructions.sh --scale has said, a table a kind, and the growth of each column by name.
BEGIN {
	# Of a power of the number: what is more than this is called more than linear
	steep = 1.15
	# What grows by less than this part of its first value is called constant
	flat = 0.25
}

{ sub(/\r$/, "") }
$1 == "kernel" { release = $2 }
$1 == "end" { ended = 1 }
$1 == "cannot" { notes = notes "* not as planned: " $0 "\n" }
$1 == "lost" && $4 != "0" { notes = notes "* not as planned, with " kind " " number ": " $0 "\n" }
$1 == "stage" {
	kind = $2
	number = $3
	if (kind != "-")
		add(kind, number)
}
$1 == "start" {
	start[kind, number] = $4 / 1e6
	rss[kind, number] = $5
	peak[kind, number] = $6
}
$1 == "maps" { maps[kind, number] = $4 / 1024 }
$1 == "result" {
	if (kind == "-" && $4 ~ /^refused-/) {
		split($4, part, "-")
		add("holders on one port", part[2])
		took["holders on one port", part[2], $2, "refused"] = ($6 + $7) / $5 / 1000
	}
	sub(/-1$/, "", $4)
	took[kind, number, $2, $4] = ($6 + $7) / $5 / 1000
}

function add(k, n) {
	if ((k, n) in known)
		return
	known[k, n] = 1
	if (!(k in count))
		kinds[++kinds_count] = k
	numbers[k, ++count[k]] = n
}

# Only numbers that were measured to the end make rows and growth.
function drop_unmeasured(k,    i, n, kept) {
	for (i = 1; i <= count[k]; i++) {
		n = numbers[k, i]
		if ((k, n, "portclash", "refused") in took)
			numbers[k, ++kept] = n
		else
			notes = notes "* not measured: " k " " n "\n"
	}
	count[k] = kept + 0
}

function added(k, n, l) { return took[k, n, "portclash", l] - took[k, n, "none", l] }

# growth(KIND, WHAT, UNIT): of the values in y[1..count]
function growth(k, what, unit,    i, n, power, worst, each) {
	n = count[k]
	if (n < 2)
		return "* " what ": too little was measured"
	worst = -9
	for (i = 2; i <= n; i++) {
		if (y[i] <= 0 || y[i - 1] <= 0)
			continue
		power = log(y[i] / y[i - 1]) / log(numbers[k, i] / numbers[k, i - 1])
		if (power > worst)
			worst = power
	}
	each = (y[n] - y[n - 1]) / (numbers[k, n] - numbers[k, n - 1])
	if (y[n] <= y[1] * (1 + flat))
		return sprintf("* %s: constant", what)
	return sprintf("* %s: %s; %.3g %s more for each, at the end", what, \
		worst > steep ? "MORE than linear, or a cliff" : \
		power < 2 - steep ? "less than linear" : "linear", each, unit)
}

function table(k,    i, n) {
	printf "\n## %s%s\n\n", toupper(substr(k, 1, 1)), substr(k, 2)
	print "| number | connection alone, µs | added to it, µs | added to a refused bind(), µs |" \
		" start-up, ms of CPU | RSS, KiB | peak, KiB | maps, KiB |"
	print "| --- | --- | --- | --- | --- | --- | --- | --- |"
	for (i = 1; i <= count[k]; i++) {
		n = numbers[k, i]
		printf "| %d | %.2f | %+.2f | %+.0f | %.1f | %d | %d | %.0f |\n", n, \
			took[k, n, "none", "connect4"], added(k, n, "connect4"), \
			added(k, n, "refused"), start[k, n], rss[k, n], peak[k, n], maps[k, n]
	}
	print ""
	for (i = 1; i <= count[k]; i++) y[i] = added(k, numbers[k, i], "connect4")
	print growth(k, "cost of a connection", "µs")
	for (i = 1; i <= count[k]; i++) y[i] = added(k, numbers[k, i], "refused")
	print growth(k, "cost of a refused bind()", "µs")
	for (i = 1; i <= count[k]; i++) y[i] = start[k, numbers[k, i]]
	print growth(k, "start-up", "ms")
	for (i = 1; i <= count[k]; i++) y[i] = rss[k, numbers[k, i]]
	print growth(k, "RSS", "KiB")
}

function holders(k,    i) {
	printf "\n## %s%s\n\n| number | refused bind() alone, µs | added to it, µs |\n", \
		toupper(substr(k, 1, 1)), substr(k, 2)
	print "| --- | --- | --- |"
	for (i = 1; i <= count[k]; i++) {
		y[i] = added(k, numbers[k, i], "refused")
		printf "| %d | %.2f | %+.0f |\n", numbers[k, i], \
			took[k, numbers[k, i], "none", "refused"], y[i]
	}
	print ""
	print growth(k, "cost of a refused bind()", "µs")
}

END {
	print "\nLinux " release ":"
	for (i_kind = 1; i_kind <= kinds_count; i_kind++) {
		drop_unmeasured(kinds[i_kind])
		if (kinds[i_kind] ~ /^holders/)
			holders(kinds[i_kind])
		else
			table(kinds[i_kind])
	}
	printf "%s", notes
	if (!ended)
		print "* NOT ALL of it: the guest did not come to its end"
	exit !ended
}
