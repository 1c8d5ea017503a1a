/* SPDX-License-Identifier: GPL-2.0-only */
/* The list that `who` prints: an entry for each network namespace and protocol, and sentences about
 * what could not be seen. */
#ifndef PORTCLASH_CORE_WHO_LIST_H
#define PORTCLASH_CORE_WHO_LIST_H

#include "core/port/who.h"

/* A look at a port has fewer things that it can miss. */
#define PC_WHO_UNSEEN_MAX 8

struct pc_who_list {
	struct pc_who_entry *entries; /* owned */
	size_t count;
	size_t room;
	char *unseen[PC_WHO_UNSEEN_MAX]; /* sentences; owned */
	unsigned unseen_count;
};

/* Appends an entry of zeroes. The entry stays where it is until the next call. NULL: no memory. */
struct pc_who_entry *pc_who_list_add(struct pc_who_list *list);

/* Appends a sentence about something that could not be seen, unless the list has it already. */
void pc_who_list_unseen(struct pc_who_list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Removes the entries; the sentences stay. */
void pc_who_list_clear(struct pc_who_list *list);

void pc_who_list_free(struct pc_who_list *list);

#endif
