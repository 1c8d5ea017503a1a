/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ports and the kernel's list of reserved ones, for the tests of the cure. */
#ifndef PORTCLASH_TESTS_PORTSET_H
#define PORTCLASH_TESTS_PORTSET_H

#include "host/reserve.h"

/* `set` has PC_PORT_WORDS words. */
void portset_of(const char *list, uint64_t *set);
void portset_expect(const uint64_t *set, const char *list);

/* Set-up: a network namespace and a folder of the test's own; without root also a user namespace. The
 * tear-down is folder_leave(). */
int portset_enter_space(void **state);

/* The kernel's list of this namespace. */
void portset_open(struct pc_reserved *r);
void portset_reserve(const struct pc_reserved *r, const char *list);
void portset_unreserve(const struct pc_reserved *r, const char *list);
void portset_expect_reserved(const struct pc_reserved *r, const char *list);

#endif
