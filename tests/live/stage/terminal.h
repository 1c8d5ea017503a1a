/* SPDX-License-Identifier: GPL-2.0-only */
/* Terminals: one that answers portclash's questions, one that a puppet leads a session on. */
#ifndef LIVE_STAGE_TERMINAL_H
#define LIVE_STAGE_TERMINAL_H

#include "stage/puppet.h"

/* Makes a terminal the scenario's standard input, which what it starts inherits. Returns the end to type at;
 * skips the scenario where there are no terminals. */
int terminal_open(struct test *t);

void terminal_type(struct test *t, int terminal, const char *text);

/* Has the puppet lead a session on a terminal of its own, as a login shell does. */
void terminal_lead(struct puppet *p);

#endif
