// SPDX-License-Identifier: GPL-2.0-only
/* Judge what portclash needs of a kernel, and say what is missing. */
#include "core/config/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const lockdown_names[] = { "none", "integrity", "confidentiality" };

enum pc_lockdown pc_lockdown_parse(const char *text)
{
	for (int i = PC_LOCKDOWN_INTEGRITY; i <= PC_LOCKDOWN_CONFIDENTIALITY; i++) {
		char chosen[32];

		snprintf(chosen, sizeof(chosen), "[%s]", lockdown_names[i]);
		if (strstr(text, chosen))
			return (enum pc_lockdown)i;
	}
	return PC_LOCKDOWN_NONE;
}

const char *pc_lockdown_name(enum pc_lockdown lockdown)
{
	return lockdown_names[lockdown];
}

static void explain_lack(enum pc_kernel_need lack, char *out, size_t size)
{
	char parts[256];

	pc_kernel_parts(lack, parts, sizeof(parts));
	snprintf(out, size, "this kernel lacks %s (%s): %s", pc_kernel_rows[lack].what, parts,
		 pc_kernel_rows[lack].lost);
}

void pc_support_explain(const struct pc_support *s, const char *backend, int error, char *out,
			size_t size)
{
	if (s->lockdown == PC_LOCKDOWN_CONFIDENTIALITY)
		snprintf(
			out, size,
			"kernel lockdown (confidentiality) forbids eBPF to read memory: boot with lockdown=integrity");
	else if (!s->btf)
		snprintf(
			out, size,
			"this kernel lacks /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF=y): name its type information with --btf FILE; see `man portclash-kernels`");
	else if (!s->root)
		snprintf(
			out, size,
			"loading eBPF programs needs root: run portclash with sudo, or see `man portclash-privileges`");
	else if (s->lack)
		explain_lack(s->lack, out, size);
	else if ((error == EPERM || error == EACCES) && s->filtered)
		snprintf(
			out, size,
			"the kernel, or a seccomp profile, refuses the eBPF programs of %s even to root (%s): in a container, add CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE; if it has them, add CAP_SYS_ADMIN, without which some profiles forbid bpf()",
			backend, strerror(error));
	else if (error == EPERM || error == EACCES)
		snprintf(
			out, size,
			"the kernel refuses the eBPF programs of %s even to root (%s): use --backend auto; in a container, add CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE",
			backend, strerror(error));
	else if (error == ESRCH)
		snprintf(
			out, size,
			"this kernel's type information lacks a function that %s hooks: use --backend auto",
			backend);
	else if (s->field[0])
		snprintf(
			out, size,
			"this kernel's types lack %s, which the eBPF programs of %s read: please report it with what `portclash features --json` prints",
			s->field, backend);
	else
		snprintf(
			out, size,
			"the kernel refused the eBPF programs of %s: %s; --verbose shows why, please report it",
			backend, strerror(error));
}
