/* SPDX-License-Identifier: GPL-2.0-only */
/* How libbpf fits an object to the kernel: by which types. */
#ifndef PORTCLASH_BPF_FITTING_H
#define PORTCLASH_BPF_FITTING_H

#include <bpf/libbpf.h>

#include "bpf/kernel.h"

struct pc_fitting {
	struct bpf_object_open_opts opts; /* with which the object must be opened */
	const struct pc_kernel *kernel;
	int fd;	       /* a file in memory for the types that count; -1: libbpf reads all */
	char path[32]; /* of that file */
};

/* Fills in the options. */
void pc_fitting_begin(struct pc_fitting *f, const struct pc_kernel *k);

/* Gives libbpf the types by which it can load this object. Must be called between choosing its programs and loading. */
void pc_fitting_types(const struct pc_fitting *f, struct bpf_object *object);

/* Must be called when the object has been loaded, or cannot be. */
void pc_fitting_end(struct pc_fitting *f);

#endif
