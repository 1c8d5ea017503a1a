/* SPDX-License-Identifier: GPL-2.0-only */
/* A selection of the kernel's 100,000 types: those by which libbpf fits an object's programs to the kernel. */
#ifndef PORTCLASH_TYPES_FEW_H
#define PORTCLASH_TYPES_FEW_H

#include <bpf/btf.h>

/* Makes the types of `all` that bear the name of a type in `named` (for a flavour NAME___x, that of NAME), and what they
 * contain. A pointer points to void there: a program never reaches through one. NULL: out of memory, or these
 * types cannot be copied. */
struct btf *pc_types_few(const struct btf *all, const struct btf *named);

#endif
