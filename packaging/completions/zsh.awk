# SPDX-License-Identifier: GPL-2.0-only
# What _portclash.in leaves out.

files == 2 { next }

$1 == "command" { block["@COMMANDS@"] = block["@COMMANDS@"] "\t\t" quoted($2 ":" $3) "\n" }

$1 == "option" {
	if (current != $2)
		finish($2)
	argument = $6 == "none" ? "" : ":" $5 ":" action($6, $7)
	long = "--" $4 ($6 == "none" ? "" : "=")
	help = "[" clean($8) "]"
	if ($3 == "-")
		spec = quoted(long help argument)
	else
		spec = "'(-" $3 " --" $4 ")'{" quoted("-" $3) "," quoted(long) "}" \
			quoted(help argument)
	cases = cases " \\\n\t\t\t" spec
	block["@OPTIONS@"] = done cases " ;;\n"
}

$1 == "operand" {
	operands++
	if ($3 == "command")
		cases = cases " \\\n\t\t\t'(-)" operands ":command:_command_names -e' '*::argument:_normal'"
	else
		cases = cases " \\\n\t\t\t" quoted(operands ":" $3 ":" action($3, $4))
	block["@OPTIONS@"] = done cases " ;;\n"
}

$1 == "cause" { block["@CAUSES@"] = block["@CAUSES@"] "\t\t" quoted($2 ":" $3) "\n" }

function finish(next_command) {
	if (current != "")
		done = done cases " ;;\n"
	current = next_command
	operands = 0
	cases = "\t" current ")\n\t\t_arguments -S"
}

function action(kind, values) {
	if (kind == "words")
		return "(" values ")"
	if (kind == "file")
		return "_files"
	if (kind == "folder")
		return "_files -/"
	if (kind == "pid")
		return "_pids"
	if (kind == "netns")
		return "_portclash_netns"
	if (kind == "service")
		return "_ports"
	if (kind == "cause")
		return "_portclash_causes"
	return " "
}

# In the brackets of a specification these end something.
function clean(text) {
	gsub(/[][]/, "", text)
	gsub(/:/, "\\:", text)
	return text
}

function quoted(text) {
	gsub(/'/, "'\\''", text)
	return "'" text "'"
}
