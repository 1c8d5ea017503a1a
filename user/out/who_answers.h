/* SPDX-License-Identifier: GPL-2.0-only */
/* The lower half of an entry of `who` in text: what a server would get there, and what to do. */
#ifndef PORTCLASH_OUT_WHO_ANSWERS_H
#define PORTCLASH_OUT_WHO_ANSWERS_H

#include <stdio.h>

#include "core/port/who.h"

/* Puts what a server would get that bound the port now: one row where the kernel answers alike to all, else a row
 * for each address and option. */
void pc_who_put_answers(FILE *out, const struct pc_who_entry *e);

/* Puts the command that frees the port, if something keeps a plain server from it. */
void pc_who_put_remedy(FILE *out, const struct pc_who_entry *e);

#endif
