// SPDX-License-Identifier: GPL-2.0-only
/* The set of the sockets whose owners are wanted, in the programs' memory. */
#include "bpf/wanted.h"

/* Adds a key to the set. False: the slots from its own on are taken. */
static bool set_key(uint64_t *keys, uint64_t key)
{
	uint32_t first = PC_WANTED_SLOT(key);

	for (uint32_t i = 0; i < PC_WANTED_PROBES; i++) {
		uint64_t *slot = &keys[(first + i) & (PC_WANTED_SLOTS - 1)];

		if (*slot && *slot != key)
			continue;
		*slot = key;
		return true;
	}
	return false;
}

void pc_wanted_set(struct pc_open_files *o, const struct pc_wanted *wanted)
{
	*o->wanted_all = wanted->all;
	*o->wanted_unix = wanted->with_unix;
	if (o->scars_are_old)
		*o->scars_are_old = wanted->all;
	for (size_t i = 0; i < wanted->count; i++)
		if (!set_key(o->wanted_keys, wanted->keys[i]))
			*o->wanted_all = true;
}

void pc_wanted_clear(struct pc_open_files *o, const struct pc_wanted *wanted)
{
	*o->wanted_all = *o->wanted_unix = false;
	if (o->scars_are_old)
		*o->scars_are_old = false;
	for (size_t i = 0; i < wanted->count; i++) {
		uint32_t slot = PC_WANTED_SLOT(wanted->keys[i]);

		for (uint32_t j = 0; j < PC_WANTED_PROBES; j++)
			o->wanted_keys[(slot + j) & (PC_WANTED_SLOTS - 1)] = 0;
	}
}
