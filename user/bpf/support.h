/* SPDX-License-Identifier: GPL-2.0-only */
/* This function asks the running kernel what it offers. */
#ifndef PORTCLASH_BPF_SUPPORT_H
#define PORTCLASH_BPF_SUPPORT_H

#include "core/config/support.h"

struct pc_kernel;

/* Fills in what the kernel offers. What cannot be asked counts as missing. */
void pc_support_probe(const struct pc_kernel *k, struct pc_support *out);

#endif
