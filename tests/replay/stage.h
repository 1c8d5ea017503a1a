/* SPDX-License-Identifier: GPL-2.0-only */
/* A staged collision while the real monitor watches: what goes into the join is recorded, what is true
 * goes to the expectation beside the recording. */
#ifndef PORTCLASH_TESTS_STAGE_H
#define PORTCLASH_TESTS_STAGE_H

#include <stdio.h>

#include "actor.h"
#include "bpf/monitor.h"
#include "core/recording/recording.h"

#define PEER_PORT 9000

struct stage {
	uint32_t netns;
	FILE *stream;
	FILE *expect;
	struct pc_monitor *monitor;
	struct pc_join *join;
	struct pc_recorder *recorder;
	unsigned refusals; /* of this namespace, at the last look */
	unsigned verdicts;
	unsigned outcomes;
	struct actor peer; /* listens on PEER_PORT */
	struct actor thief;
	struct actor holder;
	struct actor server; /* is refused */
	int listener;	     /* peer's */
	uint16_t next_port;
	struct reply kept; /* what a scene leaves from before to after the start of watching */
};

struct scene {
	const char *name;
	void (*before)(struct stage *s); /* portclash starts; NULL: nothing */
	void (*play)(struct stage *s);
};

extern const struct scene scenes[]; /* name NULL: the end */

/* Has the server bind; it must be refused with `error`. The join makes one verdict of it. */
void stage_refuse(struct stage *s, uint8_t proto, const char *address, uint16_t port, int error);

/* Has the server killed, and the join tell what became of it. */
void stage_end_server(struct stage *s);

/* The truth about the last refusal. `who` NULL: nobody. */
void stage_expect(struct stage *s, uint16_t port, const char *cause, const struct actor *who,
		  const char *how, unsigned blocking);

/* An order that must not fail. */
struct reply stage_do(struct actor *a, struct order order);

_Noreturn void stage_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
