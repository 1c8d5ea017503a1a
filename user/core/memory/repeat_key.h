/* SPDX-License-Identifier: GPL-2.0-only */
/* The key by which two verdicts are the same collision. Pure. */
#ifndef PORTCLASH_REPEAT_KEY_H
#define PORTCLASH_REPEAT_KEY_H

#include "core/base/model.h"

/* Bytes; all zero is an empty key. The memory can be used for one key after the other. */
struct pc_repeat_key {
	unsigned char *bytes; /* malloc'd */
	size_t len;
	size_t room;
	bool failed;
};

/* Bytes that are equal for the same collision and for no other: who asked (the program where it
 * runs, not the process), for what, with which options and settings, what stood in the way, and
 * by whom it is held (the socket and the process). 0, or -ENOMEM. */
int pc_repeat_key(const struct pc_verdict *v, struct pc_repeat_key *key);

#endif
