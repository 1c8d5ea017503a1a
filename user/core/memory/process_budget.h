/* SPDX-License-Identifier: GPL-2.0-only */
/* The budget of the table of processes: strangers choose how many processes are refused and how long
 * their command lines and paths are. */
#ifndef PORTCLASH_PROCESS_BUDGET_H
#define PORTCLASH_PROCESS_BUDGET_H

#include "core/base/model.h"

/* The bytes of all identities together. 8,000 processes with ordinary command lines have some 4 MiB. */
#define PC_PROCESSES_BYTES (8 * 1024 * 1024)

/* Writes the owner of an identity as text, by the system's words and not those of the process. Each
 * container and each unit of the system is an owner; all else goes by user, with its subordinate ids. */
#define PC_BUDGET_NAME 320
void pc_budget_name(const struct pc_identity *who, char name[PC_BUDGET_NAME]);

/* The bytes of the identity's strings. */
size_t pc_budget_bytes(const struct pc_identity *who);

#endif
