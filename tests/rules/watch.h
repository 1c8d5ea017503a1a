/* SPDX-License-Identifier: GPL-2.0-only */
/* The real BPF programs beside the questions: is each refusal recorded, and does the verdict
 * name the socket that was staged? */
#ifndef PORTCLASH_RULES_WATCH_H
#define PORTCLASH_RULES_WATCH_H

#include "bpf/monitor.h"
#include "core/base/model.h"
#include "socket.h"

struct watch {
	struct pc_monitor *monitor; /* NULL: nobody watches */
	uint32_t netns;		    /* only records of this one count */
	unsigned seen;		    /* since the last question */
	struct pc_verdict last;	    /* not decided yet */
};

/* 0, or a negative errno with the reason in `sentence` (PC_SENTENCE bytes). */
int watch_open(struct watch *w, const char *backend, char *sentence);
void watch_close(struct watch *w);

/* Reads what has come in since the last time: the refusals are in `seen` and `last`. */
void watch_read(struct watch *w);

/* Empties the ring of claims, which nobody needs. */
void watch_drop_claims(struct watch *w);

/* Refusals that the programs could not send. */
uint64_t watch_lost(struct watch *w);

/* Is the last record the refusal of `asking`, and is `holding` alone named for it, of as many
 * sockets as are on the port? NULL, or what is wrong. */
const char *watch_check(const struct watch *w, const struct pc_request *asking,
			const struct pc_socket *holding, unsigned on_port);

#endif
