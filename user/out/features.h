/* SPDX-License-Identifier: GPL-2.0-only */
/* The output of `portclash features`. */
#ifndef PORTCLASH_FEATURES_H
#define PORTCLASH_FEATURES_H

#include "core/config/features.h"
#include "out/log.h"

/* Each returns 0 or the negative errno of the write. */
int pc_features_text(struct pc_log *log, const struct pc_features *f);
int pc_features_json(struct pc_log *log, const struct pc_features *f);

#endif
