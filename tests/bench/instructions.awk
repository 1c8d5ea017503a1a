# SPDX-License-Identifier: GPL-2.0-only
# Prints as tables what the guests of instructions.sh have said, one file a kernel.
function us(ns) { return sprintf("%.3f", ns / 1000) }
function cost(setup, load) { return per[file, setup, load] - per[file, "none -", load] }
FNR == 1 { file = FILENAME; files[++nfiles] = file }
{ sub(/\r$/, "") }
$1 == "kernel" { release[file] = $2 }
$1 == "result" {
	setup = $2 " " $3
	per[file, setup, $4] = ($6 + $7) / $5
	during[file, setup, $4] = $6 / $5
	if (!((file, setup) in known)) {
		known[file, setup] = 1
		order[file, ++count[file]] = setup
	}
}
$1 == "runs" { runs[file, $2 " " $3] = $4 }
$1 == "cannot" { cannot[file] = cannot[file] "\n" $0 }
$1 == "summary" { summary[file] = summary[file] "\n" $0 }
END {
	n = split(loads, load, " ")
	for (f = 1; f <= nfiles; f++) {
		file = files[f]
		printf "\n## Linux %s\n\nµs a round (nanoseconds of a clock that counts instructions / 1000), and what is added\n\n| setup |", release[file]
		for (l = 1; l <= n; l++)
			printf " %s |", load[l]
		printf "\n| --- |"
		for (l = 1; l <= n; l++)
			printf " --- |"
		print ""
		for (s = 1; s <= count[file]; s++) {
			setup = order[file, s]
			printf "| %s |", setup
			for (l = 1; l <= n; l++) {
				if (!((file, setup, load[l]) in per))
					printf " – |"
				else if (setup == "none -")
					printf " %s |", us(per[file, setup, load[l]])
				else
					printf " %s (%+.2f %%) |", us(per[file, setup, load[l]]),
						100 * cost(setup, load[l]) / per[file, "none -", load[l]]
			}
			print ""
		}
		print cannot[file]
	}
}
