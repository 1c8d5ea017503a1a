/* SPDX-License-Identifier: GPL-2.0-only */
/* These loops are longer than the verifier follows, on every kernel. bpf_loop() came with 5.17, and
 * the verifier takes a plain loop round by round: some hundred rounds exceed its limits. From 5.6
 * on, it takes a global function once and by itself; to the caller, the call is one instruction. On
 * 5.10 a global function takes numbers, but no pointers. */
#ifndef PORTCLASH_ROUNDS_BPF_H
#define PORTCLASH_ROUNDS_BPF_H

#define GLOBAL __attribute__((noinline))

#define ROUND 32

/* NAME_rounds() takes at most so many steps. */
#define ROUNDS_STEPS (ROUND * ROUND)

/* Stands before a loop whose body calls a function. The kernel looks for the deepest stack by walking through each call
 * in the code, as often as there are ways to it: calls that the compiler unrolls, in functions that call each other,
 * take it longer than the whole rest of the verification. */
#define ONE_CALL _Pragma("clang loop unroll(disable)")

/* Defines the global function `outer`, which calls the global function `inner` up to `times` times, until it returns
 * 1; then `outer` returns 1, too. */
#define DEFINE_ROUND(outer, inner, times)         \
	GLOBAL int outer(void)                    \
	{                                         \
		ONE_CALL                          \
		for (int i = 0; i < (times); i++) \
			if (inner())              \
				return 1;         \
		return 0;                         \
	}

/* Defines NAME_rounds(), which calls the global function NAME_step() up to ROUNDS_STEPS times, until a
 * step returns 1; then NAME_rounds() returns 1, too. */
#define DEFINE_ROUNDS(name)                            \
	DEFINE_ROUND(name##_round, name##_step, ROUND) \
	DEFINE_ROUND(name##_rounds, name##_round, ROUND)

#endif
