# SPDX-License-Identifier: GPL-2.0-only
# Makes of the sources of the monitor's programs empty programs on the same hooks: what being
# called costs, without doing anything. Iterators and what is run on demand are not hooks.
BEGIN {
	print "// SPDX-License-Identifier: GPL-2.0-only"
	print "/* Made by tests/bench/floor.awk. */"
	print "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n"
	print "char LICENSE[] SEC(\"license\") = \"GPL\";"
}
/^SEC\("(tp_btf|tracepoint|cgroup|fentry|fexit|kprobe|kretprobe)\// {
	section = $0
	next
}
section && match($0, /^int ([A-Z_]+\()?[a-z_0-9]+/) {
	name = substr($0, RSTART, RLENGTH)
	sub(/.*[ (]/, "", name)
	# Programs on a cgroup hook must allow what they only watch: they return 1.
	printf "\n%s\nint %s(void *ctx)\n{\n\treturn %d;\n}\n", section, name, section ~ /"cgroup/
	programs++
}
section {
	if (!programs || !name) {
		print "floor.awk: no name after " section > "/dev/stderr"
		failed = 1
	}
	section = name = ""
}
END { exit failed || !programs }
