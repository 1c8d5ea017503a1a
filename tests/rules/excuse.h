/* SPDX-License-Identifier: GPL-2.0-only */
/* Cases in which kernels differ from each other, and so some from the rule: docs/kernels.md. Each is
 * excused only where a probe has shown that this kernel is one of them, only in the
 * combinations it is about, and is counted. */
#ifndef PORTCLASH_RULES_EXCUSE_H
#define PORTCLASH_RULES_EXCUSE_H

#include "core/rule/conflict.h"
#include "socket.h"

enum excuse {
	EXCUSE_NONE = 0,
	EXCUSE_QUIRK_ADDRESS,
	EXCUSE_MAPPED_ANY,
	EXCUSE_COUNT,
};

const char *excuse_name(enum excuse excuse);

/* Asks this kernel which of them it has. 0 or a negative errno. */
int excuse_probe(struct space *space, bool has[EXCUSE_COUNT]);

/* Finds the excuse that lets `asking` through, though the rule says that `holding`, in the rule's
 * terms `held`, is in conflict. */
enum excuse excuse_find(const bool has[EXCUSE_COUNT], const struct side *asking,
			const struct side *holding, const struct pc_side *held);

#endif
