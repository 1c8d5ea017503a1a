/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of the flight recorder: a head, two copies of its state that are written by turns, and slots. Byte order
 * is the machine's; a file of another order is a foreign one. */
#ifndef PORTCLASH_FLIGHT_FORMAT_H
#define PORTCLASH_FLIGHT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/names.h"
#include "portclash/values.h"

#define PC_FLIGHT_MAGIC "PCFLIGHT"

/* Raised whenever a layout below changes. */
#define PC_FLIGHT_VERSION 2

#define PC_FLIGHT_SLOT 256
#define PC_FLIGHT_UNIT 56
#define PC_FLIGHT_CONTAINER 32
#define PC_FLIGHT_EXE 44

/* The user id of a process that is not known. */
#define PC_FLIGHT_NOBODY UINT32_MAX

/* A claim. Texts are hostile, and end in a NUL; the empty text: not known. A text that was too long has a "…" where it
 * was cut. */
struct pc_flight_slot {
	uint64_t sequence; /* from 1 on; 0: empty, or half written */
	uint64_t time_ns;  /* wall clock, as the next */
	uint64_t end_ns;   /* 0: no end was seen */
	uint64_t cookie;
	uint64_t start_ns; /* boot clock: when the process started */
	uint32_t pid;
	uint32_t uid; /* PC_FLIGHT_NOBODY: not known */
	uint32_t netns;
	uint32_t container_hash; /* of its whole text; 0: none */
	uint16_t port;
	uint16_t remote_port;
	uint8_t proto;
	uint8_t family;
	uint8_t how;	   /* enum pc_how */
	uint8_t end_state; /* enum pc_state before the end */
	uint8_t ends_known;
	uint8_t listens; /* its end will be reported */
	uint8_t pad[2];
	uint8_t local[PC_ADDR_LEN];
	uint8_t remote[PC_ADDR_LEN];
	char comm[PC_COMM_LEN];
	char unit[PC_FLIGHT_UNIT];
	char container[PC_FLIGHT_CONTAINER]; /* name or id */
	char exe[PC_FLIGHT_EXE];	     /* the end of it, where it is longer */
	uint64_t check;			     /* of all above */
};
_Static_assert(sizeof(struct pc_flight_slot) == PC_FLIGHT_SLOT, "pc_flight_slot");

struct pc_flight_head {
	char magic[8];
	uint32_t version;
	uint32_t slot_size;
	uint64_t slots;
	uint64_t created_ns;
	uint64_t check;
};

/* An agent's life, as far as it noted it. */
#define PC_FLIGHT_RUNS 8

struct pc_flight_run {
	uint64_t first_ns;
	uint64_t last_ns; /* its last sign of life */
	uint64_t closed;  /* it ended by itself */
};

/* Users whose overwritten claims are counted apart, those with most. */
#define PC_FLIGHT_LOSERS 4

struct pc_flight_loser {
	uint64_t uid; /* the first one of its block; see core/base/subuid.h */
	uint64_t overwritten;
};

struct pc_flight_state {
	uint64_t sequence; /* of the state, from 1 on */
	uint64_t keep_ns;
	uint64_t claims;      /* recorded ever */
	uint64_t overwritten; /* for want of room */
	uint64_t expired;     /* older than keep_ns */
	uint64_t damaged;     /* slots that an agent found half written or damaged, and emptied */
	uint64_t portless;    /* claims whose port was not known */
	uint64_t lost;	      /* records that the kernel side lost */
	uint64_t lost_ns;     /* when one that may have been the end of a socket was noted last */
	uint64_t
		gone_ns; /* time of the newest claim that was overwritten, has expired, or may have been damaged */
	struct pc_flight_run runs[PC_FLIGHT_RUNS]; /* the newest last */
	uint64_t runs_count;
	struct pc_flight_loser losers[PC_FLIGHT_LOSERS];
	uint64_t check;
};

/* The state is written so often, not at each claim: a disk has to take it. */
#define PC_FLIGHT_ALIVE_NS 1000000000ULL

/* Offsets in the file. The slots begin on a page of their own. */
#define PC_FLIGHT_STATE_AT 1024
#define PC_FLIGHT_STATE_STEP 1024
#define PC_FLIGHT_SLOTS_AT 4096
_Static_assert(sizeof(struct pc_flight_state) <= PC_FLIGHT_STATE_STEP, "pc_flight_state");

/* Slots that fit into a file of this size. */
uint64_t pc_flight_slots(uint64_t size);

/* The check of so many bytes, a multiple of 8. */
uint64_t pc_flight_sum(const void *data, size_t size);

enum pc_flight_kind {
	PC_FLIGHT_FOREIGN = 0, /* no file of ours */
	PC_FLIGHT_EMPTY, /* nothing but zeros before the slots: only if pc_flight_zero() is true of all of it */
	PC_FLIGHT_OURS,
	PC_FLIGHT_NEWER,   /* of a later version */
	PC_FLIGHT_OLDER,   /* of an earlier version */
	PC_FLIGHT_DAMAGED, /* ours once */
};

/* Looks at the first bytes of a file of `size` bytes. At least PC_FLIGHT_SLOTS_AT of them are there, unless
 * the file is shorter. */
enum pc_flight_kind pc_flight_look(const void *data, uint64_t size);

bool pc_flight_zero(const void *data, size_t size);

/* The newest whole state; NULL: there is none. */
const struct pc_flight_state *pc_flight_newest(const void *data);

enum pc_flight_fill {
	PC_FLIGHT_FREE = 0,
	PC_FLIGHT_WHOLE,
	PC_FLIGHT_TORN, /* half written, or damaged */
};

enum pc_flight_fill pc_flight_fill(const struct pc_flight_slot *slot);

/* From then on no claim was overwritten or has expired (wall clock). */
uint64_t pc_flight_since(const struct pc_flight_state *s);

#endif
