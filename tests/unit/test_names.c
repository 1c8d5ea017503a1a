// SPDX-License-Identifier: GPL-2.0-only
/* Every value of every enumeration has a name of its own, and what is out of range has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/base/names.h"
#include "core/verdict/causes.h"

static const char *cause(int value)
{
	return pc_cause_name((enum pc_cause)value);
}

static const char *how(int value)
{
	return pc_how_name((enum pc_how)value);
}

static const char *op(int value)
{
	return pc_op_name((enum pc_op)value);
}

static const char *tcp_state(int value)
{
	return pc_state_name((enum pc_state)value);
}

static const char *stat_of(int value)
{
	return pc_stat_name((enum pc_stat)value);
}

static const char *ring(int value)
{
	return pc_ring_name((enum pc_ring)value);
}

static const struct {
	const char *(*name)(int value);
	int count;
} tables[] = {
	{ cause, PC_CAUSE_COUNT },     { how, PC_HOW_COUNT },	   { op, PC_OP_COUNT },
	{ tcp_state, PC_STATE_COUNT }, { stat_of, PC_STAT_COUNT }, { ring, PC_RING_COUNT },
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Names go into JSON, label values and documents: plain words. */
static void assert_plain(const char *name)
{
	assert_true(*name);
	for (; *name; name++)
		assert_true(isalnum((unsigned char)*name) || *name == '-' || *name == '_');
}

static void distinct(void **state)
{
	(void)state;
	for (size_t t = 0; t < TABLES; t++) {
		for (int i = 0; i < tables[t].count; i++) {
			assert_non_null(tables[t].name(i));
			assert_plain(tables[t].name(i));
			for (int j = 0; j < i; j++)
				assert_string_not_equal(tables[t].name(i), tables[t].name(j));
		}
	}
}

static void out_of_range(void **state)
{
	(void)state;
	for (size_t t = 0; t < TABLES; t++) {
		assert_string_equal(tables[t].name(tables[t].count), "unknown");
		assert_string_equal(tables[t].name(255), "unknown");
		assert_string_equal(tables[t].name(-1), "unknown");
	}
}

/* The words of the issue and of the documents. */
static void names_words(void **state)
{
	(void)state;
	assert_string_equal(cause(PC_CAUSE_EPHEMERAL_CLIENT), "ephemeral-client");
	assert_string_equal(cause(PC_CAUSE_SELF_CONNECT), "self-connect");
	assert_string_equal(how(PC_HOW_BIND_ZERO), "bind-zero");
	assert_string_equal(op(PC_OP_LISTEN), "listen");
	assert_string_equal(tcp_state(PC_STATE_TIME_WAIT), "TIME_WAIT");
	assert_string_equal(tcp_state(1), "ESTABLISHED");
	assert_string_equal(tcp_state(10), "LISTEN");
}

static void protocols(void **state)
{
	(void)state;
	assert_string_equal(pc_proto_name(6), "tcp");
	assert_string_equal(pc_proto_name(17), "udp");
	assert_string_equal(pc_proto_name(132), "unknown");
	assert_string_equal(pc_address_family_name(2), "ipv4");
	assert_string_equal(pc_address_family_name(10), "ipv6");
	assert_string_equal(pc_address_family_name(1), "unknown");
}

static void errnos(void **state)
{
	(void)state;
	assert_string_equal(pc_errno_name(EADDRINUSE), "EADDRINUSE");
	assert_string_equal(pc_errno_name(EADDRNOTAVAIL), "EADDRNOTAVAIL");
	assert_string_equal(pc_errno_name(EACCES), "EACCES");
	assert_null(pc_errno_name(0));
	assert_null(pc_errno_name(-EADDRINUSE));
	assert_null(pc_errno_name(EINVAL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(distinct),    cmocka_unit_test(out_of_range),
		cmocka_unit_test(names_words), cmocka_unit_test(protocols),
		cmocka_unit_test(errnos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
