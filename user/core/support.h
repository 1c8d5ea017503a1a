/* SPDX-License-Identifier: GPL-2.0-only */
/* What portclash needs of a kernel, and the sentence about what is missing. Pure. */
#ifndef PORTCLASH_SUPPORT_H
#define PORTCLASH_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

enum pc_lockdown { PC_LOCKDOWN_NONE, PC_LOCKDOWN_INTEGRITY, PC_LOCKDOWN_CONFIDENTIALITY };

struct pc_support {
	char release[65]; /* as uname -r says it */
	bool btf;	  /* type information: /sys/kernel/btf/vmlinux can be read */
	bool ring_buffers;
	enum pc_lockdown lockdown;
	bool root;
};

/* From the text of /sys/kernel/security/lockdown, "none [integrity] confidentiality"; "" or
 * anything else: none. */
enum pc_lockdown pc_lockdown_parse(const char *text);
const char *pc_lockdown_name(enum pc_lockdown lockdown);

/* Writes one sentence on why the programs of `backend` were refused with the errno `error`
 * (positive) on such a kernel, and what would help: at most `size` bytes. */
void pc_support_explain(const struct pc_support *s, const char *backend, int error, char *out,
			size_t size);

#endif
