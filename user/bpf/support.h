/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking this kernel what it offers. */
#ifndef PORTCLASH_BPF_SUPPORT_H
#define PORTCLASH_BPF_SUPPORT_H

#include "core/support.h"

/* What cannot be asked counts as not there; lockdown, where securityfs is not mounted, as none. */
void pc_support_probe(struct pc_support *out);

#endif
