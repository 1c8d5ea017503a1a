/* SPDX-License-Identifier: GPL-2.0-only */
/* Running `portclash free` on a staged theft and comparing what it says with what the kernel says. */
#ifndef LIVE_JUDGE_FREE_H
#define LIVE_JUDGE_FREE_H

#include "judge/audit.h"
#include "stage/robbery.h"

/* One run of it. */
struct freed {
	struct audit audit;
	struct spot plan; /* its first line; of a run that finds nothing: no line */
	struct spot line; /* its last line */
};

/* Runs `portclash free PORT --yes --json` with these further arguments (NULL: none), in the scenario's
 * network namespace; the exit status must be this. */
struct freed free_run(struct test *t, const char *port, const char *const *more, int status);

/* The same, for the port of the robbery, in its network namespace. */
struct freed free_robbed(struct robbery *r, const char *const *more, int status);

/* Checks that the plan has exactly this socket: its kind, its state, its process (NULL: none). */
void free_expect_socket(const struct freed *f, const struct robbery *r, const char *kind,
			const char *state, const struct puppet *by);

/* Checks that the last line says this result and so many sockets ended. */
void free_expect_result(const struct freed *f, const char *result, int ended);

/* Frees the port of the robbery, and checks all that must be true after it: plan and result, the server's first
 * bind() and listen() succeed, all other sockets of the client are as they were. */
void free_check(struct robbery *r, const char *const *more, const char *state, bool open);

/* Is the port in the kernel's list of reserved ports? The second waits for its leaving. */
void free_expect_reserved(struct test *t, uint16_t port, bool reserved);
void free_await_given_up(struct test *t, uint16_t port);

#endif
