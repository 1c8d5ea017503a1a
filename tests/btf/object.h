/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor's programs, chosen for types that need not be the running kernel's. */
#ifndef PORTCLASH_TESTS_OBJECT_H
#define PORTCLASH_TESTS_OBJECT_H

#include <stdbool.h>

#include "bpf/kernel.h"
#include "core/config/support.h"

/* Pretends that the kernel has these types. With `own`, it also attaches programs by them.
 * pc_kernel_close() comes before `btf` is freed. */
void kernel_of(struct btf *btf, bool own, struct pc_kernel *out);

/* Chooses the programs of a back end, and says in `chosen` (of this size) which of them are loaded. Returns what
 * pc_kernel_choose() returns. */
int choose_for(const struct pc_kernel *k, enum pc_backend_kind kind, char *chosen, size_t size,
	       char *sentence);

/* Fits all programs to the types in the file that a kernel without BTF can load, and has the running kernel's verifier
 * judge them. Does the same by the few types of `btf` that count (bpf/types_few.h): -EUCLEAN if other instructions come of
 * that. 0 or a negative errno. */
int load_with(struct btf *btf, const char *file);

#endif
