/* SPDX-License-Identifier: GPL-2.0-only */
/* The ledger: which process claimed a local port, how and when, by socket cookie. It must
 * not forget a socket that is still alive, however many others come and go; so nothing is
 * ever evicted. Instead it is swept: every socket that still holds a port is marked, and
 * what is neither marked nor newer than the sweep's start is dropped. */
#ifndef PORTCLASH_LEDGER_H
#define PORTCLASH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* New claims before a sweep is worth its cost. */
#define PC_LEDGER_SWEEP_MIN 24576

/* Entries at most, 58 MiB: more sockets alive at once are beyond this tool's
 * promise; further claims are refused and counted. */
#define PC_LEDGER_MAX 2000000

#define PC_ENTRY_MARKED 1
#define PC_ENTRY_OLDER 2  /* found open at the start: who has it, not who made it */
#define PC_ENTRY_WARNED 8 /* that it was given a protected port */
#define PC_ENTRY_LATE 4	  /* older, or claimed while portclash was starting */

/* A socket can give its port back and claim another one: bind() to port 0, listen(), shutdown(), listen(). */
struct pc_entry {
	uint64_t cookie;
	union {
		struct {
			uint64_t time_ns : 59; /* 18 years */
			uint64_t
				lost : 1; /* found open after claims were lost: who has it, not who made it */
			uint64_t how : 4; /* enum pc_how */
			uint64_t
				process : 22; /* index in pc_processes, below PC_PROCESSES_MAX; 0: not known */
			uint64_t tid : 22; /* PID_MAX_LIMIT is 1 << 22 */
			uint64_t
				port : 16; /* 0: not known; the kernel chose it after the claim was seen */
			uint64_t flags : 4; /* PC_ENTRY_* */
		};
		uint64_t words
			[2]; /* the compiler takes 29 instructions to fill the fields, and 12 for these */
	};
};
_Static_assert(sizeof(struct pc_entry) == 24, "pc_entry");

/* An entry of a claim. */
static inline struct pc_entry pc_entry_of(uint64_t cookie, uint64_t time_ns, uint32_t process,
					  uint32_t tid, uint8_t how, uint16_t port)
{
	return (struct pc_entry){
		.cookie = cookie,
		.words = { (time_ns & ((1ULL << 59) - 1)) | (uint64_t)how << 60,
			   (process & ((1U << 22) - 1)) | (uint64_t)(tid & ((1U << 22) - 1)) << 22 |
				   (uint64_t)port << 44 },
	};
}

struct pc_ledger;

struct pc_ledger *pc_ledger_new(void);
void pc_ledger_free(struct pc_ledger *ledger);

/* Adds or replaces the entry of this cookie. 0, -EINVAL for cookie 0, -ENOSPC at the limit,
 * -ENOMEM. */
int pc_ledger_put(struct pc_ledger *ledger, const struct pc_entry *entry);

/* The same, but if there is a newer entry of this cookie with another port, that one stays. */
int pc_ledger_put_newer(struct pc_ledger *ledger, const struct pc_entry *entry);

/* The same for many. Returns how many were refused. */
size_t pc_ledger_put_claims(struct pc_ledger *ledger, const struct pc_entry *entries, size_t count);

/* Notes the port of a claim that came without one. */
void pc_ledger_learn_port(struct pc_ledger *ledger, uint64_t cookie, uint16_t port);

/* Valid until the next put or sweep; NULL if there is none. */
const struct pc_entry *pc_ledger_find(const struct pc_ledger *ledger, uint64_t cookie);

size_t pc_ledger_count(const struct pc_ledger *ledger);
size_t pc_ledger_bytes(const struct pc_ledger *ledger);

/* Has it doubled since the last sweep, or reached its limit, and were there PC_LEDGER_SWEEP_MIN new
 * claims? A sweep looks at all that is alive: so at no more than one socket a claim, but for fewer. */
bool pc_ledger_wants_sweep(const struct pc_ledger *ledger);

void pc_ledger_mark(struct pc_ledger *ledger, uint64_t cookie);

/* Drops what is not marked and was claimed before `started_ns`; clears the marks; calls keep(context, entry) for those
 * that stay: of several in a row that have one process, for the first. Returns how many were dropped. */
size_t pc_ledger_sweep(struct pc_ledger *ledger, uint64_t started_ns,
		       void (*keep)(void *context, const struct pc_entry *entry), void *context);

/* A sweep could not see every socket: clears the marks and waits for as much growth again. */
void pc_ledger_sweep_failed(struct pc_ledger *ledger);

#endif
