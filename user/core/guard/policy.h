/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy that decides whose ports the guard keeps reserved: all, those of system units, or those of a list. Pure. */
#ifndef PORTCLASH_GUARD_POLICY_H
#define PORTCLASH_GUARD_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/model.h"

/* Words of a policy: a person writes them, and nobody writes more. */
#define PC_GUARD_WORDS_MAX 64

/* Room for the name of a listener's unit or container. */
#define PC_GUARD_NAME 96

enum pc_guard_word_kind {
	PC_GUARD_WORD_INVALID = 0,
	PC_GUARD_WORD_ALL,
	PC_GUARD_WORD_SYSTEM_UNITS,
	PC_GUARD_WORD_UNIT,	 /* unit:NAME, where * and ? stand for others, as in a shell */
	PC_GUARD_WORD_CONTAINER, /* container:ID, or the first 12 digits of it or more */
	PC_GUARD_WORD_UID,	 /* uid:NUMBER */
	PC_GUARD_WORD_COUNT,
};

struct pc_guard_word {
	enum pc_guard_word_kind kind;
	uint32_t uid;
	char name[PC_GUARD_NAME];
};

struct pc_guard_policy {
	struct pc_guard_word words[PC_GUARD_WORDS_MAX];
	unsigned count; /* 0: no listener's ports are guarded */
};

/* The process behind a listener, as far as it is known. */
struct pc_guard_who {
	uint32_t uid;
	bool system_unit; /* `name` is a unit of the system manager, which no user can make */
	bool is_container;
	char name[PC_GUARD_NAME]; /* of the unit or the container; "": none, or not known */
	char comm[PC_COMM_LEN];
};

/* Reads "system-units", "all", "off", or words with commas between them: "unit:nginx.service,uid:999".
 * 0, or -EINVAL with *bad at the word that is wrong; `out` is written on success only. */
int pc_guard_policy_parse(const char *text, struct pc_guard_policy *out, const char **bad);

/* Are the ports of this process' listeners guarded? */
bool pc_guard_policy_takes(const struct pc_guard_policy *policy, const struct pc_guard_who *who);

/* Fills `out` from what /proc says of the process. A unit that a user's own manager runs is no system
 * unit: the user may call it what he likes. */
void pc_guard_who_of(const struct pc_identity *identity, struct pc_guard_who *out);

#endif
