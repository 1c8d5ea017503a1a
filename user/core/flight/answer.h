/* SPDX-License-Identifier: GPL-2.0-only */
/* Ask a flight recorder who had a port at some time. The file can be anybody's: every part is checked. */
#ifndef PORTCLASH_FLIGHT_ANSWER_H
#define PORTCLASH_FLIGHT_ANSWER_H

#include "core/flight/format.h"

/* Claims that are named; further ones are counted. */
#define PC_FLIGHT_ANSWERS 32

/* A TIME_WAIT keeps its port for so long (TCP_TIMEWAIT_LEN). */
#define PC_FLIGHT_LINGER_NS 60000000000ULL

struct pc_flight_question {
	const uint64_t *ports; /* PC_PORT_WORDS words */
	uint64_t netns;	       /* 0: any */
	uint64_t from_ns;      /* wall clock; both ends belong to it */
	uint64_t to_ns;
};

/* Does the recorder know of the time that was asked for? */
enum pc_flight_reach {
	PC_FLIGHT_REACHED = 0,
	PC_FLIGHT_TOO_EARLY, /* claims of then were overwritten, or are older than the recorder keeps */
	PC_FLIGHT_NOT_WATCHED, /* no agent ran */
	PC_FLIGHT_TOO_LATE,    /* after the last sign of life */
};

/* Had the socket of a claim the port at the time that was asked for? */
enum pc_flight_hold {
	PC_FLIGHT_OVER = 0, /* no: it was closed before */
	PC_FLIGHT_PERHAPS, /* nothing tells when it was closed, or a TIME_WAIT may have kept the port */
	PC_FLIGHT_HELD,
};

struct pc_flight_answer {
	/* Claims that had the port first, then claims that may have had it; of each the newest first. */
	const struct pc_flight_slot *held[PC_FLIGHT_ANSWERS];
	unsigned count;
	uint64_t more;	  /* further ones that are not named */
	uint64_t certain; /* of all these, those that had the port */
	const struct pc_flight_slot
		*before; /* the last one on these ports that had ended by then; NULL: none */
	const struct pc_flight_slot *listener; /* the same of listeners */
	const struct pc_flight_slot *after;    /* the first one after it */
	uint64_t whole;			       /* claims in the file */
	uint64_t torn;			       /* slots that were half written, or are damaged */
	uint64_t since_ns; /* from then on no claim was overwritten or has expired */
	enum pc_flight_reach reach;
	const struct pc_flight_state *state;
};

/* The sentence about a file that is no recorder, or no whole one, for a message that begins with its name; NULL: it is
 * one. */
const char *pc_flight_wrong(const void *data, uint64_t size);

/* Answers from the file's bytes, 8-aligned, of which pc_flight_wrong() found nothing wrong. The answer points into
 * them. */
void pc_flight_ask(const void *data, uint64_t size, const struct pc_flight_question *q,
		   struct pc_flight_answer *out);

/* Is the claim, which was made by then, one of a socket that had the port? */
enum pc_flight_hold pc_flight_hold(const struct pc_flight_state *st,
				   const struct pc_flight_question *q,
				   const struct pc_flight_slot *s);

/* The time until which the kernel side would have reported the end of the claim's socket; 0: it reports no end of such
 * a socket, or the claim's run is not known any more. */
uint64_t pc_flight_watched_until(const struct pc_flight_state *st, const struct pc_flight_slot *s);

/* Was it a listener when it was closed? Connections that it had accepted keep its port, and make no claim. */
bool pc_flight_listened(const struct pc_flight_slot *s);

/* Did the socket leave a TIME_WAIT behind when it was closed? Then the port can have been taken for a minute more. */
bool pc_flight_lingered(const struct pc_flight_slot *s);

#endif
