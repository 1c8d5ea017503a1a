/* SPDX-License-Identifier: GPL-2.0-only */
/* The truths that many scenarios have in common: one that differs in a field sets it. */
#ifndef LIVE_JUDGE_TRUTH_H
#define LIVE_JUDGE_TRUTH_H

#include "judge/verdict.h"

/* The process that claimed the port has the socket open, alone. */
struct true_holder truth_holder(const struct prop *p, const char *state, const char *how);

/* The same holder is the only one, and the process to be stopped. */
struct truth truth_held(const struct attempt *a, const char *cause, unsigned fixes,
			const struct prop *p, const char *state, const char *how);

/* A listener of TCP. */
struct truth truth_listener(const struct attempt *a, const struct prop *listener);

/* A connection that the kernel gave its port in connect(), and its peer. */
struct truth truth_client(const struct attempt *a, const struct prop *out,
			  const struct puppet *peer);

/* An orphan: a connection whose process has exited, and that the kernel is still ending. */
struct truth truth_orphan(const struct attempt *a, const struct prop *out, const char *state,
			  const struct puppet *peer);

/* A port that the kernel gave in another way, to a socket that is not connected. */
struct truth truth_ephemeral_bind(const struct attempt *a, const struct prop *p, const char *how);

/* The socket lives on in another process, alone: the one that claimed the port has closed it, or,
 * with truth_inherited(), has exited. */
void truth_passed(struct truth *truth, const struct puppet *heir, int fd);
void truth_inherited(struct truth *truth, const struct puppet *heir, int fd);

/* Calls verdict_check() with exactly this truth. */
json_t *truth_check_listener(struct test *t, const struct attempt *a, const struct prop *listener);
json_t *truth_check_client(struct test *t, const struct attempt *a, const struct prop *out,
			   const struct puppet *peer);

#endif
