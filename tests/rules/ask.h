/* SPDX-License-Identifier: GPL-2.0-only */
/* One holder and one that asks for its port: what the kernel says, what the rule says, and
 * what was recorded; asked again where they differ. */
#ifndef PORTCLASH_RULES_ASK_H
#define PORTCLASH_RULES_ASK_H

#include "excuse.h"
#include "watch.h"

#define DISAGREEMENT_TEXT 800

struct tally {
	unsigned long combinations;
	unsigned long refused;
	unsigned long named;
	unsigned long disagreements;
	unsigned long repeated; /* asked again: something else was on the port for an instant */
	unsigned long excused[EXCUSE_COUNT];
};

struct asker {
	struct space space;
	struct watch watch;
	bool has[EXCUSE_COUNT];
	struct tally tally;
	const struct side *bystander; /* also on the port, in the way of neither; NULL: none */
	void (*disagreement)(const char *text);
};

void tally_add(struct tally *sum, const struct tally *t);

/* Has `binder` ask for the port of `holder` with bind(), then listen() on all that both can
 * listen on. `binder->fd` is -1 or what an earlier refusal has left, and so is it after.
 * `holder` is as it was, or staged anew. 0 or a negative errno: nothing can be staged. */
int ask(struct asker *a, struct holder *holder, struct holder *binder);

/* Stages one holder and asks once, with a binder that nothing was done with before. Errors as
 * above. */
int ask_pair(struct asker *a, const struct side *asking, const struct side *holding);

#endif
