// SPDX-License-Identifier: GPL-2.0-only
/* Good records of every kind. */
#include "records.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pc_socket_record record_socket(void)
{
	return (struct pc_socket_record){
		.cookie = 7,
		.family = PC_FAMILY_V6,
		.proto = PC_PROTO_TCP,
		.state = PC_STATE_ESTABLISHED,
		.lport = 35000,
		.rport = 443,
	};
}

static void *make_process(void)
{
	struct pc_process_record p = {
		.header = { PC_RECORD_PROCESS, offsetof(struct pc_process_record, text) + 24 },
		.key = { .start_ns = 1, .tgid = 4120, .exec_id = 1 },
		.args_len = 10,
		.exe_len = 9,
		.cgroup_len = 5,
		.comm = "curl",
		.text = "curl\0-s\0x\0curl\0usr\0a\0b\0",
	};

	return memcpy(malloc(p.header.size), &p, p.header.size);
}

static void *make_claim(void)
{
	struct pc_claim_record c = {
		.header = { PC_RECORD_CLAIM, sizeof(c) },
		.cookie = 1ULL << 32 | 1,
		.how = PC_HOW_CONNECT,
		.proto = PC_PROTO_TCP,
		.family = PC_FAMILY_V4,
	};

	return memcpy(malloc(sizeof(c)), &c, sizeof(c));
}

static void *make_endpoints(void)
{
	struct pc_endpoints_record e = {
		.header = { PC_RECORD_ENDPOINTS, sizeof(e) },
		.cookie = 7,
		.family = PC_FAMILY_V6,
		.state = PC_STATE_ESTABLISHED,
	};

	return memcpy(malloc(sizeof(e)), &e, sizeof(e));
}

static void *make_end(void)
{
	struct pc_end_record e = {
		.header = { PC_RECORD_END, sizeof(e) },
		.time_ns = 1,
		.process = { .start_ns = 1, .tgid = 4120 },
		.status = 256,
	};

	return memcpy(malloc(sizeof(e)), &e, sizeof(e));
}

void *record_refusal(unsigned holders)
{
	struct pc_refusal_record r = {
		.header = { PC_RECORD_REFUSAL, (uint32_t)PC_REFUSAL_SIZE(holders) },
		.error = EADDRINUSE,
		.wanted_port = 35000,
		.wanted_family = PC_FAMILY_V4,
		.op = PC_OP_BIND,
		.proto = PC_PROTO_TCP,
		.holders_total = holders,
		.holders_count = (uint8_t)holders,
		.socket = record_socket(),
	};

	for (unsigned i = 0; i < holders; i++)
		r.holders[i] = record_socket();
	return memcpy(malloc(r.header.size), &r, r.header.size);
}

static void *make_refusal_alone(void)
{
	return record_refusal(0);
}

static void *make_refusal_two(void)
{
	return record_refusal(2);
}

static void *make_refusal_full(void)
{
	return record_refusal(PC_HOLDERS_MAX);
}

static void *make_foreign(void)
{
	struct pc_foreign_record r = {
		.header = { PC_RECORD_FOREIGN, sizeof(r) },
		.error = EADDRINUSE,
		.op = PC_OP_BIND,
		.family = PC_FAMILY_UNIX,
		.type = 1,
		.address_len = 9,
		.address = "\1\0/run/x",
		.paths_known = 1,
	};

	return memcpy(malloc(sizeof(r)), &r, sizeof(r));
}

static void *make_merged(void)
{
	const struct pc_merged_record m = {
		.header = { PC_RECORD_MERGED, sizeof(m) },
		.count = 12,
		.error = EADDRINUSE,
		.wanted_port = 35000,
		.wanted_family = PC_FAMILY_V4,
		.op = PC_OP_BIND,
		.proto = PC_PROTO_TCP,
		.scope = PC_SCOPE_PORT,
	};

	return memcpy(malloc(sizeof(m)), &m, sizeof(m));
}

void *(*const record_makers[RECORD_MAKERS])(void) = {
	make_process,	   make_claim,	 make_endpoints, make_refusal_alone, make_refusal_two,
	make_refusal_full, make_foreign, make_merged,	 make_end,
};
