// SPDX-License-Identifier: GPL-2.0-only
/* Capabilities and no_new_privs, by libcap. */
#include "host/privileges.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>

/* Sets of capabilities are one word here; Linux has 41. */
#define BITS 64

int pc_privileges_read(uint64_t *held)
{
	cap_t caps = cap_get_proc();
	uint64_t set = 0;

	if (!caps)
		return -errno;
	for (cap_value_t i = 0; i < cap_max_bits() && i < BITS; i++) {
		cap_flag_value_t on = CAP_CLEAR;

		if (!cap_get_flag(caps, i, CAP_EFFECTIVE, &on) && on == CAP_SET)
			set |= 1ULL << i;
	}
	cap_free(caps);
	*held = set;
	return 0;
}

static int set_held(uint64_t keep)
{
	cap_t caps = cap_init();
	int err = caps ? 0 : -errno;

	for (cap_value_t i = 0; !err && i < cap_max_bits() && i < BITS; i++) {
		if (!(keep >> i & 1))
			continue;
		if (cap_set_flag(caps, CAP_PERMITTED, 1, &i, CAP_SET) ||
		    cap_set_flag(caps, CAP_EFFECTIVE, 1, &i, CAP_SET))
			err = -errno;
	}
	if (!err && cap_set_proc(caps))
		err = -errno;
	cap_free(caps);
	return err;
}

/* The bounding set stays as portclash was started if it lacks CAP_SETPCAP. */
static int set_bounding(uint64_t keep, uint64_t held)
{
	if (!(held >> CAP_SETPCAP & 1))
		return 0;
	for (cap_value_t i = 0; i < cap_max_bits() && i < BITS; i++)
		if (!(keep >> i & 1) && cap_get_bound(i) == 1 && cap_drop_bound(i))
			return -errno;
	return 0;
}

int pc_privileges_drop(uint64_t keep)
{
	uint64_t held;
	int err = pc_privileges_read(&held);

	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	err = set_bounding(keep, held);
	return err ? err : set_held(keep & held);
}
