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
		"$(find_in '#include ".*\.skel\.h"' user | grep -v -e '^user/bpf/loader\.c:' -e '^user/bpf/who\.c:')"
	result "only compat.bpf.h knows flavours of structures" \
		"$(find_in '[a-z0-9]___[a-z0-9]' bpf | grep -v '^bpf/compat\.bpf\.h:' |
			grep -v 'inet_bind2_bucket___6_8')"
	result "BPF never prints" "$(find_in 'bpf_printk|bpf_trace_printk' bpf)"
	result "core/ makes no system call and reads no clock" \
		"$(find_in '#include <(unistd|time|fcntl|poll|signal|dirent)\.h>|#include <sys/' user/core)"
	result "core/ knows only itself" \
		"$(find_in '#include "(bpf|host|out|watch|cmd)/' user/core)"
	result "sinks know neither BPF nor the host nor the session" \
		"$(find_in '#include "(bpf|host|watch|cmd)/' user/out)"
	result "host/ knows neither BPF nor sinks nor the session" \
		"$(find_in '#include "(bpf|out|watch|cmd)/' user/host)"
	result "bpf/ of user space knows only core" \
		"$(find_in '#include "(host|out|watch|cmd)/' user/bpf)"
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
		"$(causes_that_differ)"
	result "each cause in docs/causes.md has a sentence, an example and what to do" \
		"$(causes_without_parts)"
	result "the configuration takes the back ends that there are" "$(backends_that_differ)"
	result "no host name of a package mirror" \
		"$(grep -rnE '(deb|security|snapshot|ftp)\.[a-z.]*debian\.org|registry\.npmjs' \
			--include='*' bpf user include tests packaging docs vmlinux Makefile .ci ./*.md \
			2>/dev/null | grep -v '^tests/style\.sh:')"
}

# core/ must not ask user/bpf for them.
backends_that_differ() {
	code=$(sed -n 's/^\t\t\.name = "\(.*\)",$/\1/p' user/bpf/backend.c 2>/dev/null | paste -sd' ')
	keys=$(sed -n 's/^static const char \*const backends\[\] = { "auto", \(.*\), NULL };$/\1/p' \
		user/core/settings_keys.c 2>/dev/null | tr -d '",')
	[ -n "$keys" ] && [ "$code" = "$keys" ] ||
		printf 'code: %s\nconfiguration: %s\n' "$code" "$keys"
}

causes_that_differ() {
	code=$(sed -n 's/.*\[PC_CAUSE_[A-Z_]*\] = "\(.*\)",.*/\1/p' user/core/names.c 2>/dev/null |
		grep -v '^invalid$' | sort)
	docs=$(sed -n 's/^## `\([a-z-]*\)`$/\1/p' docs/causes.md 2>/dev/null | sort)
	[ "$code" = "$docs" ] || printf 'code: %s\ndocs: %s\n' "$(echo $code)" "$(echo $docs)"
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

# Each line breaks one check; all checks must then fail.
self_test() {
	tmp=$(mktemp -d) || exit 1
	trap 'rm -rf "$tmp"' EXIT
	mkdir -p "$tmp/bpf" "$tmp/user/core" "$tmp/user/out" "$tmp/user/host" "$tmp/user/bpf" \
		"$tmp/docs" "$tmp/include" "$tmp/tests" "$tmp/vmlinux" "$tmp/packaging"
	printf '#include "x.skel.h"\n#include <bpf/bpf.h>\n x = atoi(y);\n' >"$tmp/user/a.c"
	printf 'struct a___b;\nbpf_printk("");\n' >"$tmp/bpf/a.h"
	printf '#include <time.h>\n#include "out/log.h"\n' >"$tmp/user/core/a.c"
	printf '#include "bpf/monitor.h"\n' >"$tmp/user/out/a.c"
	printf '#include "watch/watch.h"\n' >"$tmp/user/host/a.c"
	printf '#include "out/log.h"\n' >"$tmp/user/bpf/a.c"
	yes '' | head -401 >"$tmp/user/long.c"
	printf '# Causes\n\n## `no-such-cause`\n' >"$tmp/docs/causes.md"
	printf 'http://deb.%s.org/\n' debian >"$tmp/packaging/a"
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
