# SPDX-License-Identifier: GPL-2.0-only
# Fills a template: awk -f fill.awk -f WHAT.awk OPTIONS TEMPLATE. Each line "@NAME@" of TEMPLATE
# becomes block["@NAME@"], which WHAT.awk makes from OPTIONS (see packaging/options.sh); "@@" in
# a line is the list of subcommands.

BEGIN { FS = "\t" }

FNR == 1 { files++ }

$1 == "command" && files == 1 { commands = commands (commands ? " " : "") $2 }

files == 2 {
	if ($0 ~ /^@[A-Z]+@$/) {
		if (!($0 in block)) {
			print "fill.awk: nothing for " $0 >"/dev/stderr"
			exit 1
		}
		printf "%s", block[$0]
		next
	}
	sub(/@@/, commands)
	print
}
