// SPDX-License-Identifier: GPL-2.0-only
/* Optimistic propagation of constants: a register has a number until a way is found on which it has another one. A branch
 * is followed only to where it can lead by what is known. What is known only gets less, so this comes to an end. */
#include "bpf/trim_flow.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX
static const struct pc_trim_value nothing[PC_TRIM_REGISTERS];

#define FIRST_SAVED 6 /* a call keeps the registers from here on */

bool pc_trim_is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static bool is_jump_class(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

static bool is_bpf_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static bool is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

static bool is_always(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA);
}

bool pc_trim_is_branch(const struct bpf_insn *insn)
{
	return is_jump_class(insn) && !is_bpf_call(insn) && !is_exit(insn) && !is_always(insn);
}

uint32_t pc_trim_leads_to(const struct bpf_insn *insn, uint32_t at)
{
	if (is_always(insn) || pc_trim_is_branch(insn))
		return at + 1 + (uint32_t)insn->off;
	if ((is_bpf_call(insn) && insn->src_reg == BPF_PSEUDO_CALL) ||
	    (pc_trim_is_wide(insn) && insn->src_reg == BPF_PSEUDO_FUNC))
		return at + 1 + (uint32_t)insn->imm;
	return NOWHERE;
}

/* Is this an instruction whose effect on registers and flow is known here? */
static bool is_understood(const struct bpf_insn *insn)
{
	__u8 operation = BPF_OP(insn->code);

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return pc_trim_is_wide(insn);
	case BPF_JMP:
		return is_bpf_call(insn) || is_exit(insn) || is_always(insn) ||
		       (operation <= BPF_JSLE && operation != BPF_JA && operation != BPF_CALL &&
			operation != BPF_EXIT);
	case BPF_JMP32:
		return operation <= BPF_JSLE && operation != BPF_JA && operation != BPF_CALL &&
		       operation != BPF_EXIT;
	default:
		return true;
	}
}

/* Marks targets, and numbers them. Gives how many; 0: the program is not understood. */
static uint32_t mark_targets(struct pc_trim_flow *f)
{
	const struct pc_trim *t = f->trim;
	uint32_t count = 0;

	f->marks[0] |= PC_TRIM_TARGET;
	for (uint32_t at = 0; at < t->count; at++) {
		const struct bpf_insn *insn = &t->insns[at];
		uint32_t to = pc_trim_leads_to(insn, at);

		if (!is_understood(insn) || (to != NOWHERE && to >= t->count) ||
		    insn->dst_reg >= PC_TRIM_REGISTERS)
			return 0;
		if (to != NOWHERE)
			f->marks[to] |= PC_TRIM_TARGET;
		if (pc_trim_is_wide(insn)) {
			if (++at >= t->count)
				return 0;
			f->marks[at] |= PC_TRIM_SECOND;
		}
	}
	for (uint32_t at = 0; at < t->count; at++) {
		if ((f->marks[at] & (PC_TRIM_TARGET | PC_TRIM_SECOND)) ==
		    (PC_TRIM_TARGET | PC_TRIM_SECOND))
			return 0;
		if (f->marks[at] & PC_TRIM_TARGET)
			f->blocks[at] = count++;
	}
	return count;
}

static bool same_value(const struct pc_trim_value *a, const struct pc_trim_value *b)
{
	return a->known == b->known && (a->known == PC_TRIM_ANY || a->number == b->number);
}

/* Says that the flow can come to a target with these registers. */
static void come_to(struct pc_trim_flow *f, uint32_t to, const struct pc_trim_value *registers)
{
	struct pc_trim_state *s = &f->states[f->blocks[to]];
	bool changed = !s->reached;

	if (!s->reached)
		memcpy(s->registers, registers, sizeof(s->registers));
	for (unsigned i = 0; s->reached && i < PC_TRIM_REGISTERS; i++)
		if (s->registers[i].known != PC_TRIM_ANY &&
		    !same_value(&s->registers[i], &registers[i])) {
			s->registers[i].known = PC_TRIM_ANY;
			changed = true;
		}
	s->reached = true;
	if (!changed || s->waits)
		return;
	s->waits = true;
	f->waiting[f->waiting_count++] = to;
}

static void forget_registers(struct pc_trim_value *registers, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		registers[i].known = PC_TRIM_ANY;
}

static void know(struct pc_trim_value *value, enum pc_trim_known known, uint64_t number)
{
	value->known = known;
	value->number = number;
}

static const struct pc_trim_value *operand(const struct bpf_insn *insn,
					   const struct pc_trim_value *registers,
					   struct pc_trim_value *own)
{
	if (BPF_SRC(insn->code) == BPF_X)
		return &registers[insn->src_reg];
	know(own, PC_TRIM_NUMBER, (uint64_t)(int64_t)insn->imm);
	return own;
}

/* Counts what an operation makes of two numbers. False: it is none of those that are followed. */
static bool fold_numbers(uint8_t operation, unsigned bits, uint64_t a, uint64_t b, uint64_t *out)
{
	switch (operation) {
	case BPF_MOV:
		*out = b;
		return true;
	case BPF_ADD:
		*out = a + b;
		return true;
	case BPF_SUB:
		*out = a - b;
		return true;
	case BPF_AND:
		*out = a & b;
		return true;
	case BPF_OR:
		*out = a | b;
		return true;
	case BPF_XOR:
		*out = a ^ b;
		return true;
	case BPF_LSH:
		*out = a << (b & (bits - 1));
		return true;
	case BPF_RSH:
		*out = a >> (b & (bits - 1));
		return true;
	default:
		return false;
	}
}

static void follow_number(const struct bpf_insn *insn, struct pc_trim_value *registers)
{
	bool is_wide = BPF_CLASS(insn->code) == BPF_ALU64;
	struct pc_trim_value *to = &registers[insn->dst_reg], own;
	const struct pc_trim_value *by = operand(insn, registers, &own);
	uint8_t operation = BPF_OP(insn->code);
	uint64_t a = is_wide ? to->number : (uint32_t)to->number;
	uint64_t b = is_wide ? by->number : (uint32_t)by->number, result = 0;

	if (is_wide && operation == BPF_MOV && BPF_SRC(insn->code) == BPF_X && !insn->off) {
		*to = *by;
	} else if (is_wide && operation == BPF_ADD && to->known == PC_TRIM_CONSTANT && by == &own) {
		to->number = (to->number & ~(uint64_t)UINT32_MAX) | (uint32_t)(to->number + b);
	} else if (insn->off || by->known != PC_TRIM_NUMBER ||
		   (operation != BPF_MOV && to->known != PC_TRIM_NUMBER) ||
		   !fold_numbers(operation, is_wide ? 64 : 32, a, b, &result)) {
		to->known = PC_TRIM_ANY;
	} else {
		know(to, PC_TRIM_NUMBER, is_wide ? result : (uint32_t)result);
	}
}

static void follow_wide(const struct pc_trim *t, const struct bpf_insn *insn,
			struct pc_trim_value *registers)
{
	struct pc_trim_value *to = &registers[insn->dst_reg];

	to->known = PC_TRIM_ANY;
	if (!insn->src_reg)
		know(to, PC_TRIM_NUMBER,
		     (uint32_t)insn->imm | (uint64_t)(uint32_t)insn[1].imm << 32);
	for (size_t i = 0; insn->src_reg == BPF_PSEUDO_MAP_VALUE && i < t->constants_count; i++)
		if (t->constants[i].map_fd == insn->imm)
			know(to, PC_TRIM_CONSTANT, (uint64_t)i << 32 | (uint32_t)insn[1].imm);
}

static size_t size_of(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

static void follow_load(const struct pc_trim *t, const struct bpf_insn *insn,
			struct pc_trim_value *registers)
{
	const struct pc_trim_value *from = &registers[insn->src_reg];
	struct pc_trim_value *to = &registers[insn->dst_reg];
	int64_t offset = (int64_t)(uint32_t)from->number + insn->off;
	const struct pc_trim_constants *c;
	uint64_t number = 0;

	c = from->known == PC_TRIM_CONSTANT ? &t->constants[from->number >> 32] : NULL;
	to->known = PC_TRIM_ANY;
	if (!c || BPF_MODE(insn->code) != BPF_MEM || offset < 0 ||
	    (uint64_t)offset + size_of(insn) > c->size)
		return;
	memcpy(&number, &c->bytes[offset],
	       size_of(insn)); /* little-endian, as all that portclash runs on */
	know(to, PC_TRIM_NUMBER, number);
}

/* Follows an instruction that leads to the next one. */
static void follow_one(const struct pc_trim *t, const struct bpf_insn *insn,
		       struct pc_trim_value *registers)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		follow_wide(t, insn, registers);
		return;
	case BPF_LDX:
		follow_load(t, insn, registers);
		return;
	case BPF_ALU:
	case BPF_ALU64:
		follow_number(insn, registers);
		return;
	case BPF_STX:
		if (BPF_MODE(insn->code) == BPF_MEM)
			return;
		/* An atomic operation may give what was there. */
		registers[0].known = PC_TRIM_ANY;
		registers[insn->src_reg].known = PC_TRIM_ANY;
		registers[insn->dst_reg].known = PC_TRIM_ANY;
		return;
	default:
		return;
	}
}

static bool branch_holds(uint8_t operation, uint64_t a, uint64_t b, int64_t signed_a,
			 int64_t signed_b)
{
	switch (operation) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	case BPF_JSGT:
		return signed_a > signed_b;
	case BPF_JSGE:
		return signed_a >= signed_b;
	case BPF_JSLT:
		return signed_a < signed_b;
	default:
		return signed_a <= signed_b; /* BPF_JSLE */
	}
}

/* Says whether a branch is always or never taken, by what is known now; 0: it may be either. */
static uint8_t decided(const struct bpf_insn *insn, const struct pc_trim_value *registers)
{
	struct pc_trim_value own;
	const struct pc_trim_value *a = &registers[insn->dst_reg];
	const struct pc_trim_value *b = operand(insn, registers, &own);
	bool taken;

	if (a->known != PC_TRIM_NUMBER || b->known != PC_TRIM_NUMBER)
		return 0;
	if (BPF_CLASS(insn->code) == BPF_JMP32)
		taken = branch_holds(BPF_OP(insn->code), (uint32_t)a->number, (uint32_t)b->number,
				     (int32_t)a->number, (int32_t)b->number);
	else
		taken = branch_holds(BPF_OP(insn->code), a->number, b->number, (int64_t)a->number,
				     (int64_t)b->number);
	return taken ? PC_TRIM_ALWAYS : PC_TRIM_NEVER;
}

/* Follows the instructions from a target up to where the flow ends or comes to another target. */
static void follow_block(struct pc_trim_flow *f, uint32_t at)
{
	const struct pc_trim *t = f->trim;
	struct pc_trim_value registers[PC_TRIM_REGISTERS];

	memcpy(registers, f->states[f->blocks[at]].registers, sizeof(registers));
	for (uint32_t first = at; at < t->count; at++) {
		const struct bpf_insn *insn = &t->insns[at];
		uint32_t to = pc_trim_leads_to(insn, at);
		uint8_t way;

		if (at != first && f->marks[at] & PC_TRIM_TARGET) {
			come_to(f, at, registers);
			return;
		}
		f->marks[at] |= PC_TRIM_RUNS;
		if (is_exit(insn))
			return;
		if (is_always(insn)) {
			come_to(f, to, registers);
			return;
		}
		if (pc_trim_is_branch(insn)) {
			way = decided(insn, registers);
			f->marks[at] =
				(uint8_t)((f->marks[at] & ~(PC_TRIM_ALWAYS | PC_TRIM_NEVER)) | way);
			if (way != PC_TRIM_NEVER)
				come_to(f, to, registers);
			if (way == PC_TRIM_ALWAYS)
				return;
			continue;
		}
		if (to != NOWHERE) /* a function, which may be called with anything */
			come_to(f, to, nothing);
		if (is_bpf_call(insn))
			forget_registers(registers, 0, FIRST_SAVED);
		else
			follow_one(t, insn, registers);
		if (pc_trim_is_wide(insn))
			f->marks[++at] |= PC_TRIM_RUNS;
	}
}

bool pc_trim_follow(struct pc_trim_flow *f)
{
	uint32_t count = f->trim->count ? mark_targets(f) : 0;

	f->states = count ? calloc(count, sizeof(*f->states)) : NULL;
	f->waiting = count ? calloc(count, sizeof(*f->waiting)) : NULL;
	if (!f->states || !f->waiting)
		return false;
	come_to(f, 0, nothing);
	while (f->waiting_count) {
		uint32_t at = f->waiting[--f->waiting_count];

		f->states[f->blocks[at]].waits = false;
		follow_block(f, at);
	}
	return true;
}
