/* SPDX-License-Identifier: GPL-2.0-only */
/* The words for every enumeration, as they stand in the output and in the documents. */
#ifndef PORTCLASH_NAMES_H
#define PORTCLASH_NAMES_H

#include "core/cost.h"
#include "core/model.h"

/* Static strings; "unknown" for a value out of range. */
const char *pc_cause_name(enum pc_cause cause);
const char *pc_how_name(enum pc_how how);
const char *pc_op_name(enum pc_op op);
const char *pc_state_name(enum pc_state state);
const char *pc_proto_name(uint8_t proto);    /* "tcp" */
const char *pc_family_name(uint16_t family); /* "ipv4" */
/* For EADDRINUSE, EADDRNOTAVAIL, EACCES; NULL for any other number. */
const char *pc_errno_name(int number);
/* What of a pc_stat is counted, as a plural noun: "claims". */
const char *pc_stat_name(enum pc_stat stat);
/* As the map is called. */
const char *pc_ring_name(enum pc_ring ring);

#endif
