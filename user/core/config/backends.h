/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of back ends, which options and the configuration take by name. user/bpf/backend.c has a
 * row of programs for each. */
#ifndef PORTCLASH_BACKENDS_H
#define PORTCLASH_BACKENDS_H

enum pc_backend_kind {
	PC_BACKEND_AUTO = 0, /* the first of those below that works on this kernel */
	PC_BACKEND_FENTRY,
	PC_BACKEND_KPROBE,
	PC_BACKEND_TRACEPOINT,
	PC_BACKEND_COUNT,
};

/* The back ends without PC_BACKEND_AUTO. */
#define PC_BACKENDS (PC_BACKEND_COUNT - 1)

/* The names, by kind; NULL behind the last. */
extern const char *const pc_backend_names[PC_BACKEND_COUNT + 1];

#endif
