/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of causes: a row holds all that is particular to one cause. */
#ifndef PORTCLASH_CAUSES_H
#define PORTCLASH_CAUSES_H

#include "core/base/model.h"

/* The kind says what stands in the way of the refused socket. The kinds are in rising order of how
 * long it stays there, and decide.c picks the holder whose kind comes last. */
enum pc_cause_kind {
	PC_KIND_NO_HOLDER = 1, /* no socket: the kernel has another reason to refuse */
	PC_KIND_ENDED,	       /* a connection in TIME_WAIT, which ends within a minute */
	PC_KIND_UNKNOWN,
	PC_KIND_ENDING, /* a connection whose listener is gone */
	PC_KIND_CLIENT, /* the socket of a client */
	PC_KIND_BOUND,	/* a socket that is bound and not used */
	PC_KIND_STUCK,	/* a client that is connected to itself, and so serves the port */
	PC_KIND_SERVER, /* a server, of a process or of the kernel */
};

struct pc_advice; /* core/verdict/advice_builder.h */

struct pc_cause_row {
	const char *name; /* in the output, and of the section in docs/causes.md */
	enum pc_cause_kind kind;
	struct { /* the usual refusal: its metric exists before anything happens */
		enum pc_op op;
		int error;
		uint8_t proto; /* 0: TCP */
	} usual;
	void (*explain)(struct pc_advice *a); /* writes one sentence without its full stop */
	void (*fix)(struct pc_advice *a);     /* adds what helps in this very case */
};

#define PC_CAUSE_DECLARE(value, row) extern const struct pc_cause_row pc_cause_##row;
PC_CAUSES(PC_CAUSE_DECLARE)
#undef PC_CAUSE_DECLARE

/* Never NULL: a value that is no cause has the row of "unknown". */
const struct pc_cause_row *pc_cause_row(enum pc_cause cause);

/* Static; "invalid" for PC_CAUSE_INVALID, "unknown" for a value out of range. */
const char *pc_cause_name(enum pc_cause cause);

#endif
