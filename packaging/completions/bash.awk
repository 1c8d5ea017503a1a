# SPDX-License-Identifier: GPL-2.0-only
# What portclash.bash.in leaves out.

files == 2 { next }

$1 == "option" {
	if (!($2 in words))
		order[++n] = $2
	if ($3 != "-" && $3 != "?")
		words[$2] = words[$2] " -" $3
	words[$2] = words[$2] " --" $4 ($6 == "none" ? "" : "=")
	block["@OPTIONS@"] = ""
	for (i = 1; i <= n; i++)
		block["@OPTIONS@"] = block["@OPTIONS@"] "\t" order[i] ") echo \"" \
			substr(words[order[i]], 2) "\" ;;\n"
	if ($6 != "none")
		block["@ARGUMENTS@"] = block["@ARGUMENTS@"] "\t" $2 ":--" $4 \
			($3 == "-" ? "" : " | " $2 ":-" $3) ") " action($6, $7) " ;;\n"
}

$1 == "operand" { block["@OPERANDS@"] = block["@OPERANDS@"] "\t" $2 ") " action($3, $4) " ;;\n" }

$1 == "cause" {
	causes = causes (causes ? " " : "") $2
	block["@CAUSES@"] = "\tlocal causes=\"" causes "\"\n"
}

function action(kind, values) {
	if (kind == "words")
		return "_portclash_words \"" values "\""
	if (kind == "netns")
		return "_portclash_netns"
	if (kind == "cause")
		return "_portclash_words \"$causes\""
	if (kind == "file")
		return "_portclash_compgen -f"
	if (kind == "folder")
		return "_portclash_compgen -d"
	if (kind == "pid")
		return "_portclash_words \"$(cd /proc && echo [0-9]*)\""
	if (kind == "service")
		return "_portclash_compgen -A service"
	return ":"
}
