# SPDX-License-Identifier: GPL-2.0-only
# The table of a run. Reads for each of `kernels` its plan and what its guest said (see init and
# guest.sh), in this order; prints a row for each back end, then what failed and how to run
# that alone, and what was skipped and why; last the sum. Exit status 1: something failed.

function row(name, backend, p, f, s, note) {
	printf "| %-48s | %-10s | %6s | %6s | %7s |%s\n", name, backend, p, f, s,
	       note ? " " note : ""
}

function add(p, f, s) {
	passed += p
	failed += f
	skipped += s
}

function reproduce(test) {
	return sprintf("  run it alone: %s --kernel %s --backend %s --test %s %s\n", command,
		       kernel, backend, test, static)
}

# What is known of the back end is complete, or will never be.
function close_backend(    rest) {
	if (!backend)
		return
	rest = planned[kernel, backend] - p - f - s
	if (cannot && cannot ~ /this kernel has no/) {
		s += rest
		skips = skips "skip " kernel " " backend ": " cannot "\n"
	} else if (rest > 0) {
		f += rest
		failures = failures "FAIL " kernel " " backend ": " rest " did not run: " \
			   (cannot ? cannot : died ? died : "the live tests ended early") "\n" said
	}
	row(kernel " " release, backend, p, f, s)
	add(p, f, s)
	seen[kernel, backend] = 1
	backend = cannot = said = ""
}

function close_kernel(    i, n, name) {
	if (!kernel)
		return
	close_backend()
	n = split(order[kernel], name)
	for (i = 1; i <= n && !unavailable; i++) {
		if (seen[kernel, name[i]])
			continue
		backend = name[i]
		p = f = s = 0
		close_backend()
	}
	ran += release != ""
	release = died = unavailable = guest = ""
}

function open_backend(name) {
	close_backend()
	backend = name
	p = f = s = 0
}

BEGIN {
	split(kernels, kernel_of)
	row("kernel", "back end", "passed", "failed", "skipped")
}

FNR == 1 && FILENAME ~ /\.plan$/ {
	close_kernel()
	kernel = kernel_of[++number]
}
FILENAME ~ /\.plan$/ {
	order[kernel] = order[kernel] " " $1
	planned[kernel, $1] = NF - 1
	next
}

{ sub(/\r$/, "") }

# The next lines are those of another guest, which was to run this back end.
/^guest / {
	close_backend()
	guest = $2
	died = ""
	in_failure = 0
	next
}
/^unavailable / {
	if (unavailable++)
		next
	sub(/^unavailable /, "")
	row(kernel, "-", 0, 0, 1, "not run")
	add(0, 0, 1)
	skips = skips "skip " $0 "\n"
	next
}
/^note / { if (!noted[$0]++) notes = notes $0 " (an older one was run)\n"; next }
/^kernel / { release = $2; next }
/^backend / { open_backend($2); in_failure = 0; next }
/^died / {
	if (!backend && guest)
		open_backend(guest)
	died = substr($0, 6)
	next
}
/^cannot / { cannot = substr($0, 8); next }
/^rules: / {
	rules = rules "| rules judged by " kernel " " release ", " backend ": " substr($0, 8) "\n"
	next
}
/^ok / { p++; in_failure = 0; next }
/^skip / {
	s++
	in_failure = 0
	test = $2
	sub(/:$/, "", test)
	reason[test] = reason[test] ? reason[test] : substr($0, 6 + length($2) + 1)
	places[test]++
	where[test] = where[test] (where[test] ? ", " : "") kernel " " backend
	next
}
/^FAIL / {
	f++
	in_failure = 1
	test = $2
	sub(/:$/, "", test)
	failures = failures "FAIL " kernel " " backend " " substr($0, 6) "\n" reproduce(test)
	next
}
in_failure && /^     / { failures = failures substr($0, 1, 400) "\n"; next }
cannot { said = said "     " $0 "\n" }

END {
	close_kernel()
	for (test in places)
		skips = skips "skip " test " (" (places[test] > 3 ? places[test] " times" : \
			where[test]) "): " reason[test] "\n"
	if (ran < minimum && number >= minimum) {
		add(0, 1, 0)
		failures = failures "FAIL only " ran + 0 " kernels ran: fewer than " minimum \
			   " prove too little\n"
	}
	printf "%s", rules
	printf "%s%s%s%d passed, %d failed, %d skipped\n", failures, skips, notes, passed, failed, skipped
	exit failed > 0 || !(passed + skipped)
}
