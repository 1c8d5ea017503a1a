/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of the output for people. Text of other processes is escaped for the terminal. */
#ifndef PORTCLASH_TEXT_PARTS_H
#define PORTCLASH_TEXT_PARTS_H

#include <stdio.h>

#include "core/base/text.h"
#include "out/sink.h"

/* A time of the boot clock as RFC 3339, UTC, microseconds, into `out` (PC_TIME_TEXT bytes);
 * returns `out`. */
#define PC_TIME_TEXT 64
const char *pc_time_text(const struct pc_clock *clock, uint64_t boot_ns, char *out);

/* A line of a block: the name of its field, and then its text; and a line below without a name. */
#define PC_TEXT_FIELD "\n    %-11s  "
#define PC_TEXT_FIELD_BELOW "\n                 "

/* A row is such a line in the output of a command that answers a question (`who`, `audit`, `free`). */
#define PC_TEXT_ROW "\n  %-10s  "
#define PC_TEXT_ROW_BELOW "\n              "

void pc_put_text(FILE *out, const char *text, size_t len);
void pc_put_string(FILE *out, const char *text);

/* "range held 28232 of 28232 ports …" and who has them, as lines of a verdict. */
void pc_put_range_use(FILE *out, const struct pc_range_use *use);

/* "orders[4312] orders.service container 3f2a..."; `p->who` is not NULL. */
void pc_put_party(FILE *out, const struct pc_party *p);

/* "network namespace 4026531840 (portclash's own)"; in brackets else its path, or one of its
 * processes. */
void pc_put_netns(FILE *out, uint32_t inode, bool own, const char *path, uint32_t pid);

/* "3 m 12 s", "2 d 4 h": two units at most. */
void pc_put_age(FILE *out, uint64_t ns);

/* "3 m 12 s ago (14:02:11)": with the local time, and with the date from 12 hours on. Below a minute only
 * the age. */
void pc_put_since(FILE *out, const struct pc_clock *clock, uint64_t boot_ns);

/* "127.0.0.1:80 → 127.0.0.1:443 ESTABLISHED". */
void pc_put_connection(FILE *out, const struct pc_socket *s);

/* How it got its port, as a clause. */
const char *pc_how_words(const struct pc_holder *h);

/* Writes `text` as one line of the log, laid out for its terminal. 0 or a negative errno. */
int pc_text_write(struct pc_log *log, const char *text, size_t len);

/* Writes the text as one line of the log, laid out for its terminal, and frees it. 0 or a negative errno. */
int pc_text_finish(struct pc_log *log, struct pc_text *text);

/* Puts what a refused call asked for, behind a blank: an address and port, or the name of a Unix socket. Other
 * families have no name: then nothing. */
void pc_put_wanted(FILE *out, const struct pc_request *r);

/* "tcp", "unix", "vsock" into `out` (PC_FAMILY_TEXT bytes); returns it. */
const char *pc_request_proto(const struct pc_request *r, char *out);

#endif
