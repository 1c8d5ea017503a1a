# SPDX-License-Identifier: GPL-2.0-only
# What portclash.fish.in leaves out.

files == 2 { next }

$1 == "command" {
	add("@COMMANDS@", "-n __fish_use_subcommand -a " $2 " -d " quoted($3))
}

$1 == "option" {
	add("@OPTIONS@", seen($2) ($3 == "-" || $3 == "?" ? "" : " -s " $3) " -l " $4 \
		action($6, $7) " -d " quoted($8))
}

$1 == "operand" { add("@OPERANDS@", seen($2) operand($3)) }

$1 == "cause" { add("@CAUSES@", seen("explain") " -a " $2 " -d " quoted($3)) }

function add(name, text) { block[name] = block[name] "complete -c portclash " text "\n" }

function seen(command) { return "-n '__fish_seen_subcommand_from " command "'" }

function action(kind, values) {
	if (kind == "none")
		return ""
	if (kind == "words")
		return " -x -a " quoted(values)
	if (kind == "file")
		return " -r -F"
	if (kind == "folder")
		return " -x -a '(__fish_complete_directories)'"
	if (kind == "pid")
		return " -x -a '(__fish_complete_pids)'"
	if (kind == "netns")
		return " -x -a 'all self (__portclash_netns)'"
	return " -x"
}

# Causes have lines of their own.
function operand(kind) {
	if (kind == "command")
		return " -a '(__portclash_command)'"
	return kind == "service" ? " -a '(__portclash_services)'" : " -f"
}

function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/'/, "\\'", text)
	return "'" text "'"
}
