/* SPDX-License-Identifier: GPL-2.0-only */
/* Good records of every kind, for the tests that then spoil them. */
#ifndef PORTCLASH_TESTS_RECORDS_H
#define PORTCLASH_TESTS_RECORDS_H

#include "portclash/record.h"

#define RECORD_MAKERS 9

/* Each makes one, malloc'd in exactly its size: a process, a claim, endpoints, refusals with
 * none, two and as many holders as fit, one of a Unix socket, and merged ones. */
extern void *(*const record_makers[RECORD_MAKERS])(void);

void *record_refusal(unsigned holders);
struct pc_socket_record record_socket(void);

#endif
