#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The invariants of the house that grep can see (ARCHITECTURE.md). Each is one line of
# result; `style.sh --self-test` shows that each can fail.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
passed=0
failed=0

# result NAME OFFENDERS: the check holds when there are none.
result() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
		echo "ok $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1:"
		echo "$2" | sed 's/^/    /'
	fi
}

# grep that is silent about folders that are not there
find_in() {
	pattern=$1
	shift
	grep -rnE --include='*.c' --include='*.h' "$pattern" "$@" 2>/dev/null
}

check_all() {
	cd "$1" || exit 1
	result "only the loaders know the skeletons" \
		"$(find_in '#include ".*\.skel\.h"' user | grep -v -e '^user/bpf/loader\.c:' -e '^user/bpf/who\.c:' -e '^user/bpf/guard\.c:')"
	result "only compat.bpf.h knows flavours of structures" \
		"$(find_in '[a-z0-9]___[a-z0-9]' bpf | grep -v '^bpf/compat\.bpf\.h:' |
			grep -v 'inet_bind2_bucket___6_8')"
	result "only arch.bpf.h knows an architecture" \
		"$(find_in 'PT_REGS_PARM[0-9]\(|orig_ax|orig_x0|regs\[|__TARGET_ARCH|[xX]86' bpf |
			grep -v '^bpf/arch\.bpf\.h:')"
	result "BPF never prints" "$(find_in 'bpf_printk|bpf_trace_printk' bpf)"
	result "core/ makes no system call and reads no clock" \
		"$(find_in '#include <(unistd|time|fcntl|poll|signal|dirent)\.h>|#include <sys/' user/core)"
	result "a room includes only what it may use" "$(includes_of_other_rooms)"
	result "libbpf stays in user/bpf" "$(find_in '#include <bpf/' user | grep -v '^user/bpf/')"
	result "atoi and unbounded string functions are not used" \
		"$(find_in '[^a-z_](atoi|atol|strcpy|strcat|sprintf|gets)\(' bpf user)"
	result "every source names its licence" \
		"$(find bpf include user tests vmlinux \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' \) \
			-exec grep -L 'SPDX-License-Identifier: GPL-2.0-only' {} + 2>/dev/null)"
	result "files are under 400 lines" \
		"$(find bpf include user tests vmlinux \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' \) \
			-exec awk 'END { if (NR > 400) print FILENAME ": " NR }' {} \; 2>/dev/null)"
	result "docs/causes.md lists the causes of the code, no more and no less" \
		"$(causes_that_differ docs/causes.md 's/^## `\([a-z-]*\)`$/\1/p')"
	result "so does the table of docs/incident.md" \
		"$(causes_that_differ docs/incident.md 's/^| `\([a-z-]*\)` | .*/\1/p')"
	result "each cause in docs/causes.md has a sentence, an example and what to do" \
		"$(causes_without_parts)"
	result "a message stands in one piece in the source" "$(broken_messages)"
	result "a comment names its subject: none opens with a pronoun or a relative" \
		"$(comments_without_subject)"
	result "the name of a static function stands in one file" "$(names_in_several_files)"
	result "a live scenario's function has its name" "$(scenarios_misnamed)"
	result "every file that a document names exists" "$(names_of_nothing files)"
	result "each attack in SECURITY.md has a test, and the tests exist" "$(attacks_without_test)"
	result "every link of a document leads to a file" "$(names_of_nothing links)"
	result "every pc_ name in a document is one of the code" "$(names_of_nothing identifiers)"
	result "no program holds a file that a user has open" \
		"$(find_in 'SEC\("iter/task_file' bpf)"
	result "no host name of a package mirror" \
		"$(mirrors_named bpf user include tests packaging docs vmlinux Makefile .ci .github ./*.md)"
}

# mirrors_named FILE...: lines with the host of a mirror or a registry of packages. Licences are on www.debian.org.
mirrors_named() {
	grep -rnP '(?<!www)\.debian\.org|[a-z]\.ubuntu\.com|registry\.(npmjs|yarnpkg)|pypi\.org|pythonhosted\.org|proxy\.golang\.org|crates\.io|[a-z]\.docker\.io|quay\.io|ghcr\.io' \
		"$@" 2>/dev/null | grep -v '^tests/style\.sh:'
}

# Each room of user/, and what its files may include besides their own room: rooms, or folders of
# rooms. ARCHITECTURE.md has the same table in words.
rooms() {
	cat <<-END
		core/base portclash/values.h
		core/process core/base portclash/values.h
		core/rule core/base core/process portclash/values.h
		core/memory core/base core/process
		core/verdict core/base core/process core/rule core/memory
		core/port core/base core/rule core/verdict
		core/audit core/base core/process core/rule
		core/config core/base core/process core/guard portclash/values.h
		core/cure core/base core/process core/rule core/audit portclash/values.h
		core/guard core/base core/cure portclash/values.h
		core/join core/base core/process core/rule core/memory core/verdict portclash
		core/recording core/base core/process core/join portclash/values.h
		core/history core/base portclash/values.h
		core/flight core/base portclash/values.h
		host core portclash/values.h
		bpf core portclash
		out core
		cure core host out
		guard core host bpf out cure portclash/guard.h
		watch core host bpf out cure version.h
		look core host bpf
		top core out portclash/values.h
		term top
		cmd core host out cure watch look guard top term version.h
	END
}

includes_of_other_rooms() {
	[ -d user ] || return
	rooms >"${TMPDIR:-/tmp}/rooms.$$"
	grep -rnE --include='*.c' --include='*.h' '^#include "[a-z_]+[/.]' user | grep -vE '\.(skel\.h|inc)"' |
		awk '
		NR == FNR { may[$1] = " " $1 " " substr($0, length($1) + 2) " "; next }
		{
			split($0, part, ":")
			at = part[1]
			sub(/^user\//, "", at)
			sub(/\/[^\/]*$/, "", at)
			target = $0
			sub(/^[^"]*"/, "", target)
			sub(/".*/, "", target)
			if (at == "user" || at ~ /\.c$/)
				next # main.c has the table of subcommands
			if (!(at in may)) {
				print part[1] ": " at " is not in the table of rooms"
				next
			}
			for (room = target; room != ""; ) {
				if (index(may[at], " " room " "))
					next
				if (!sub(/\/[^\/]*$/, "", room))
					room = ""
			}
			print part[1] ":" part[2] ": " at " may not use " target
		}' "${TMPDIR:-/tmp}/rooms.$$" -
	rm -f "${TMPDIR:-/tmp}/rooms.$$"
}

# Two literals side by side, one a line, are one message that grep cannot find, unless the first ends
# in a newline.
broken_messages() {
	find bpf include user tests -name '*.[ch]' 2>/dev/null | sort | while read -r file; do
		awk '
		/^[ \t]*(\*|\/\*|\/\/)/ { open = 0; next }
		open && /^[ \t]*"/ { print FILENAME ":" FNR ": " $0 }
		{ open = /"[ \t]*$/ && !/\\n"[ \t]*$/ && !/""[ \t]*$/ && !/^#/ }' "$file"
	done
}

comments_without_subject() {
	grep -rnE --include='*.c' --include='*.h' --include='*.sh' --include='*.py' --include='*.mk' \
		--include=Makefile --include=run \
		'(/\*+|^[ 	]*#) (What|Who|Whoever|Whom|Whose|It|Its|They|That|Which|Whether|Of|As|By|Else|Such|But|And|Until|So|Where|Here|There|Those|One (that|who|of))( |$)' \
		bpf include user tests packaging Makefile .ci 2>/dev/null
}

# The cases of unit tests may share names: each of those files is a program of its own.
names_in_several_files() {
	find bpf user tests -name '*.[ch]' 2>/dev/null | sort | while read -r file; do
		sed -nE 's/^static ([a-z_]+ )*[a-z_0-9]+[ *]+([a-z_0-9]+)\(.*/\2/p' "$file" | sort -u
	done | sort | uniq -d | grep -vxE 'test_[a-z_0-9]+' | while read -r name; do
		echo "$name: $(grep -rlE --include='*.c' --include='*.h' "^static .*[ *]$name\(" bpf user tests |
			tr '\n' ' ')"
	done
}

# causes_that_differ PAGE EXPRESSION: the expression has sed print the causes of the page
causes_that_differ() {
	code=$(sed -n 's/^\t\.name = "\(.*\)",$/\1/p' user/core/verdict/cause_*.c 2>/dev/null | sort)
	docs=$(sed -n "$2" "$1" 2>/dev/null | sort)
	[ "$code" = "$docs" ] || printf 'code: %s\ndocs: %s\n' "$(echo $code)" "$(echo $docs)"
}

# The tests are in the last column: paths, which the names of files are checked with, and live scenarios.
attacks_without_test() {
	grep -E '^\| ' SECURITY.md 2>/dev/null | grep -vE '^\| (attack|---) ' | while IFS= read -r row; do
		tests=$(echo "$row" | awk -F'|' '{ print $(NF - 1) }' | grep -oE '`[^`]+`' | tr -d '`')
		[ -n "$tests" ] || echo "$row"
		for test in $tests; do
			case $test in
			*/*) ;;
			*) grep -rqE --include='*.c' "\.name = \"$test\"" tests/live || echo "no scenario $test" ;;
			esac
		done
	done
}

names_of_nothing() {
	sh "$root/tests/named_files.sh" "$1" $(find . -maxdepth 3 -name '*.md' ! -path './build/*' |
		sed 's|^\./||' | sort)
}

# In the tables of tests/live, however clang-format has broken a row.
scenarios_misnamed() {
	find tests/live -name '*.c' -exec cat {} + 2>/dev/null | tr -s ' \t\n' ' ' |
		grep -oE '\.name = "[^"]+", \.run = [a-z0-9_]+' |
		awk -F'"' '{ want = "scenario_" $2; gsub("-", "_", want); sub(/.* /, "", $3) }
			$3 != want { print $2 ": " $3 }'
}

# The first line of a section is its sentence in the list of `portclash explain`.
causes_without_parts() {
	awk '
	function finish() {
		if (cause && (!sentence || !example || !todo))
			print cause ": no " (!sentence ? "sentence" : !example ? "example" : "What to do")
		cause = ""
	}
	/^#/ {
		finish()
		sentence = example = todo = 0
		if (/^## /)
			cause = $2
		else if (seen++)
			exit
		at = NR
		next
	}
	NR == at + 2 && /^[^ ].*\.$/ { sentence = 1 }
	/^    cause       / { example = ("`" $2 "`" == cause) }
	/^What to do: / { todo = 1 }
	END { finish() }' docs/causes.md 2>/dev/null
}

# Each kind of name that the documents can have, once right and once wrong.
self_test_names() {
	(
		mkdir -p "$1" && cd "$1" || exit
		mkdir -p docs/part user/core/rule packaging/man build
		touch user/core/rule/here.c packaging/man/page-one.in docs/here.md docs/part/here.h
		cat >docs/all.md <<-'END'
			user/core/rule/here.c, `here.c`, `user/core/*`, packaging/man/page-NAME.in; [it](here.md#part)
			/usr/share/doc/gone.md, build/gone.c, https://example.org/docs/gone.md, `gone.json`
			user/core/gone.c and core/rule/here.c: `gone.c`, `user/gone/*`, docs/gone-NAME.md;
			see part/here.h, tests/gone/. [it](gone.md) `pc_gone` `enum pc_gone_too`
		END
		for kind in files links identifiers; do
			sh "$root/tests/named_files.sh" $kind docs/all.md
		done | sed 's/^docs.all.md: //' | LC_ALL=C sort | paste -sd' '
	)
}

# Each line breaks one check; all checks must then fail.
self_test() {
	tmp=$(mktemp -d) || exit 1
	trap 'rm -rf "$tmp"' EXIT
	want="core/rule/here.c docs/gone-NAME.md gone.c gone.md pc_gone pc_gone_too tests/gone/"
	want="$want user/core/gone.c user/gone/*"
	got=$(self_test_names "$tmp/names")
	if [ "$got" != "$want" ]; then
		echo "FAIL the self-test: names of nothing are $want, found $got"
		return 1
	fi
	mkdir -p "$tmp/bpf" "$tmp/user/core" "$tmp/user/out" "$tmp/user/host" "$tmp/user/bpf" \
		"$tmp/docs" "$tmp/include" "$tmp/tests/live" "$tmp/vmlinux" "$tmp/packaging"
	printf '#include "x.skel.h"\n#include <bpf/bpf.h>\n x = atoi(y);\n' >"$tmp/user/a.c"
	printf 'struct a___b;\nbpf_printk("");\nregs->orig_ax;\nSEC("iter/task_file")\n' >"$tmp/bpf/a.h"
	printf '#include <time.h>\n#include "out/log.h"\n' >"$tmp/user/core/a.c"
	printf '#include "bpf/monitor.h"\n' >"$tmp/user/out/a.c"
	printf '/* %s it is. */\nstatic int twice(void)\n f("a"\n   "b");\n' What >"$tmp/user/twice.c"
	printf 'static int twice(void)\n' >"$tmp/bpf/twice.c"
	printf '{ .name = "a-b",\n  .run = a_b },\n' >"$tmp/tests/live/a.c"
	yes '' | head -401 >"$tmp/user/long.c"
	printf '# Causes\n\n## `no-such-cause`\n' >"$tmp/docs/causes.md"
	printf '| `no-such-cause` | it |\n' >"$tmp/docs/incident.md"
	for mirror in deb.debian.org snapshot.debian.org security.debian.org archive.ubuntu.com ports.ubuntu.com \
		registry.npmjs.org files.pythonhosted.org; do
		echo "deb http://$mirror/ main" >"$tmp/packaging/a"
		[ -n "$(mirrors_named "$tmp/packaging/a")" ] || {
			echo "FAIL the self-test: the mirror $mirror is not noticed"
			return 1
		}
	done
	printf '`user/gone.c` [it](gone.md) `pc_gone`\n' >"$tmp/ARCHITECTURE.md"
	printf '| attack | what |\n| a | b | `gone` |\n' >"$tmp/SECURITY.md"
	passed=0
	failed=0
	check_all "$tmp" >/dev/null
	if [ "$passed" -eq 0 ] && [ "$failed" -gt 0 ]; then
		echo "ok each of the $failed style checks can fail"
		return 0
	fi
	echo "FAIL the self-test: $passed style checks passed on a tree that breaks them all"
	return 1
}

if [ "${1:-}" = --self-test ]; then
	self_test
	exit
fi
check_all "$root"
if (self_test); then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
