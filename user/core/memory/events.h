/* SPDX-License-Identifier: GPL-2.0-only */
/* The last claims and ends of processes. A refusal is looked into a moment after it happened, and what
 * its process did in that moment has been read by then. Pure. */
#ifndef PORTCLASH_EVENTS_H
#define PORTCLASH_EVENTS_H

#include "core/base/model.h"

/* Twenty milliseconds of all that two processors can connect; 146 KiB. */
#define PC_EVENTS_MAX 2048

struct pc_event {
	uint64_t time_ns; /* boot clock */
	struct pc_process_key process;
	uint64_t cookie; /* 0: the process has ended */
	uint32_t netns;
	uint32_t tid;
	int status;    /* of an end, as wait() has it */
	uint16_t port; /* 0: not known yet */
	uint8_t how;   /* enum pc_how */
	uint8_t proto;
	uint8_t family;
	bool address_known;
	uint8_t address[PC_ADDR_LEN]; /* local, of a claim by bind() */
};

/* An event as it is kept, without its address. A claim in the kernel side's log is laid out in the same way
 * (join/claims.c), so that many are taken by one copy. */
struct pc_kept_event {
	uint64_t time_ns;
	uint64_t cookie;
	struct pc_process_key process;
	uint32_t tid;
	uint32_t netns;
	int32_t status; /* only of an end */
	uint16_t port;
	uint8_t how;
	uint8_t proto;
	uint8_t family;
	uint8_t unused[7];
};

/* Events that gave way are noted by process and by port, so that a flood of one user's claims makes nobody else's
 * refusal unsure. Processes share 4,096 places. Each port has one of its own, or a user could choose the ports that
 * share another's place; it knows a time to 67 ms. 288 KiB. */
#define PC_EVENTS_PROCESSES 4096
#define PC_EVENTS_PORT_TIME(ns) ((uint32_t)((ns) >> 26))

/* Events in a block, for which one time is kept. */
#define PC_EVENTS_BLOCK 64

struct pc_events {
	struct pc_kept_event ring[PC_EVENTS_MAX];
	bool address_known[PC_EVENTS_MAX];
	uint8_t addresses[PC_EVENTS_MAX][PC_ADDR_LEN];
	/* No event until the end of each block is later: a claim of the log (bpf/claim_log.bpf.h) comes after later ones. */
	uint64_t latest_ns[PC_EVENTS_MAX / PC_EVENTS_BLOCK];
	uint64_t latest_of_all_ns;
	uint64_t count;	       /* of all there ever were */
	struct pc_event given; /* by pc_events_address() */
	uint64_t lost_of_process_ns
		[PC_EVENTS_PROCESSES]; /* the time of the last one that gave way */
	uint32_t lost_of_port[65536];  /* PC_EVENTS_PORT_TIME() and 1 more; 0: none did */
};

void pc_events_add(struct pc_events *events, const struct pc_event *e);

/* Adds `count` claims, each laid out like a struct pc_kept_event. */
void pc_events_add_claims(struct pc_events *events, const void *claims, size_t count);

void pc_event_of_kept(const struct pc_kept_event *kept, struct pc_event *out);

/* The claim whose local address has come behind it, valid until the next call; NULL: it is not there any more. */
const struct pc_event *pc_events_address(struct pc_events *events, const struct pc_endpoints *ends);

/* Has an event after this time given way that may be of this process, or of another one on this port? */
bool pc_events_lost(const struct pc_events *events, const struct pc_process_key *process,
		    uint16_t port, uint64_t time_ns);

/* Calls take() for each event after this time that is kept, oldest first. */
void pc_events_since(const struct pc_events *events, uint64_t time_ns,
		     void (*take)(void *context, const struct pc_event *e), void *context);

#endif
