// SPDX-License-Identifier: GPL-2.0-only
/* This file asks the running kernel what it offers. */
#include "bpf/support.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpf/kernel.h"
#include "bpf/lockdown.h"
#include "bpf/messages.h"

void pc_support_probe(const struct pc_kernel *k, struct pc_support *out)
{
	struct pc_kernel whole = *k; /* the types remain those of `k` */
	struct utsname name;

	pc_kernel_ask(&whole, PC_KERNEL_ALL);
	memset(out, 0, sizeof(*out));
	if (!uname(&name))
		snprintf(out->release, sizeof(out->release), "%s", name.release);
	out->btf = whole.offer.has[PC_KERNEL_BTF] == PC_PRESENCE_YES;
	out->ring_buffers = whole.offer.has[PC_KERNEL_RING] == PC_PRESENCE_YES;
	out->lockdown = pc_lockdown_read();
	out->root = geteuid() == 0;
	out->filtered = prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
	out->lack = pc_kernel_first_lack(&whole.offer);
	pc_messages_field(out->field, sizeof(out->field));
}
