/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of a history for people; what other processes chose is escaped for a terminal. */
#ifndef PORTCLASH_OUT_HISTORY_PARTS_H
#define PORTCLASH_OUT_HISTORY_PARTS_H

#include <stdio.h>

#include "out/history.h"

/* "2026-11-30 00:54:33 CET", local; without `date` the time of day alone. */
void pc_put_instant(FILE *out, uint64_t ns, bool date);

/* "2026-11-30 00:54:33 to 01:10:02 CET": the second date only where it differs. */
void pc_put_span(FILE *out, uint64_t first_ns, uint64_t last_ns);

void pc_put_slice(FILE *out, const struct pc_slice *slice);

/* "orders[4312] orders.service, user 1000: /usr/bin/orders --port 80"; without the process id where there
 * were several. */
void pc_put_logged_process(FILE *out, const struct pc_logged_process *p, bool several);

/* "tcp port 8000 on web1 in network namespace 4026532177", "unix @name", "several tcp ports". */
void pc_put_group_port(FILE *out, const struct pc_history_group *g, bool netns);

/* "curl[4120] …", "no process (TIME_WAIT)", "nobody is named". */
void pc_put_group_thief(FILE *out, const struct pc_history_group *g);

/* "1 refusal", "12 refusals". */
void pc_put_amount(FILE *out, uint64_t count, const char *noun);

#endif
