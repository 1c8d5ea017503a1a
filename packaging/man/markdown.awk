# SPDX-License-Identifier: GPL-2.0-only
# Turns the Markdown of docs/ into mdoc, so that nothing is written twice: headings, paragraphs,
# lists, literal blocks and tables, as these files use them. A table becomes a list: the first
# column is the tag. With -v section=HEADING only what is under that heading. Converters that
# are packaged make tables of it, whose cells no terminal is wide enough for.

BEGIN { inside = section == "" }

# -v installed=FILE, of lines MODE:SOURCE:DESTINATION: a page names what is there on its machine.
BEGIN {
	while (installed != "" && (getline line < installed) > 0) {
		split(line, part, ":")
		place[part[2]] = part[3]
	}
}

# Between these two comments is what is about the source tree.
/^<!-- manual: off -->$/ { close_all(); off = 1; next }
/^<!-- manual: on -->$/ { off = 0; next }
off { next }

# Comments say what the tests do with the next block (tests/documents).
/^<!--.*-->$/ { next }

/^```/ { close_text(); fenced = !fenced; if (inside) print fenced ? LITERAL : ".Ed"; next }
fenced { if (inside) print literal($0); next }

/^#+ / {
	close_all()
	heading = $0
	sub(/^#+ */, "", heading)
	level = index($0, " ") - 1
	if (section != "") {
		inside = heading == section || (inside && level > 2)
		found = found || inside
		if (heading == section)
			next
	}
	if (inside && level > 1 || inside && seen_heading)
		print ".Ss \"" text_of(heading) "\""
	seen_heading = 1
	fresh = 1
	next
}

!inside { next }

/^$/ { close_text(); blank = 1; next }

/^\|/ { close_text(); table_row($0); next }
in_table { close_table() }

/^    / && (blank || in_code) && !item { code_line(substr($0, 5)); next }
in_code { close_code() }

/^(\*|[0-9]+\.) / { list_item($0); next }
/^ / && item { item = item " " trimmed($0); next }
item && blank { close_list() }

{ paragraph = paragraph (paragraph == "" ? "" : " ") trimmed($0); blank = 0 }

END {
	close_all()
	if (section != "" && !found) {
		print "markdown.awk: there is no section \"" section "\"" >"/dev/stderr"
		exit 1
	}
}

# With the margin of a page a line of 74 has 80 columns at most.
BEGIN {
	LITERAL = ".Bd -literal"
	LINE_MAX = 74
}

function close_text() {
	if (in_list)
		close_item()
	if (paragraph != "") {
		open_paragraph()
		print body(paragraph)
	}
	paragraph = ""
}

function close_all() {
	close_text()
	close_list()
	close_table()
	close_code()
	blank = 0
}

# Not at the very beginning of a section: mandoc speaks of it.
function open_paragraph() {
	if (in_list)
		close_list()
	if (!fresh && printed)
		print ".Pp"
	fresh = 0
	printed = 1
}

function list_item(line) {
	if (paragraph != "")
		close_text()
	if (!in_list) {
		if (printed && !fresh)
			print ".Pp"
		print line ~ /^\*/ ? ".Bl -bullet -compact" : ".Bl -enum -compact"
	} else {
		close_item()
	}
	sub(/^(\*|[0-9]+\.) +/, "", line)
	in_list = printed = 1
	fresh = blank = 0
	item = line
}

function close_item() {
	if (item != "")
		print ".It\n" body(item)
	item = ""
}

function close_list() {
	if (!in_list)
		return
	close_item()
	print ".El"
	in_list = 0
}

function code_line(line) {
	if (in_list)
		close_list()
	if (!in_code) {
		print LITERAL
	} else if (blank) {
		print ""
	}
	in_code = printed = 1
	fresh = blank = 0
	folded(line)
}

# A long line of portclash's text goes on below the place where its text began; a command stays whole.
function folded(line, hang, end) {
	match(line, /^ *([a-z]+( [a-z]+)?  +)?/)
	hang = RLENGTH
	while (length(line) > LINE_MAX && hang >= 8) {
		for (end = LINE_MAX; end > hang && substr(line, end + 1, 1) != " "; end--)
			;
		if (end == hang)
			break
		print literal(substr(line, 1, end))
		line = sprintf("%" hang "s", "") trimmed(substr(line, end + 1))
	}
	print literal(line)
}

function close_code() {
	if (in_code)
		print ".Ed"
	in_code = 0
}

# The first row has the names of the columns; of two columns the names say nothing here.
function table_row(line, cells, n, i) {
	close_code()
	close_list()
	gsub(/\\\|/, "\001", line)
	n = split(line, cells, /[|]/)
	if (!in_table) {
		for (i = 1; i <= n; i++)
			names[i] = trimmed(cells[i])
		in_table = 1
		print ".Bl -tag -width Ds"
		fresh = 0
		printed = 1
		return
	}
	if (line ~ /^[|: -]+$/)
		return
	print ".It \"" text_of(trimmed(cells[2])) "\""
	for (i = 3; i < n; i++) {
		if (trimmed(cells[i]) == "")
			continue
		if (i > 3)
			print ".br"
		print body((n > 4 ? names[i] ": " : "") trimmed(cells[i]))
	}
}

function close_table() {
	if (in_table)
		print ".El"
	in_table = 0
}

function trimmed(text) {
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

function escaped(text) {
	gsub(/\\/, "\\e", text)
	gsub(/\001/, "|", text)
	gsub(/"/, "\\(dq", text)
	return text
}

function literal(line) { return guarded(copyable(line)) }

# A bare hyphen may be shown as a dash that no shell takes.
function copyable(text) {
	text = escaped(text)
	gsub(/-/, "\\-", text)
	return text
}

# body TEXT: each sentence on a line of its own, which tells formatters where they end.
function body(text, out, end) {
	text = text_of(text)
	while (match(text, /[.?!][)]? +[^a-z]/)) {
		end = RSTART + (substr(text, RSTART + 1, 1) == ")")
		out = out guarded(substr(text, 1, end)) "\n"
		text = trimmed(substr(text, end + 1))
	}
	return out guarded(text)
}

function guarded(text) { return text ~ /^[.']/ ? "\\\\&" text : text }

# text_of TEXT: with `code`, **strong**, *emphasis* and [links](file.md) as mdoc wants them.
function text_of(text, out, behind) {
	out = ""
	while (match(text, /`[^`]+`|\*\*[^*]+\*\*|\*[^* ][^*]*\*|\[[^]]+\]\([^)]+\)/)) {
		behind = RSTART + RLENGTH # span() matches, too
		out = out escaped(substr(text, 1, RSTART - 1)) \
			span(substr(text, RSTART, RLENGTH))
		text = substr(text, behind)
	}
	return out escaped(text)
}

function span(text, target) {
	if (text ~ /^`/) {
		target = substr(text, 2, length(text) - 2)
		return "\\fB" copyable(target in place ? place[target] : target) "\\fR"
	}
	if (text ~ /^\*\*/)
		return "\\fB" escaped(substr(text, 3, length(text) - 4)) "\\fR"
	if (text ~ /^\*/)
		return "\\fI" escaped(substr(text, 2, length(text) - 2)) "\\fR"
	target = text
	sub(/^.*\(/, "", target)
	sub(/\)$/, "", target)
	sub(/^docs\//, "", target)
	sub(/^\[/, "", text)
	sub(/\].*$/, "", text)
	return page_of(target, text)
}

# The page that is made of a file of docs/ (-v pages="NAME.5.in ..."); without a page, the file's
# installed place; without either, TEXT.
function page_of(file, text) {
	sub(/#.*$/, "", file)
	sub(/\.md$/, "", file)
	if (file == "configuration")
		return "portclash.yaml(5)"
	if (!match(pages, "portclash-" file "\\.[0-9]\\.in"))
		return ("docs/" file ".md") in place ? copyable(place["docs/" file ".md"]) : escaped(text)
	return "portclash\\-" file "(" substr(pages, RSTART + RLENGTH - 4, 1) ")"
}
