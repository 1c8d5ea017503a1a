# SPDX-License-Identifier: GPL-2.0-only
# What a suite counted, from all it printed: "PASSED FAILED SKIPPED", and on a second line what
# contradicts that. cmocka's results are taken from its closing lines: the others go to two streams,
# in either order. Its PASSED line is missing after a crash.

function number(line) {
	match(line, /[0-9]+/)
	return substr(line, RSTART, RLENGTH) + 0
}

function contradiction() {
	if (announced && announced != cmocka)
		return announced " tests began, " cmocka " are counted"
	if (shown && counted && shown != ok)
		return "shows " shown " tests that passed, counts " ok
	if (shown_failed && !f)
		return "shows a failure, counts none"
	if (s && !reasons)
		return "skips without saying why"
}

/^\[==========\] ([^ ]+: )?Running [0-9]+ test\(s\)/ { sub(/^.*Running /, ""); announced += number($0) }
/^\[  PASSED  \] ([^ ]+: )?[0-9]+ test\(s\)\./ {
	sub(/^[^]]*\] ([^ ]+: )?/, "")
	p += number($0)
	cmocka += number($0)
}
/^\[  SKIPPED \] ([^ ]+: )?[0-9]+ test\(s\), listed below:/ {
	sub(/^[^]]*\] ([^ ]+: )?/, "")
	s += number($0)
	cmocka += number($0)
}
/^ [0-9]+ FAILED TEST\(S\)$/ {
	f += number($0)
	cmocka += number($0)
}
/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
	counted = 1
	p += $1
	ok += $1
	f += $3
	s += $5
}
/^ok / { shown++ }
/^FAIL / { shown_failed++ }
/^skip / { reasons++ }

END {
	print p + 0, f + 0, s + 0
	print contradiction()
}
