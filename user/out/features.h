/* SPDX-License-Identifier: GPL-2.0-only */
/* What `portclash features` prints. */
#ifndef PORTCLASH_FEATURES_H
#define PORTCLASH_FEATURES_H

#include <stdint.h>

#include "core/support.h"
#include "out/log.h"

#define PC_FEATURES_MAX 8

/* One back end, as it was really tried. */
struct pc_feature {
	const char *name;
	bool available;
	bool exact;	    /* takes the blocking socket from the kernel's own check */
	char sentence[768]; /* available: what it cannot see, "" for nothing; else why not */
};

struct pc_features {
	struct pc_support support;
	struct pc_feature backends[PC_FEATURES_MAX]; /* best first */
	unsigned count;
	uint64_t capabilities; /* that this process has, a bit each (core/capabilities.h) */
};

/* Each returns 0 or the negative errno of the write. */
int pc_features_text(struct pc_log *log, const struct pc_features *f);
int pc_features_json(struct pc_log *log, const struct pc_features *f);

#endif
