/* SPDX-License-Identifier: GPL-2.0-only */
/* Follows the flow of a program from its first instruction, with what is known of its registers. */
#ifndef PORTCLASH_TRIM_FLOW_H
#define PORTCLASH_TRIM_FLOW_H

#include "bpf/trim.h"

#define PC_TRIM_REGISTERS 11 /* MAX_BPF_REG */

enum pc_trim_known {
	PC_TRIM_ANY,
	PC_TRIM_NUMBER,
	PC_TRIM_CONSTANT, /* a pointer into a map of constants: its index, and below it 32 bits of offset */
};

struct pc_trim_value {
	uint64_t number;
	enum pc_trim_known known;
};

struct pc_trim_state {
	struct pc_trim_value registers[PC_TRIM_REGISTERS];
	bool reached;
	bool waits;
};

enum pc_trim_mark {
	PC_TRIM_TARGET = 1, /* a jump or a call leads here */
	PC_TRIM_SECOND = 2, /* the second half of an instruction */
	PC_TRIM_RUNS = 4,
	PC_TRIM_ALWAYS = 8, /* a branch that is always taken */
	PC_TRIM_NEVER = 16,
};

struct pc_trim_flow {
	const struct pc_trim *trim;
	uint8_t *marks;	  /* of each instruction: enum pc_trim_mark */
	uint32_t *blocks; /* of each target: the index of its state */
	struct pc_trim_state *states;
	uint32_t *waiting; /* targets that are to be followed */
	uint32_t waiting_count;
};

/* Marks what runs, and the branches that are always or never taken. False: as pc_trim(). */
bool pc_trim_follow(struct pc_trim_flow *f);

/* Gives where a jump, a call or a reference to a function leads; UINT32_MAX: the instruction is none of these. */
uint32_t pc_trim_leads_to(const struct bpf_insn *insn, uint32_t at);

bool pc_trim_is_branch(const struct bpf_insn *insn);
bool pc_trim_is_wide(const struct bpf_insn *insn);

#endif
