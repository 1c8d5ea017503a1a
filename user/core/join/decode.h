/* SPDX-License-Identifier: GPL-2.0-only */
/* Decode checked records (join/record.h) into the types of verdicts, claims and lookups. */
#ifndef PORTCLASH_DECODE_H
#define PORTCLASH_DECODE_H

#include "core/base/model.h"
#include "core/verdict/holder_owners.h"
#include "portclash/record.h"

void pc_socket_decode(const struct pc_socket_record *record, struct pc_socket *out);
void pc_socket_encode(const struct pc_socket *socket, struct pc_socket_record *out);
void pc_endpoints_decode(const struct pc_endpoints_record *record, struct pc_endpoints *out);

/* `process` and `comm` of the record name the claimer, whom the caller looks up. */
void pc_merged_decode(const struct pc_merged_record *r, struct pc_merged *out);
void pc_claim_decode(const struct pc_claim_record *record, struct pc_claim *out);

void pc_open_socket_decode(const struct pc_owner_record *record, struct pc_open_socket *out);

/* Begins the verdict on a refusal: takes request, settings and those holders of the record that still
 * hold the port; `holders_changed` counts the others. The kernel's table is read without locks, and
 * before 6.18 its entries are freed at once: a socket on this port can have become another one, or
 * none at all. Of the requester only key, tid and comm are set; all else is empty. */
void pc_verdict_decode(const struct pc_refusal_record *record, struct pc_verdict *out);

#endif
