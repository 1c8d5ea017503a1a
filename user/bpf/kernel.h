/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel is asked for each part that the programs need (core/config/needs.h). Its types are searched, or the
 * part is tried. */
#ifndef PORTCLASH_BPF_KERNEL_H
#define PORTCLASH_BPF_KERNEL_H

#include <bpf/libbpf.h>

#include "bpf/backend.h"
#include "bpf/types.h"
#include "core/config/needs.h"

/* Rows of the table, as bits */
#define PC_KERNEL_ROW(need) (1ULL << (need))
#define PC_KERNEL_ALL UINT64_MAX

struct pc_kernel {
	struct pc_types types;
	struct pc_kernel_offer offer;
	uint64_t asked; /* rows of the offer; the others are not known */
};

/* Reads the kernel's types, or those in `file` (NULL: none was named), and asks the kernel for these rows, or for all if a
 * file is named. 0, whatever is missing; or a negative errno, and `sentence` (PC_SENTENCE bytes) says what is wrong with
 * the file. */
int pc_kernel_open(const char *file, uint64_t rows, struct pc_kernel *k, char *sentence);
void pc_kernel_close(struct pc_kernel *k);

/* Asks for the rows that were not asked for. A program or a map is tried for some. */
void pc_kernel_ask(struct pc_kernel *k, uint64_t rows);

/* Does the kernel have it? What is not known counts as yes, and the kernel judges when the programs are loaded. */
bool pc_kernel_has(const struct pc_kernel *k, enum pc_kernel_need need);

/* Finds the program of this name. On a kernel without BTF, the program raw_NAME stands for one on a tracepoint of
 * BTF. NULL: the object has none. */
struct bpf_program *pc_kernel_program(const struct pc_kernel *k, const struct bpf_object *object,
				      const char *name);

/* Switches off all programs on tracepoints, each of which has a twin. */
void pc_kernel_leave_out_twins(struct bpf_object *object);

/* Has the programs of a list loaded that are attached in these cases (enum pc_when, as flags; PC_WHEN_ANY) and that this
 * kernel can load. Returns 0; or -ENOENT, and `sentence` says which
 * function the kernel lacks or has with other arguments than the program expects. */
int pc_kernel_choose(const struct pc_kernel *k, struct bpf_object *object,
		     const struct pc_program *programs, unsigned when, char *sentence);

/* Is the row's program of use on this kernel? */
static inline bool pc_kernel_wants(const struct pc_kernel *k, const struct pc_program *row)
{
	return row->needs == PC_KERNEL_NOTHING || pc_kernel_has(k, row->needs);
}

#endif
