/* SPDX-License-Identifier: GPL-2.0-only */
/* Early warnings: what every one of them has. */
#ifndef LIVE_WARNING_H
#define LIVE_WARNING_H

#include "expect.h"
#include "stage.h"

/* Below the usual range, so that no other client of this machine is given it meanwhile. */
#define PORT 20001
#define RANGE "20001 20001"
#define LIST "20001"

/* Waits for the next warning about the process of this prop, which was given PORT, and compares what
 * does not depend on why it is watched; the line, or NULL. */
json_t *warning_await(struct test *t, const struct prop *p, const char *how);

/* `kill` of this process, and `reserve`, exactly. */
void warning_check_fixes(struct test *t, json_t *line, pid_t pid, const char *reserve);

#endif
