/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's status in one line, for `systemctl status`. */
#ifndef PORTCLASH_STATUS_H
#define PORTCLASH_STATUS_H

#include "core/base/model.h"

#define PC_STATUS_MAX 256

/* "tracepoint: 12 refusals, 3 collisions by ephemeral clients, 45210 claims; 0 lost". */
void pc_status_text(const char *backend, const struct pc_counters *counters,
		    char text[PC_STATUS_MAX]);

#endif
