// SPDX-License-Identifier: GPL-2.0-only
/* Moves together what is left of a program. Only what bpf/trim_flow.c has found decides. */
#include "bpf/trim.h"

#include <stdlib.h>

#include "bpf/trim_flow.h"

/* Is this instruction left? A branch that is never taken is not. */
static bool is_left(const struct pc_trim_flow *f, uint32_t at)
{
	return (f->marks[at] & (PC_TRIM_RUNS | PC_TRIM_NEVER)) == PC_TRIM_RUNS;
}

/* Numbers the instructions that are left. */
static void number_left(const struct pc_trim_flow *f)
{
	const struct pc_trim *t = f->trim;
	uint32_t next = 0;

	for (uint32_t at = 0; at < t->count; at++) {
		t->moved[at] = next;
		next += is_left(f, at);
	}
	t->moved[t->count] = next;
}

/* A branch that is always taken becomes a jump. */
static void settle_branches(const struct pc_trim_flow *f)
{
	struct pc_trim *t = (struct pc_trim *)f->trim;

	for (uint32_t at = 0; at < t->count; at++)
		if (f->marks[at] & PC_TRIM_ALWAYS)
			t->insns[at] = (struct bpf_insn){ .code = BPF_JMP | BPF_JA,
							  .off = t->insns[at].off };
}

static bool is_jump_to_next(const struct pc_trim *t, uint32_t at)
{
	return t->insns[at].code == (BPF_JMP | BPF_JA) &&
	       t->moved[pc_trim_leads_to(&t->insns[at], at)] == t->moved[at] + 1;
}

/* A jump to the next instruction that is left does nothing. One that goes may make another one such. */
static void drop_jumps(const struct pc_trim_flow *f)
{
	const struct pc_trim *t = f->trim;
	bool dropped;

	do {
		dropped = false;
		number_left(f);
		for (uint32_t at = 0; at < t->count; at++)
			if (is_left(f, at) && !(at && f->marks[at] & PC_TRIM_SECOND) &&
			    is_jump_to_next(t, at)) {
				f->marks[at] |= PC_TRIM_NEVER;
				dropped = true;
			}
	} while (dropped);
}

/* Moves the instructions that are left together, and leads jumps and calls to where their targets are now. */
static void move_left(const struct pc_trim_flow *f)
{
	struct pc_trim *t = (struct pc_trim *)f->trim;

	for (uint32_t at = 0; at < t->count; at++) {
		struct bpf_insn insn = t->insns[at];
		uint32_t to =
			f->marks[at] & PC_TRIM_SECOND ? UINT32_MAX : pc_trim_leads_to(&insn, at);

		if (!is_left(f, at))
			continue;
		if (to != UINT32_MAX) {
			int32_t by = (int32_t)(t->moved[to] - t->moved[at] - 1);

			if (insn.code == (BPF_JMP | BPF_JA) || pc_trim_is_branch(&insn))
				insn.off = (__s16)by;
			else
				insn.imm = by;
		}
		t->insns[t->moved[at]] = insn;
	}
	t->count = t->moved[t->count];
}

bool pc_trim(struct pc_trim *t)
{
	struct pc_trim_flow f = {
		.trim = t,
		.marks = calloc(t->count + 1, sizeof(*f.marks)),
		.blocks = calloc(t->count + 1, sizeof(*f.blocks)),
	};
	bool done = f.marks && f.blocks && pc_trim_follow(&f);

	if (done) {
		settle_branches(&f);
		drop_jumps(&f);
		move_left(&f);
	}
	free(f.marks);
	free(f.blocks);
	free(f.states);
	free(f.waiting);
	return done;
}
