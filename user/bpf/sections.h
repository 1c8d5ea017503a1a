/* SPDX-License-Identifier: GPL-2.0-only */
/* The sections of the object files: of which type a program is, and how it is loaded and attached. libbpf knows them, too,
 * but only of sections that it does not know itself it shows a program before the kernel gets it. */
#ifndef PORTCLASH_SECTIONS_H
#define PORTCLASH_SECTIONS_H

#include <bpf/libbpf.h>

/* Must be called before an object is opened. */
void pc_sections_open(void);

/* Must be called between choosing the programs of an object and loading it. They are trimmed (bpf/trim.h) by its constants. */
void pc_sections_load(struct bpf_object *object);

/* Attaches to what the section names: as bpf_program__attach(), but only to functions and raw tracepoints. */
struct bpf_link *pc_sections_attach(const struct bpf_program *program);

#endif
