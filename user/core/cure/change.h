/* SPDX-License-Identifier: GPL-2.0-only */
/* The effect that a change of the kernel's list of reserved ports had, or would have. */
#ifndef PORTCLASH_CURE_CHANGE_H
#define PORTCLASH_CURE_CHANGE_H

#include "core/base/ports.h"

/* Each set has PC_PORT_WORDS words. */
struct pc_keep_change {
	uint64_t before[PC_PORT_WORDS];	 /* reserved before */
	uint64_t after[PC_PORT_WORDS];	 /* and after it */
	uint64_t changed[PC_PORT_WORDS]; /* of the ports asked for: added, or removed */
	uint64_t others[PC_PORT_WORDS];	 /* of the ports asked for: reserved by somebody else */
	uint64_t shared[PC_PORT_WORDS];	 /* to be removed: stay for another keeper */
	unsigned forgotten; /* ports of the record that somebody else had removed from the list */
};

#endif
