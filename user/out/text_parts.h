/* SPDX-License-Identifier: GPL-2.0-only */
/* What the output for people is made of; text of other processes is escaped for the terminal. */
#ifndef PORTCLASH_TEXT_PARTS_H
#define PORTCLASH_TEXT_PARTS_H

#include <stdio.h>

#include "core/range_use.h"

void pc_put_text(FILE *out, const char *text, size_t len);
void pc_put_string(FILE *out, const char *text);

/* "range held 28232 of 28232 ports …" and who has them, as lines of a verdict. */
void pc_put_range_use(FILE *out, const char *format, const struct pc_range_use *use);

/* "orders[4312] orders.service container 3f2a..."; `p->who` is not NULL. */
void pc_put_party(FILE *out, const struct pc_party *p);

#endif
