/* SPDX-License-Identifier: GPL-2.0-only */
/* Running `portclash who` and comparing its answer with the truth. */
#ifndef LIVE_JUDGE_WHO_H
#define LIVE_JUDGE_WHO_H

#include "judge/audit.h"
#include "stage/stage.h"

/* Asks about this port in the scenario's network namespace; `proto` is "tcp" or "udp". Returns the
 * one line about the port; the exit status must be this. */
struct spot who_ask(struct test *t, uint16_t port, const char *proto, int status);

/* Compares the holder at this place of the line: its socket, its state and the process that has it
 * open (NULL: none). Returns the holder for further comparisons. */
struct spot who_holder(const struct spot *line, unsigned index, const struct prop *socket,
		       const char *state, const struct puppet *by);

/* Binds the port in every way that the line speaks of, as root, and compares. */
void who_judge(const struct spot *line, uint16_t port, unsigned options);

/* Returns the answer for this address and option. */
struct spot who_answer(const struct spot *line, const char *address, const char *option);

#endif
