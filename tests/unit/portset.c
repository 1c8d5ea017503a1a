// SPDX-License-Identifier: GPL-2.0-only
/* Sets of ports and the kernel's list of reserved ones, for the tests of the cure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "portset.h"

void portset_of(const char *list, uint64_t *set)
{
	const char *bad;

	memset(set, 0, PC_PORT_WORDS * sizeof(*set));
	assert_int_equal(pc_ports_parse(list, true, set, &bad), 0);
}

void portset_expect(const uint64_t *set, const char *list)
{
	char *text = pc_ports_format(set);

	assert_string_equal(text, list);
	free(text);
}

int portset_enter_space(void **state)
{
	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return -1;
	return folder_enter(state);
}

void portset_open(struct pc_reserved *r)
{
	*r = PC_RESERVED_INIT;
	assert_int_equal(pc_reserved_open("/proc", r), 0);
	assert_int_equal(r->cannot_write, 0);
	assert_true(r->netns.inode);
}

void portset_reserve(const struct pc_reserved *r, const char *list)
{
	uint64_t set[PC_PORT_WORDS];

	portset_of(list, set);
	assert_int_equal(pc_reserved_add(r, set), 0);
}

void portset_unreserve(const struct pc_reserved *r, const char *list)
{
	uint64_t set[PC_PORT_WORDS];

	portset_of(list, set);
	assert_int_equal(pc_reserved_remove(r, set), 0);
}

void portset_expect_reserved(const struct pc_reserved *r, const char *list)
{
	uint64_t set[PC_PORT_WORDS];

	assert_int_equal(pc_reserved_read(r, set), 0);
	portset_expect(set, list);
}
