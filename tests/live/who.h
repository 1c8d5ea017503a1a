/* SPDX-License-Identifier: GPL-2.0-only */
/* Running `portclash who` and comparing what it says with the truth. */
#ifndef LIVE_WHO_H
#define LIVE_WHO_H

#include "audit.h"
#include "stage.h"

/* Asks about this port, in the scenario's network namespace; `proto` is "tcp" or "udp". The one
 * line about it; the exit status must be this. */
struct spot who_ask(struct test *t, uint16_t port, const char *proto, int status);

/* The holder at this place of the line: its socket, state and the process that has it open (NULL:
 * none). Returns it, for more. */
struct spot who_holder(const struct spot *line, unsigned index, const struct prop *socket,
		       const char *state, const struct puppet *by);

/* Binds the port in every way that the line speaks of, as root, and compares. */
void who_judge(const struct spot *line, uint16_t port, unsigned options);

/* The answer for this address and option. */
struct spot who_answer(const struct spot *line, const char *address, const char *option);

#endif
