/* SPDX-License-Identifier: GPL-2.0-only */
/* A monitor closes libbpf's object when the programs are attached. It keeps descriptors of programs and maps, and the
 * programs' memory. The object itself is large: it has the instructions of all programs, loaded or not. */
#ifndef PORTCLASH_BPF_KEPT_H
#define PORTCLASH_BPF_KEPT_H

#include <bpf/libbpf.h>

/* Room for the programs that are attached or run, for some maps, and for the variables of the programs. */
#define PC_KEPT_MAX 80
#define PC_KEPT_MEMORY_MAX 4

struct pc_kept {
	int fds[PC_KEPT_MAX];
	unsigned fds_count;
	void *memory[PC_KEPT_MEMORY_MAX];
	size_t bytes[PC_KEPT_MEMORY_MAX];
	unsigned memory_count;
	int err; /* of the first failure, a negative errno; 0: none */
};

/* Gives a descriptor of its own for what `fd` is; -1 if `fd` is none, or after a failure. */
int pc_kept_fd(struct pc_kept *k, int fd);

/* Maps the variables of the programs that lie in this map, with `protection` as for mmap(). NULL after a failure. */
void *pc_kept_memory(struct pc_kept *k, const struct bpf_map *map, int protection);

void pc_kept_close(struct pc_kept *k);

#endif
