// SPDX-License-Identifier: GPL-2.0-only
/* A trimmed program does what it did before, and the kernel finds nothing in it that cannot run: any program that chance
 * makes, and those where something depends on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/trim.h"

#define MAP 77
#define MAP_ADDRESS 0x100000000000ULL
#define CONTEXT_ADDRESS 0x200000000000ULL
#define INSNS 96
#define STEPS 10000

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define JEQ(d, i, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define CALL(i) INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, i)
#define MAP_VALUE(d, o) \
	INSN(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_VALUE, 0, MAP), INSN(0, 0, 0, 0, o)
#define LOAD(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)

static const uint8_t constants[16] = { 1, 0, 0, 0, 5, 0, 0x80, 0xff, 0, 0, 0, 0, 9, 8, 7, 6 };
static uint8_t context[16];

/* Trims these instructions, and gives how many are left. */
static uint32_t trim_them(struct bpf_insn *insns, uint32_t count, uint32_t *moved)
{
	static const struct pc_trim_constants known = { MAP, constants, sizeof(constants) };
	struct pc_trim t = {
		.constants = &known,
		.constants_count = 1,
		.insns = insns,
		.count = count,
		.moved = moved,
	};

	assert_true(pc_trim(&t));
	return t.count;
}

static const uint8_t *memory_at(uint64_t address, size_t size)
{
	static const uint8_t none[8];

	if (address >= MAP_ADDRESS && address + size <= MAP_ADDRESS + sizeof(constants))
		return &constants[address - MAP_ADDRESS];
	if (address >= CONTEXT_ADDRESS && address + size <= CONTEXT_ADDRESS + sizeof(context))
		return &context[address - CONTEXT_ADDRESS];
	return none;
}

static uint64_t computed(uint8_t operation, unsigned bits, uint64_t a, uint64_t b)
{
	switch (operation) {
	case BPF_MOV:
		return b;
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << b % bits;
	case BPF_RSH:
		return a >> b % bits;
	default: /* BPF_MUL */
		return a * b;
	}
}

static bool holds(uint8_t operation, uint64_t a, uint64_t b, int64_t sa, int64_t sb)
{
	bool by_operation[16] = {
		[BPF_JEQ >> 4] = a == b,
		[BPF_JNE >> 4] = a != b,
		[BPF_JGT >> 4] = a > b,
		[BPF_JGE >> 4] = a >= b,
		[BPF_JLT >> 4] =
			a<b, [BPF_JLE >> 4] = a <= b, [BPF_JSET >> 4] = a & b, [BPF_JSGT >> 4] = sa>
				sb,
		[BPF_JSGE >> 4] = sa >= sb,
		[BPF_JSLT >> 4] = sa < sb,
		[BPF_JSLE >> 4] = sa <= sb
	};

	return by_operation[operation >> 4];
}

/* Runs one instruction that neither calls nor returns, and gives the place of the next. */
static uint32_t step(const struct bpf_insn *insns, uint32_t at, uint64_t *r)
{
	const struct bpf_insn *in = &insns[at];
	uint8_t class = BPF_CLASS(in->code), operation = BPF_OP(in->code);
	uint64_t a = r[in->dst_reg];
	uint64_t b = BPF_SRC(in->code) == BPF_X ? r[in->src_reg] : (uint64_t)(int64_t)in->imm;
	bool narrow = class == BPF_ALU || class == BPF_JMP32;
	size_t size;

	if (narrow) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (class) {
	case BPF_LD:
		r[in->dst_reg] = in->src_reg ? MAP_ADDRESS + (uint32_t)in[1].imm :
					       (uint32_t)in->imm | (uint64_t)in[1].imm << 32;
		return at + 2;
	case BPF_LDX:
		size = BPF_SIZE(in->code) == BPF_B ? 1 :
		       BPF_SIZE(in->code) == BPF_H ? 2 :
		       BPF_SIZE(in->code) == BPF_W ? 4 :
						     8;
		b = r[in->src_reg] + (uint64_t)(int64_t)in->off;
		r[in->dst_reg] = 0;
		memcpy(&r[in->dst_reg], memory_at(b, size), size);
		return at + 1;
	case BPF_ALU:
	case BPF_ALU64:
		a = computed(operation, narrow ? 32 : 64, a, b);
		r[in->dst_reg] = narrow ? (uint32_t)a : a;
		return at + 1;
	default:
		if (operation == BPF_JA ||
		    (narrow ? holds(operation, a, b, (int32_t)a, (int32_t)b) :
			      holds(operation, a, b, (int64_t)a, (int64_t)b)))
			return at + 1 + (uint32_t)in->off;
		return at + 1;
	}
}

/* Runs a function; its result. Of a program that runs on and on, the first steps count. */
static uint64_t run_function(const struct bpf_insn *insns, uint32_t at, const uint64_t *arguments,
			     unsigned *steps, unsigned depth)
{
	uint64_t r[11];

	memcpy(r, arguments, sizeof(r));
	while (*steps) {
		const struct bpf_insn *in = &insns[at];

		if (in->code == (BPF_JMP | BPF_EXIT))
			return r[0];
		--*steps;
		if (in->code == (BPF_JMP | BPF_CALL)) {
			r[0] = depth ? run_function(insns, at + 1 + (uint32_t)in->imm, r, steps,
						    depth - 1) :
				       0;
			memset(&r[1], 0x55, 5 * sizeof(r[0]));
			at++;
		} else {
			at = step(insns, at, r);
		}
	}
	return 0;
}

static uint64_t result_of(const struct bpf_insn *insns)
{
	uint64_t arguments[11] = { 0 };
	unsigned steps = STEPS;

	arguments[6] = CONTEXT_ADDRESS;
	return run_function(insns, 0, arguments, &steps, 4);
}

/* Marks what the kernel finds: it follows both ways of each branch. */
static void mark_found(const struct bpf_insn *insns, uint32_t count, uint32_t at, bool *found)
{
	while (at < count && !found[at]) {
		const struct bpf_insn *in = &insns[at];
		bool jumps = BPF_CLASS(in->code) == BPF_JMP || BPF_CLASS(in->code) == BPF_JMP32;

		found[at] = true;
		if (in->code == (BPF_JMP | BPF_EXIT))
			return;
		if (in->code == (BPF_LD | BPF_IMM | BPF_DW))
			found[++at] = true;
		else if (in->code == (BPF_JMP | BPF_CALL))
			mark_found(insns, count, at + 1 + (uint32_t)in->imm, found);
		else if (in->code == (BPF_JMP | BPF_JA))
			at += (uint32_t)in->off;
		else if (jumps)
			mark_found(insns, count, at + 1 + (uint32_t)in->off, found);
		at++;
	}
	assert_true(at < count); /* the flow never runs over the end */
}

static void check_all_found(const struct bpf_insn *insns, uint32_t count)
{
	bool found[INSNS] = { false };

	mark_found(insns, count, 0, found);
	for (uint32_t i = 0; i < count; i++)
		assert_true(found[i]);
}

static unsigned any_below(unsigned below)
{
	return (unsigned)rand() % below;
}

/* An instruction of no great length: r6 leads to the context, r7 mostly to the constants, r0 to r5 take part in all. */
static uint32_t make_insn(struct bpf_insn *out, uint32_t at, uint32_t end, uint32_t function)
{
	static const uint8_t operations[] = { BPF_MOV, BPF_MOV, BPF_ADD, BPF_SUB, BPF_AND,
					      BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_MUL };
	static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	uint8_t to = (uint8_t)any_below(6), from = (uint8_t)any_below(6);
	uint8_t source = any_below(2) ? BPF_X : BPF_K, class = any_below(3) ? BPF_ALU64 : BPF_ALU;
	int32_t number = (int32_t)any_below(6) - 2;
	int16_t off = (int16_t)(end - at > 2 ? any_below(end - at - 1) : 0);

	switch (any_below(8)) {
	case 0:
		out[0] = INSN(BPF_LD | BPF_IMM | BPF_DW, 7, BPF_PSEUDO_MAP_VALUE, 0, MAP);
		out[1] = INSN(0, 0, 0, 0, (int32_t)any_below(8));
		return 2;
	case 1:
		out[0] = LOAD(sizes[any_below(4)], to, 6, (int16_t)any_below(8));
		return 1;
	case 2:
		out[0] = LOAD(sizes[any_below(4)], to, 7, (int16_t)any_below(8));
		return 1;
	case 3:
	case 4:
		out[0] = INSN((class == BPF_ALU ? BPF_JMP32 : BPF_JMP) |
				      (uint8_t)((1 + any_below(7)) << 4) | source,
			      to, source == BPF_X ? from : 0, off, source == BPF_X ? 0 : number);
		return 1;
	case 5:
		out[0] = any_below(3) || !function ? INSN(BPF_JMP | BPF_JA, 0, 0, off, 0) :
						     CALL((int32_t)(function - at - 1));
		return 1;
	default:
		out[0] = INSN(class | operations[any_below(sizeof(operations))] | source, to,
			      source == BPF_X ? from : 0, 0, source == BPF_X ? 0 : number);
		return 1;
	}
}

/* A jump must not lead into the second half of an instruction: then it leads to the one before. */
static void mend_jumps(struct bpf_insn *insns, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint8_t class = BPF_CLASS(insns[i].code);
		bool jumps = class == BPF_JMP || class == BPF_JMP32;

		if (jumps && insns[i].off && !insns[i + 1 + (uint32_t)insns[i].off].code)
			insns[i].off--;
	}
}

static uint32_t make_function(struct bpf_insn *insns, uint32_t at, uint32_t end, uint32_t function)
{
	while (at < end - 2)
		at += make_insn(&insns[at], at, end - 2, function);
	insns[at++] = INSN(BPF_ALU64 | BPF_XOR | BPF_X, 0, 1 + (uint8_t)any_below(5), 0, 0);
	insns[at++] = EXIT;
	return at;
}

static void any_program_does_the_same(void **state)
{
	unsigned shorter = 0;

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct bpf_insn before[INSNS + 4] = { 0 }, after[INSNS + 4];
		uint32_t middle = 24 + any_below(20), moved[INSNS + 5], count, left;
		/* The first function calls the second one, which begins where the first one ends. */
		uint32_t begin = make_function(before, 0, middle, 0);

		memset(before, 0, sizeof(before));
		middle = begin;
		begin = make_function(before, 0, middle, middle);
		if (begin != middle)
			continue; /* the last instruction was a wide one */
		count = make_function(before, begin, begin + 12 + any_below(20), 0);
		mend_jumps(before, count);
		memcpy(after, before, sizeof(after));
		left = trim_them(after, count, moved);
		shorter += left < count;
		check_all_found(after, left);
		for (int i = 0; i < 4; i++) {
			for (size_t j = 0; j < sizeof(context); j++)
				context[j] = (uint8_t)any_below(4);
			assert_int_equal(result_of(before), result_of(after));
		}
	}
	assert_true(shorter > 10000);
}

/* if (constant == 5) r0 = 1; else r0 = 2 */
static void a_constant_decides(void **state)
{
	struct bpf_insn insns[] = { MAP_VALUE(1, 4),
				    LOAD(BPF_H, 2, 1, 0),
				    JEQ(2, 5, 2),
				    MOV(0, 2),
				    EXIT,
				    MOV(0, 1),
				    EXIT };
	uint32_t moved[9];

	(void)state;
	assert_int_equal(trim_them(insns, 8, moved), 5);
	assert_int_equal(insns[3].imm, 1);
	assert_int_equal(moved[6], 3);
	assert_int_equal(moved[8], 5);
}

/* The branch depends on a map that is written, on the context, or on a byte behind the constants. */
static void what_is_not_known_stays(void **state)
{
	struct bpf_insn other[] = { MAP_VALUE(1, 4), LOAD(BPF_H, 2, 1, 0), JEQ(2, 5, 1), MOV(0, 2),
				    EXIT };
	struct bpf_insn from_context[] = { LOAD(BPF_W, 2, 1, 0), JEQ(2, 5, 1), MOV(0, 2), EXIT };
	struct bpf_insn behind[] = { MAP_VALUE(1, 13), LOAD(BPF_W, 2, 1, 0), JEQ(2, 5, 1),
				     MOV(0, 2), EXIT };
	uint32_t moved[8];

	(void)state;
	other[0].imm = MAP + 1;
	assert_int_equal(trim_them(other, 6, moved), 6);
	assert_int_equal(trim_them(from_context, 4, moved), 4);
	assert_int_equal(trim_them(behind, 6, moved), 6);
}

/* A function whose only call cannot run goes, and the call of the other one leads to its new place. */
static void a_function_goes(void **state)
{
	struct bpf_insn insns[] = { MOV(1, 0), JEQ(1, 0, 1), CALL(2),	CALL(3), EXIT,
				    MOV(0, 3), EXIT,	     MOV(0, 4), EXIT };
	uint32_t moved[10];

	(void)state;
	assert_int_equal(trim_them(insns, 9, moved), 5);
	assert_int_equal(insns[1].imm, 1);
	assert_int_equal(insns[3].imm, 4);
	assert_int_equal(moved[5], moved[7]);
}

static void what_is_unknown_is_left_alone(void **state)
{
	struct bpf_insn insns[] = { MOV(1, 0), INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, 0), EXIT };
	struct bpf_insn before[3];
	uint32_t moved[4];
	struct pc_trim t = { .insns = insns, .count = 3, .moved = moved };

	(void)state;
	memcpy(before, insns, sizeof(before));
	assert_false(pc_trim(&t));
	assert_memory_equal(insns, before, sizeof(before));
	assert_int_equal(t.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_constant_decides),
		cmocka_unit_test(what_is_not_known_stays),
		cmocka_unit_test(a_function_goes),
		cmocka_unit_test(what_is_unknown_is_left_alone),
		cmocka_unit_test(any_program_does_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
