// SPDX-License-Identifier: GPL-2.0-only
/* From bytes to types: what is cut short, of the wrong kind or impossible never reaches a
 * handler, whatever single byte of a good record is changed, and nothing behind a record's
 * end is read (records are placed at the end of their memory, the sanitizers look on). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/join/process_record.h"
#include "core/process/identity.h"
#include "core/join/record.h"
#include "records.h"

struct seen {
	int calls;
	int bad; /* calls with a value out of range */
};

static bool family_bad(unsigned family)
{
	return family != PC_FAMILY_V4 && family != PC_FAMILY_V6;
}

static bool proto_bad(unsigned proto)
{
	return proto != PC_PROTO_TCP && proto != PC_PROTO_UDP;
}

static bool socket_bad(const struct pc_socket_record *s)
{
	return family_bad(s->family) || proto_bad(s->proto) || s->state >= PC_STATE_COUNT;
}

static void record_on_process(void *context, const struct pc_process_record *p)
{
	struct seen *seen = context;
	struct pc_identity who;

	seen->calls++;
	seen->bad += (size_t)p->args_len + p->exe_len + p->cgroup_len > PC_PROCESS_TEXT;
	if (!pc_identity_from_record(p, &who))
		pc_identity_free(&who);
}

static void record_on_claim(void *context, const struct pc_claim_record *c)
{
	struct seen *seen = context;

	seen->calls++;
	seen->bad += !c->cookie || c->how == PC_HOW_UNKNOWN || c->how >= PC_HOW_COUNT ||
		     family_bad(c->family) || proto_bad(c->proto);
}

static void record_on_endpoints(void *context, const struct pc_endpoints_record *e)
{
	struct seen *seen = context;

	seen->calls++;
	seen->bad += family_bad(e->family) || e->state >= PC_STATE_COUNT;
}

static void record_on_refusal(void *context, const struct pc_refusal_record *r)
{
	struct seen *seen = context;

	seen->calls++;
	seen->bad += r->op == PC_OP_INVALID || r->op >= PC_OP_COUNT || r->error < 0 ||
		     (!r->error && !(r->marks & PC_MARK_LATE)) || family_bad(r->wanted_family) ||
		     proto_bad(r->proto) || r->holders_count > PC_HOLDERS_MAX ||
		     socket_bad(&r->socket);
}

static void record_on_merged(void *context, const struct pc_merged_record *m)
{
	struct seen *seen = context;

	seen->calls++;
	seen->bad += !m->count || m->scope == PC_SCOPE_INVALID || m->scope >= PC_SCOPE_COUNT ||
		     m->op == PC_OP_INVALID || m->op >= PC_OP_COUNT || m->error < 0 ||
		     family_bad(m->wanted_family) || proto_bad(m->proto);
}

static void record_on_end(void *context, const struct pc_end_record *e)
{
	struct seen *seen = context;

	seen->calls++;
	seen->bad += !e->process.tgid;
}

static void record_on_foreign(void *context, const struct pc_foreign_record *r)
{
	struct seen *seen = context;

	seen->calls++;
	seen->bad += r->op != PC_OP_BIND || r->error <= 0 || !r->family ||
		     r->address_len > PC_FOREIGN_ADDRESS ||
		     (size_t)r->root_len + r->cwd_len > PC_FOREIGN_TEXT;
}

static int dispatch(const void *data, size_t size, struct seen *seen)
{
	const struct pc_record_handler handler = {
		.context = seen,
		.process = record_on_process,
		.claim = record_on_claim,
		.endpoints = record_on_endpoints,
		.refusal = record_on_refusal,
		.foreign = record_on_foreign,
		.merged = record_on_merged,
		.end = record_on_end,
	};

	*seen = (struct seen){ 0 };
	return pc_record_dispatch(data, size, &handler);
}

static size_t record_size_of(const void *record)
{
	return ((const struct pc_header *)record)->size;
}

static void good(void **state)
{
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < RECORD_MAKERS; i++) {
		void *record = record_makers[i]();

		assert_int_equal(dispatch(record, record_size_of(record), &seen), 0);
		assert_int_equal(seen.calls, 1);
		assert_int_equal(seen.bad, 0);
		free(record);
	}
}

/* The ring rounds sizes up: padding behind the record is no part of it. */
static void record_padded(void **state)
{
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < RECORD_MAKERS; i++) {
		void *record = record_makers[i]();
		size_t size = record_size_of(record);
		uint8_t *larger = calloc(1, size + 64);

		memcpy(larger, record, size);
		assert_int_equal(dispatch(larger, size + 64, &seen), 0);
		assert_int_equal(seen.calls, 1);
		free(larger);
		free(record);
	}
}

/* Cut at every length, in what arrives and in what the header says. */
static void record_truncated(void **state)
{
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < RECORD_MAKERS; i++) {
		void *record = record_makers[i]();

		for (size_t size = 0; size < record_size_of(record); size++) {
			void *cut = memcpy(malloc(size ? size : 1), record, size);

			assert_int_equal(dispatch(cut, size, &seen), -EBADMSG);
			assert_int_equal(seen.calls, 0);
			if (size >= sizeof(struct pc_header)) {
				((struct pc_header *)cut)->size = (uint32_t)size;
				assert_int_equal(dispatch(cut, size, &seen), -EBADMSG);
				assert_int_equal(seen.calls, 0);
			}
			free(cut);
		}
		free(record);
	}
}

static void wrong_type(void **state)
{
	static const uint32_t types[] = { PC_RECORD_INVALID, PC_RECORD_OWNER, PC_RECORD_COUNT, 999,
					  UINT32_MAX };
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct pc_header *record = record_refusal(PC_HOLDERS_MAX);

		record->type = types[i];
		assert_int_equal(dispatch(record, record->size, &seen), -EBADMSG);
		assert_int_equal(seen.calls, 0);
		free(record);
	}
}

/* One type's bytes under another type's name. */
static void exchanged_types(void **state)
{
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < RECORD_MAKERS; i++) {
		for (uint32_t type = 0; type <= PC_RECORD_COUNT; type++) {
			struct pc_header *record = record_makers[i]();

			record->type = type;
			dispatch(record, record->size, &seen);
			assert_int_equal(seen.bad, 0);
			free(record);
		}
	}
}

static void oversized(void **state)
{
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < RECORD_MAKERS; i++) {
		struct pc_header *record = record_makers[i]();
		size_t size = record->size;

		record->size = (uint32_t)size + 1; /* more than has arrived */
		assert_int_equal(dispatch(record, size, &seen), -EBADMSG);
		record->size = UINT32_MAX;
		assert_int_equal(dispatch(record, size, &seen), -EBADMSG);
		assert_int_equal(seen.calls, 0);
		free(record);
	}
}

static void impossible_values(void **state)
{
	struct seen seen;

	(void)state;
	for (int which = 0; which < 6; which++) {
		struct pc_refusal_record *r = record_refusal(2);

		switch (which) {
		case 0:
			r->holders_count = 3; /* the third is not there */
			break;
		case 1:
			r->holders_count = PC_HOLDERS_MAX + 1;
			break;
		case 2:
			r->error = -EADDRINUSE;
			break;
		case 3:
			r->op = PC_OP_COUNT;
			break;
		case 4:
			r->error = 0; /* only of a refusal that is told late */
			break;
		default:
			r->socket.proto = 132;
		}
		assert_int_equal(dispatch(r, r->header.size, &seen), -EBADMSG);
		assert_int_equal(seen.calls, 0);
		free(r);
	}
}

/* How many bytes of the record can be changed so that something impossible gets through. */
static int leaks(size_t which, uint8_t *record, size_t size)
{
	struct seen seen;
	int count = 0;

	for (size_t at = 0; at < size; at++) {
		uint8_t before = record[at];
		int through = -1;

		for (int value = 0; value < 256; value++) {
			int err;

			record[at] = (uint8_t)value;
			err = dispatch(record, size, &seen);
			assert_int_equal(seen.calls, err ? 0 : 1);
			through = seen.bad && through < 0 ? value : through;
		}
		record[at] = before;
		if (through >= 0 && count++ < 8)
			print_error("record %zu: byte %zu with %d gets through\n", which, at,
				    through);
	}
	return count;
}

/* Every byte, every value: 800,000 records. */
static void record_every_byte(void **state)
{
	int count = 0;

	(void)state;
	for (size_t i = 0; i < RECORD_MAKERS; i++) {
		uint8_t *record = record_makers[i]();

		count += leaks(i, record, record_size_of(record));
		free(record);
	}
	assert_int_equal(count, 0);
}

static void record_owners2(void **state)
{
	struct pc_owner_record o = { .header = { PC_RECORD_OWNER, sizeof(o) },
				     .socket = record_socket() };

	(void)state;
	assert_int_equal(pc_record_check_owner(&o, sizeof(o)), 0);
	for (size_t size = 0; size < sizeof(o); size++)
		assert_int_equal(pc_record_check_owner(&o, size), -EBADMSG);
	for (size_t at = 0; at < sizeof(o); at++) {
		for (int value = 0; value < 256; value++) {
			struct pc_owner_record changed = o;

			((uint8_t *)&changed)[at] = (uint8_t)value;
			if (!pc_record_check_owner(&changed, sizeof(changed)))
				assert_false(socket_bad(&changed.socket) ||
					     changed.header.type != PC_RECORD_OWNER);
		}
	}
}

/* The key that stands for the cookie of a TIME_WAIT is no cookie, and differs for different
 * ends. */
static void time_wait_keys(void **state)
{
	enum { KEYS = 4096 };
	static uint64_t keys[KEYS];
	uint32_t remote[4] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++) {
		remote[0] = 0x0100007f + (i & 3);
		remote[3] = i >> 2 & 3;
		keys[i] = pc_time_wait_key(1 + (i >> 4 & 1), (uint16_t)(35000 + (i >> 5 & 3)),
					   (uint16_t)(443 + (i >> 7)), 1, remote);
		assert_true(keys[i] >> 63);
		for (uint32_t j = 0; j < i; j++)
			assert_true(keys[j] != keys[i]);
	}
	remote[3] = 99; /* of an IPv4 address four bytes count */
	keys[0] = pc_time_wait_key(1, 1, 1, 0, remote);
	remote[3] = 98;
	assert_true(keys[0] == pc_time_wait_key(1, 1, 1, 0, remote));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(record_padded),
		cmocka_unit_test(record_truncated),
		cmocka_unit_test(wrong_type),
		cmocka_unit_test(exchanged_types),
		cmocka_unit_test(oversized),
		cmocka_unit_test(impossible_values),
		cmocka_unit_test(record_every_byte),
		cmocka_unit_test(record_owners2),
		cmocka_unit_test(time_wait_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
