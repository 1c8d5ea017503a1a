/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of every JSON line (docs/json.md). All functions return new references. */
#ifndef PORTCLASH_JSON_PARTS_H
#define PORTCLASH_JSON_PARTS_H

#include <jansson.h>

#include "out/sink.h"

/* Text of other processes, made valid UTF-8; null for NULL. */
json_t *pc_json_string(const char *text);
json_t *pc_json_comm(const char comm[PC_COMM_LEN]);

/* null for 0. */
json_t *pc_json_number_or_null(uint64_t value);

/* A time of the boot clock, as RFC 3339. */
json_t *pc_json_time(const struct pc_clock *clock, uint64_t boot_ns);

/* "address" and "port". */
json_t *pc_json_endpoint(uint16_t family, const uint8_t *address, uint16_t port);

/* Adds exe, cmdline, uid, cgroup, unit, container, pod and netns; all null for NULL. */
void pc_json_add_identity(json_t *p, const struct pc_identity *who);

/* A process; null when it is not known. */
json_t *pc_json_party(const struct pc_clock *clock, const struct pc_party *party);

/* The options of a socket that decide on sharing its port. */
json_t *pc_json_options(const struct pc_socket *s);

/* Adds state, local and remote. */
void pc_json_add_socket(json_t *o, const struct pc_socket *s);

/* A socket on a port, as in refusals and in the answers of `who`. */
json_t *pc_json_holder(const struct pc_clock *clock, const struct pc_holder *h);

/* Gives the users of the range; null for NULL. */
json_t *pc_json_range_use(const struct pc_clock *clock, const struct pc_range_use *use);

/* Gives the cost of watching; null for NULL. */
json_t *pc_json_cost(const struct pc_cost *cost);

/* A new line with schema, type and time. */
json_t *pc_json_line(const char *type, const struct pc_clock *clock, uint64_t boot_ns);

/* Writes the line and frees it. 0 or a negative errno. */
int pc_json_write(struct pc_log *log, json_t *line);

/* json_call.c: the process that was refused, and the fields of its call. */
json_t *pc_json_requester(const struct pc_clock *clock, const struct pc_request *r,
			  const struct pc_party *party);
void pc_json_add_call(json_t *line, const struct pc_request *r);

/* json_outcome.c: the line of an outcome (an operation of the sink), and all counts. */
int pc_json_outcome(void *to, const struct pc_clock *clock, const struct pc_outcome *o);
json_t *pc_json_outcomes(const struct pc_outcomes_counters *c);

#endif
