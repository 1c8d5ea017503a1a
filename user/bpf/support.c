// SPDX-License-Identifier: GPL-2.0-only
/* What this kernel offers. */
#include "bpf/support.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static enum pc_lockdown lockdown(void)
{
	char text[128] = "";
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");

	if (!file)
		return PC_LOCKDOWN_NONE;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return pc_lockdown_parse(text);
}

void pc_support_probe(struct pc_support *out)
{
	struct utsname name;

	memset(out, 0, sizeof(*out));
	if (!uname(&name))
		snprintf(out->release, sizeof(out->release), "%s", name.release);
	out->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	out->ring_buffers = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
	out->lockdown = lockdown();
	out->root = geteuid() == 0;
}
