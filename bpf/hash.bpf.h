/* SPDX-License-Identifier: GPL-2.0-only */
/* The hash that finds a slot in a table. It begins with a seed (config.seed), so nobody can foresee the slot. */
#ifndef PORTCLASH_HASH_BPF_H
#define PORTCLASH_HASH_BPF_H

static __always_inline __u64 hash_mix(__u64 hash, __u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

#endif
