/* SPDX-License-Identifier: GPL-2.0-only */
/* Trying what a kernel offers, where its types do not tell. */
#ifndef PORTCLASH_PROBE_H
#define PORTCLASH_PROBE_H

#include "core/config/needs.h"

/* Tries a part of the kinds HELPER, MAP, PROGRAM and RUN. Not known: this process may load no program. */
enum pc_presence pc_probe(const struct pc_kernel_part *part);

#endif
