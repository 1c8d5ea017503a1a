/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of processes that claims and refusals refer to, kept after they have exited for
 * as long as a claim of theirs is in the ledger. */
#ifndef PORTCLASH_PROCESSES_H
#define PORTCLASH_PROCESSES_H

#include "core/base/model.h"

/* New processes before a sweep is worth its cost: their number, too, must have an end when they
 * claim nothing, as a server that is refused its port and started again for ever. */
#define PC_PROCESSES_SWEEP_MIN 4096

/* The ledger has 22 bits for an index: two processes for each of its claims. */
#define PC_PROCESSES_MAX (1 << 22)

struct pc_processes;

/* With fewer than `max` processes, which is PC_PROCESSES_MAX or less. */
struct pc_processes *pc_processes_new(uint32_t max);
void pc_processes_free(struct pc_processes *table);

/* Takes over the strings of `identity` (also on failure, when they are freed). An entry that
 * exists is replaced in place; its index stays. Returns the index (1 or more), or -ENOMEM: no memory, or
 * too many processes. */
long pc_processes_put(struct pc_processes *table, struct pc_identity *identity);

/* The index of the process with this key, or 0. */
uint32_t pc_processes_find(struct pc_processes *table, const struct pc_process_key *key);

/* Valid until it is dropped by pc_processes_sweep; NULL for index 0. */
const struct pc_identity *pc_processes_get(const struct pc_processes *table, uint32_t index);

/* Gives the identity to its keeper, core/join/identify.c, which changes `running`, `asked_pass`,
 * `completed_ns`, `folder_asked`, `ended_ns` and `status`. */
struct pc_identity *pc_processes_edit(struct pc_processes *table, uint32_t index);

/* Counts the bytes of the identity anew, after its keeper has changed its strings. */
void pc_processes_measure(struct pc_processes *table, uint32_t index);

/* Keeps the strings of all identities together below PC_PROCESSES_BYTES. If they have more, the one to
 * whom most of them belong loses the strings of the oldest processes: paths, command line, and names by
 * the cgroup; key, comm and uid stay. The host completes what still runs. Call it between two rounds:
 * nothing may point to the strings. */
void pc_processes_shed(struct pc_processes *table);

/* Identities that lost their strings so far. */
uint64_t pc_processes_shed_count(const struct pc_processes *table);

size_t pc_processes_count(const struct pc_processes *table);

void pc_processes_mark(struct pc_processes *table, uint32_t index);

/* Has it grown by half since the last sweep, and by PC_PROCESSES_SWEEP_MIN? */
bool pc_processes_wants_sweep(const struct pc_processes *table);

/* Note that a sweep failed, because it could not see every socket: wait for as much growth again. */
void pc_processes_sweep_failed(struct pc_processes *table);

/* Two sweeps drop a process nobody refers to: the first calls retire(), by which the kernel
 * side is told to describe it again should it make another claim; the second frees it. */
void pc_processes_sweep(struct pc_processes *table,
			void (*retire)(void *context, const struct pc_process_key *key),
			void *context);

#endif
