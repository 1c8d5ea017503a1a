/* SPDX-License-Identifier: GPL-2.0-only */
/* The fields of portclash's own in the journal: one table, from which entries are written and with
 * which docs/journal.md is compared. */
#ifndef PORTCLASH_JOURNAL_FIELDS_H
#define PORTCLASH_JOURNAL_FIELDS_H

#include <stdio.h>

#include "out/sink.h"

/* clang-format makes a ladder of these. */
/* clang-format off */

/* A process in its part, in the order of enum pc_party_field. */
#define PC_JOURNAL_PARTY(X, part) \
	X(part##_PID) X(part##_COMM) X(part##_EXE) X(part##_CMDLINE) X(part##_UID) \
	X(part##_CGROUP) X(part##_UNIT) X(part##_CONTAINER) X(part##_POD) X(part##_CONTAINER_NAME) \
	X(part##_POD_NAME) X(part##_POD_NAMESPACE) X(part##_RUNNING)

#define PC_JOURNAL_FIELDS(X) \
	X(TYPE) X(ID) X(TIME) X(CAUSE) X(ERRNO) X(PROTO) X(OP) X(HOW) X(ADDRESS) X(PORT) \
	X(NETNS) X(EXPLANATION) X(FIX_NOW) X(FIX_LASTING) X(INCOMPLETE) \
	X(RANGE_LOW) X(RANGE_HIGH) X(RESERVED) \
	PC_JOURNAL_PARTY(X, REQUESTER) \
	PC_JOURNAL_PARTY(X, HOLDER) \
	X(HOLDER_NOTE) X(HOLDER_STATE) X(HOLDER_HOW) X(HOLDER_SINCE) X(HOLDER_LOCAL) \
	X(HOLDER_REMOTE) X(HOLDER_COOKIE) X(HOLDER_OWNER) X(HOLDER_PEER) \
	X(OTHER_HOLDER) X(HOLDERS_TOTAL) \
	X(REPEAT_OF) X(REPEAT_WHY) X(REPEAT_COUNT) X(REPEAT_TOTAL) X(REPEAT_FIRST_TIME) \
	X(REPEAT_FIRST_PID) X(REPEAT_PROCESSES) X(MERGED_SCOPE) X(MERGED_COUNT) \
	X(OUTCOME) X(OUTCOME_OF) X(HUNT) X(REFUSALS) X(REFUSALS_TOTAL) X(GAINED_PORT) \
	X(EXIT_STATUS) X(EXIT_SIGNAL) \
	PC_JOURNAL_PARTY(X, WINNER) \
	PC_JOURNAL_PARTY(X, CLIENT) \
	PC_JOURNAL_PARTY(X, LISTENER) \
	X(LISTENER_GONE_SINCE) X(PROTECTED) X(REMOTE) X(SUPPRESSED) \
	X(VERSION) X(BACKEND) X(BACKENDS_REFUSED) X(CANNOT_SEE) \
	X(VERDICTS) X(REPEATS) X(WARNINGS) X(LOST) X(WATCHED_SECONDS) \
	X(MERGED)

#define PC_JOURNAL_ENUM(name) PC_FIELD_##name,
enum pc_field { PC_JOURNAL_FIELDS(PC_JOURNAL_ENUM) PC_FIELD_COUNT };
#undef PC_JOURNAL_ENUM

/* clang-format on */

enum pc_party_field {
	PC_PARTY_PID = 0,
	PC_PARTY_COMM,
	PC_PARTY_EXE,
	PC_PARTY_CMDLINE,
	PC_PARTY_UID,
	PC_PARTY_CGROUP,
	PC_PARTY_UNIT,
	PC_PARTY_CONTAINER,
	PC_PARTY_POD,
	PC_PARTY_CONTAINER_NAME,
	PC_PARTY_POD_NAME,
	PC_PARTY_POD_NAMESPACE,
	PC_PARTY_RUNNING,
	PC_PARTY_COUNT,
};

/* "PORTCLASH_CAUSE". */
const char *pc_field_name(enum pc_field field);

/* Each puts one field; NULL is left out. */
void pc_field_put(FILE *out, enum pc_field field, const char *value);
void pc_field_number(FILE *out, enum pc_field field, uint64_t value);
void pc_field_bool(FILE *out, enum pc_field field, bool value);
void pc_field_time(FILE *out, enum pc_field field, const struct pc_clock *clock, uint64_t ns);

/* Text of other processes, escaped as for a terminal: journalctl prints it on one. */
void pc_field_hostile(FILE *out, enum pc_field field, const char *value);
void pc_field_hostile_as(FILE *out, const char *name, const char *value, size_t len);

/* The end of a process, by this status as wait() has it. */
void pc_field_end(FILE *out, int status);

/* All of a process, from the field that has its pid on; nothing when it is not known. */
void pc_field_party(FILE *out, enum pc_field first, const struct pc_party *p);

/* The kinds of entries, and their MESSAGE_ID, which never changes. */
#define PC_JOURNAL_REFUSAL_ID "aceb0672ed0d41eda48c6164aed3fa7c"
#define PC_JOURNAL_MERGED_ID "3c5b7f0e64d94a0a8f5d1c2be97a6d18"
#define PC_JOURNAL_REPEAT_ID "a98d4a11b1ba4a368eae142d959b2eeb"
#define PC_JOURNAL_OUTCOME_ID "7c2f4b0f0d6e4a86b1c9f3d52a8e6071"
#define PC_JOURNAL_WARNING_ID "49f9d656c5684f9e8fda978b9d716afd"
#define PC_JOURNAL_READY_ID "e7b0202a849a40968a5a24c1e876ee24"
#define PC_JOURNAL_SUMMARY_ID "c2243aead665469aa1554102dd1948bb"
#define PC_JOURNAL_GUARD_ID "5f0e2d1c8b7a4c39a1d26e57c0b94f83"

#endif
