/* SPDX-License-Identifier: GPL-2.0-only */
/* The words for the enumerations, as they stand in the output and in the documents. Causes have
 * their words in core/verdict/causes.h. */
#ifndef PORTCLASH_NAMES_H
#define PORTCLASH_NAMES_H

#include "core/base/cost.h"
#include "core/base/model.h"

/* Static strings; "unknown" for a value out of range. */
const char *pc_how_name(enum pc_how how);
const char *pc_scope_name(enum pc_scope scope);
const char *pc_op_name(enum pc_op op);
const char *pc_state_name(enum pc_state state);
const char *pc_proto_name(uint8_t proto);	     /* "tcp" */
const char *pc_address_family_name(uint16_t family); /* "ipv4" */
/* NULL for a number that is no errno of a refusal. */
const char *pc_errno_name(int number);
/* A plural noun: "claims". */
const char *pc_stat_name(enum pc_stat stat);
/* The name of the map. */
const char *pc_ring_name(enum pc_ring ring);

/* NULL for PC_WORD_NONE. */
const char *pc_word_name(enum pc_word word);

#endif
