/* SPDX-License-Identifier: GPL-2.0-only */
/* What the output for people is made of; text of other processes is escaped for the terminal. */
#ifndef PORTCLASH_TEXT_PARTS_H
#define PORTCLASH_TEXT_PARTS_H

#include <stdio.h>

#include "core/text.h"
#include "out/sink.h"

/* A time of the boot clock as RFC 3339, UTC, microseconds, into `out` (PC_TIME_TEXT bytes);
 * returns `out`. */
#define PC_TIME_TEXT 64
const char *pc_time_text(const struct pc_clock *clock, uint64_t boot_ns, char *out);

void pc_put_text(FILE *out, const char *text, size_t len);
void pc_put_string(FILE *out, const char *text);

/* "range held 28232 of 28232 ports …" and who has them, as lines of a verdict. */
void pc_put_range_use(FILE *out, const char *format, const struct pc_range_use *use);

/* "cost 0.812 s of CPU to start …", as lines of a summary. */
void pc_put_cost(FILE *out, const char *format, const struct pc_cost *cost, uint64_t watched_ns);

/* "orders[4312] orders.service container 3f2a..."; `p->who` is not NULL. */
void pc_put_party(FILE *out, const struct pc_party *p);

/* "3 m 12 s", "2 d 4 h": two units at most. */
void pc_put_age(FILE *out, uint64_t ns);

/* "127.0.0.1:80 → 127.0.0.1:443 ESTABLISHED". */
void pc_put_connection(FILE *out, const struct pc_socket *s);

/* How it got its port, as a clause. */
const char *pc_how_words(const struct pc_holder *h);

/* Writes the text as one line of the log, and frees it. 0 or a negative errno. */
int pc_text_finish(struct pc_log *log, struct pc_text *text);

#endif
