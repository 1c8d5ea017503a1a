/* SPDX-License-Identifier: GPL-2.0-only */
/* A selection of the kernel's 100,000 types: those by which libbpf fits an object's programs to the kernel. */
#ifndef PORTCLASH_TYPES_FEW_H
#define PORTCLASH_TYPES_FEW_H

#include <bpf/btf.h>

#include "bpf/type_table.h"

/* Makes BTF of the types of `all` that bear the name of a type in `named` (for a flavour NAME___x, that of NAME), and of
 * what they contain. A pointer points to void there: a program never reaches through one. Returns the bytes, for free();
 * NULL: out of memory. */
void *pc_types_few(const struct pc_type_table *all, const struct btf *named, size_t *size);

#endif
