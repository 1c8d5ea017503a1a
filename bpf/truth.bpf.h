/* SPDX-License-Identifier: GPL-2.0-only */
/* Truths as numbers, 0 or 1, for searches of a few slots. The verifier follows each branch in each of the slots,
 * for each program that has the search in it. So a search has no branches, and barriers keep the compiler from
 * making some of it. */
#ifndef PORTCLASH_TRUTH_BPF_H
#define PORTCLASH_TRUTH_BPF_H

static __always_inline __u64 truth_is_zero(__u64 value)
{
	__u64 sign = value | -value;

	barrier_var(sign);
	return sign >> 63 ^ 1;
}

/* Is one less than the other? Both are below 1 << 63. */
static __always_inline __u64 truth_is_less(__u64 one, __u64 other)
{
	__u64 sign = one - other;

	barrier_var(sign);
	return sign >> 63;
}

/* Multiplies, because from 6.18 on the verifier follows two ways behind a mask that is all or nothing. */
static __always_inline __u64 truth_choose(__u64 one, __u64 other, __u64 is_one)
{
	barrier_var(is_one);
	return other + (one - other) * is_one;
}

#endif
