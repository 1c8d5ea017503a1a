/* SPDX-License-Identifier: GPL-2.0-only */
/* Leaves out the instructions of a program that can never run here: those for other kernels and for options that are not
 * used. The kernel's verifier would do so, too, but for each gap it moves all that it knows of the instructions behind. */
#ifndef PORTCLASH_TRIM_H
#define PORTCLASH_TRIM_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a map that nobody can change. */
struct pc_trim_constants {
	int map_fd; /* by which instructions name the map */
	const uint8_t *bytes;
	size_t size;
};

struct pc_trim {
	const struct pc_trim_constants *constants;
	size_t constants_count;
	struct bpf_insn *insns; /* changed in place */
	uint32_t count;
	uint32_t *
		moved; /* count + 1 of them: where each instruction is now, or the next one that is left */
};

/* Trims the program, and fills in `moved`. False: it has an instruction that is not known here, or memory is short. The
 * program is as it was then. */
bool pc_trim(struct pc_trim *t);

#endif
