/* SPDX-License-Identifier: GPL-2.0-only */
/* Early warnings: comparing the fields that every warning has. */
#ifndef LIVE_JUDGE_WARNING_H
#define LIVE_JUDGE_WARNING_H

#include "judge/expect.h"
#include "stage/stage.h"

/* A port below the usual range, so that the kernel gives it to no other client of this machine. */
#define PORT 20001
#define RANGE "20001 20001"
#define LIST "20001"

/* Waits for the next warning about the process of this prop, which was given PORT. Compares the
 * fields that do not depend on the reason for the watch; returns the line, or NULL. */
json_t *warning_await(struct test *t, const struct prop *p, const char *how);

/* Expects `kill` of this process, and `reserve`, exactly. */
void warning_check_fixes(struct test *t, json_t *line, pid_t pid, const char *reserve);

#endif
