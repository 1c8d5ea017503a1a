/* SPDX-License-Identifier: GPL-2.0-only */
/* The needs of portclash: kernel features, and the sentence about a missing one. Pure. */
#ifndef PORTCLASH_SUPPORT_H
#define PORTCLASH_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config/needs.h"

/* Room for a sentence that says why programs could not be loaded. */
#define PC_SENTENCE 768

enum pc_lockdown { PC_LOCKDOWN_NONE, PC_LOCKDOWN_INTEGRITY, PC_LOCKDOWN_CONFIDENTIALITY };

struct pc_support {
	char release[65]; /* as uname -r says it */
	bool btf;	  /* type information: the kernel's own, or that of a file */
	bool ring_buffers;
	enum pc_lockdown lockdown;
	bool root;
	bool filtered;		  /* a seccomp filter limits the system calls of this process */
	enum pc_kernel_need lack; /* the first that no program can do without */
	char field
		[96]; /* a field that the kernel's types lack, and that a refused program reads; "": none is known */
};

/* Parses the text of /sys/kernel/security/lockdown, "none [integrity] confidentiality"; "" or
 * anything else is none. */
enum pc_lockdown pc_lockdown_parse(const char *text);
const char *pc_lockdown_name(enum pc_lockdown lockdown);

/* Writes one sentence on why the programs of `backend` were refused with the errno `error`
 * (positive) on such a kernel, and what would help: at most `size` bytes. */
void pc_support_explain(const struct pc_support *s, const char *backend, int error, char *out,
			size_t size);

#endif
