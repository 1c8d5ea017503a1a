/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's type information (BTF): the kernel's own, or that of a file which the user names. */
#ifndef PORTCLASH_TYPES_H
#define PORTCLASH_TYPES_H

#include <stdbool.h>

#include <bpf/btf.h>

#include "bpf/type_table.h"

/* The file with the kernel's own types */
#define PC_TYPES_OWN "/sys/kernel/btf/vmlinux"

struct pc_types {
	struct pc_type_table
		*all; /* by which the programs are fitted to the kernel; NULL: there is none */
	struct pc_type_table *
		own; /* the kernel's own, by which it attaches programs and offers iterators; NULL: it has none */
	struct pc_type_table *ipv6; /* of the module, where IPv6 is one */
	struct btf *parsed;	    /* what `all` lies in, if libbpf has read it */
	const char *file;	    /* as the user named it; NULL: no file was named */
	int fd; /* of the file: whatever happens to its name, what was checked is what is used; -1: none */
	char path[32]; /* of the open file; "": none */
};

/* Reads the kernel's types, or those in `file` (NULL: none was named). 0, and that there is none is no error; or a
 * negative errno, and `sentence` (PC_SENTENCE bytes) says what is wrong with the file. */
int pc_types_open(const char *file, struct pc_types *out, char *sentence);
void pc_types_close(struct pc_types *t);

/* Has the type (struct, union or typedef) this member? Dots lead into structures; members of unnamed ones count. */
bool pc_types_has_field(const struct pc_type_table *t, const char *type, const char *member);

/* Has the enum this value? */
bool pc_types_has_value(const struct pc_type_table *t, const char *type, const char *value);

/* Counts the arguments of a function; -ENOENT: there is none of this name. Programs can be attached only to one in the
 * kernel's own BTF; with `any` also the file's counts. */
int pc_types_arguments(const struct pc_types *t, const char *function, bool any);

#endif
