# SPDX-License-Identifier: GPL-2.0-only
# Makes a man page: awk -v pages="NAME.8.in ..." -v installed=FILE -f page.awk OPTIONS PAGE.in. In
# PAGE.in a line
#     @SYNOPSIS@ @COMMANDS@                    stands for all subcommands
#     @SEEALSO@ or @SEEALSO NAME.SECTION ...@  for all other pages, and these
#     @USAGE@ @ABOUT@ @OPTIONS@ @STATUS@       for what the subcommand's --help says
#     @DOC FILE@ or @DOC FILE HEADING@         for that text, by markdown.awk
#     @INSTALLED FILE@ (behind .It Pa)         for the place of that file on the machine
#     @RUN FILE COMMAND@                       for the block of FILE that begins with `$ COMMAND`, with its output
# OPTIONS is made by packaging/options.sh.

BEGIN {
	FS = "\t"
	while ((getline line < installed) > 0) {
		split(line, part, ":")
		place[part[2]] = part[3]
	}
	close(installed)
}

FNR == 1 && ++files == 2 {
	self = FILENAME
	sub(/.*\//, "", self)
	command = self
	sub(/^portclash-/, "", command)
	sub(/\..*/, "", command)
}

files == 1 && $1 == "command" {
	commands[++count] = $2
	block["@COMMANDS@"] = block["@COMMANDS@"] ".It Xr portclash-" $2 " 8\n" text($3) "\n"
}

files == 1 && ($1 == "usage" || $1 == "about") { told[$1, $2] = $3 }

files == 1 && $1 == "status" { told[$1, $2] = told[$1, $2] ".It " $3 "\n" text($4) "\n" }

files == 1 && $1 == "option" {
	flag = ".It " ($3 == "-" ? "" : "Fl " ($3 == "?" ? "\\&?" : $3) " , ") "Fl Fl " $4
	if ($6 != "none")
		flag = flag " Ns = Ns Ar " $5
	options[$2] = options[$2] flag "\n" text($8) "\n"
}

files == 2 {
	if (/^@DOC /)
		document($0)
	else if (/^@RUN /)
		example($0)
	else if (/^@SEEALSO/)
		print others($0)
	else if (/^\.It Pa @INSTALLED /)
		print ".It Pa " installed_place($0)
	else if (/^@[A-Z]+@$/)
		printf "%s", filled($0)
	else
		print
}

END { exit failed }

function filled(name) {
	if (name == "@OPTIONS@")
		return options[command]
	if (name == "@SYNOPSIS@")
		return synopsis()
	if (name == "@USAGE@")
		return ".Nm portclash " command "\n" usage(told["usage", command])
	if (name == "@ABOUT@")
		return text(told["about", command]) "\n"
	if (name == "@STATUS@")
		return ".Bl -tag -width Ds\n" told["status", command] ".El\n"
	if (!(name in block))
		fail("nothing for " name)
	return block[name]
}

function synopsis(i, out) {
	for (i = 1; i <= count; i++)
		out = out ".Nm\n.Cm " commands[i] "\n" usage(told["usage", commands[i]])
	return out
}

# "[OPTION...] [-- COMMAND ARG...]" with each word an argument.
function usage(words, n, i, list, out) {
	n = split(words, list, " ")
	for (i = 1; i <= n; i++)
		out = out (list[i] ~ /^\[--$/ ? ".Op Fl - Ar COMMAND ARG ...\n" : \
			list[i] ~ /^\[?(COMMAND|ARG)/ ? "" : ".Ar " list[i] "\n")
	return out
}

function text(words) {
	gsub(/\\/, "\\e", words)
	gsub(/-/, "\\-", words)
	gsub(/\. +/, ".\n", words)
	return words ~ /^[.']/ ? "\\&" words : words
}

function installed_place(line) {
	gsub(/^\.It Pa @INSTALLED |@$/, "", line)
	if (!(line in place))
		fail("nothing installs " line)
	return place[line]
}

function document(line, file, heading, run, got) {
	sub(/^@DOC /, "", line)
	sub(/@$/, "", line)
	file = heading = line
	sub(/ .*/, "", file)
	if (!sub(/^[^ ]+ /, "", heading))
		heading = ""
	run = "awk -v pages='" pages "' -v installed='" installed "' -v section='" heading "' -f packaging/man/markdown.awk " file " || echo @FAIL@"
	while ((run | getline got) > 0) {
		if (got == "@FAIL@")
			fail("cannot include " line)
		print got
	}
	close(run)
}

# In the pages of docs/ the tests run these blocks and compare the output (tests/documents).
function example(line, file, wanted, inside, found) {
	gsub(/^@RUN |@$/, "", line)
	file = wanted = line
	sub(/ .*/, "", file)
	sub(/^[^ ]+ /, "", wanted)
	while ((getline line < file) > 0) {
		if (!found && line == "    $ " wanted) {
			inside = found = 1
			print ".Bd -literal"
		}
		if (inside && line !~ /^    /) {
			inside = 0
			print ".Ed"
		}
		if (inside) {
			sub(/^    /, "", line)
			gsub(/\\/, "\\e", line)
			gsub(/-/, "\\-", line)
			print line ~ /^[.\']/ ? "\\&" line : line
		}
	}
	close(file)
	if (!found)
		fail(file " has no block that begins with $ " wanted)
}

# By section, then by name, as is the custom.
function others(line, n, i, j, list, key, out) {
	gsub(/@(SEEALSO)? ?/, "", line)
	n = split(pages " " line, list, " ")
	for (i = 1; i <= n; i++) {
		key = list[i]
		sub(/\.in$/, "", key)
		key = substr(key, length(key)) " " substr(key, 1, length(key) - 2)
		for (j = i; j > 1 && list[j - 1] > key; j--)
			list[j] = list[j - 1]
		list[j] = key
	}
	for (i = 1; i <= n; i++)
		if (index(self, substr(list[i], 3) "." substr(list[i], 1, 1) ".in") != 1)
			out = out (out ? " ,\n" : "") ".Xr " substr(list[i], 3) " " substr(list[i], 1, 1)
	return out
}

function fail(message) {
	print "page.awk: " self ": " message >"/dev/stderr"
	failed = 1
}
