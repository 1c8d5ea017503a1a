/* SPDX-License-Identifier: GPL-2.0-only */
/* A process in text for people beyond its name: two `java[…]` tell nobody anything. */
#ifndef PORTCLASH_TEXT_PROCESS_H
#define PORTCLASH_TEXT_PROCESS_H

#include <stdio.h>

#include "core/base/model.h"

/* Command lines are cut after so many bytes; the JSON has all of them. */
#define PC_TEXT_CMDLINE_MAX 120

/* "user 1000: python3 -m http.server 8000", "user 0, runs /usr/bin/python3.11: backup": the executable where its
 * name is neither the process's nor the first argument. */
void pc_put_process(FILE *out, const struct pc_identity *who);

/* Is an owner before this one alike? Then it is in the line of that one's pc_put_alike_owners(). */
bool pc_owner_is_repeated(const struct pc_party *owners, unsigned at);

/* "3 more processes of this command: 101, 102, 103" behind `before`; nothing when there are none. */
void pc_put_alike_owners(FILE *out, const char *before, const struct pc_party *owners, unsigned count,
			 unsigned at);

#endif
