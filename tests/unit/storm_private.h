/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the storm only. */
#ifndef PORTCLASH_TESTS_STORM_PRIVATE_H
#define PORTCLASH_TESTS_STORM_PRIVATE_H

#include "storm.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define PORTS 12
#define COOKIES 40
#define PIDS 12

uint64_t storm_draw(struct storm *s);
uint32_t storm_pick(struct storm *s, uint32_t n); /* 0 to n - 1 */
bool storm_one_in(struct storm *s, uint32_t n);
uint16_t storm_port(struct storm *s);
uint32_t storm_netns(struct storm *s);
const char *storm_text(struct storm *s); /* NULL now and then */
const struct fake_process *storm_process(struct storm *s);
struct pc_socket_record storm_socket(struct storm *s);

/* Each puts records of one kind into the rings; some are cut or have a wrong byte. */
void storm_put_process(struct storm *s); /* with texts that are anything */
void storm_describe(struct storm *s);	 /* with texts as the host has them */
void storm_put_claim(struct storm *s);
void storm_put_ends(struct storm *s);
void storm_put_end(struct storm *s); /* of a process */
void storm_put_refusal(struct storm *s);

/* storm_foreign.c: Unix sockets that are refused, what is at their paths, and an open one. */
void storm_put_foreign(struct storm *s);
void storm_change_site(struct storm *s);
struct pc_socket_record storm_unix_socket(struct storm *s);

/* Puts a record into its ring; some are cut or have a wrong byte. */
void storm_put_record(struct storm *s, void *record);

/* Two processes, of one program more often than not, want one port. */
void storm_put_rivals(struct storm *s);

/* Claims of sockets that are closed at once. */
void storm_put_flood(struct storm *s);

/* More claims of ports that may be protected than are warned of in a second. */
void storm_put_rush(struct storm *s);

#endif
