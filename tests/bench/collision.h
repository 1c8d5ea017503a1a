/* SPDX-License-Identifier: GPL-2.0-only */
/* A collision on purpose: one process gets a port, another one is refused it; and whether the
 * monitor has named them. */
#ifndef BENCH_COLLISION_H
#define BENCH_COLLISION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How the holder gets the port */
enum collision_kind {
	COLLISION_CLIENT, /* TCP connect() */
	COLLISION_LISTENER,
	COLLISION_BIND_ZERO,
	COLLISION_UDP_CLIENT,
	COLLISION_COUNT,
};

struct collision {
	enum collision_kind kind;
	uint16_t port;
	pid_t holder;
	pid_t requester;
	int named;	/* verdicts that name both, the cause and how the holder got the port */
	int incomplete; /* verdicts that do not, and say so */
	int wrong;	/* all others on it */
};

/* Stages one; `nth` numbers them all. 0, or a negative errno: there was no refusal. */
int collision_stage(struct collision *ret, unsigned nth);

/* Counts the verdicts in a file of JSON lines on `count` collisions. Returns how many more there are,
 * on what others do on this machine, or a negative errno if it cannot be read. */
int collision_judge(const char *path, struct collision *collisions, unsigned count);

#endif
