/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's lockdown, as securityfs shows it. */
#ifndef PORTCLASH_LOCKDOWN_H
#define PORTCLASH_LOCKDOWN_H

#include "core/config/support.h"

/* Counts as none where securityfs is not mounted. */
enum pc_lockdown pc_lockdown_read(void);

#endif
