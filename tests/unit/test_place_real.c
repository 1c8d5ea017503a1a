// SPDX-License-Identifier: GPL-2.0-only
/* The place of a real process under a real systemd, which tests/package/advice.sh boots and asks:
 * PLACE_PID is the process, PLACE_ROLE what it must be. Without them only this very process is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/process/identity.h"
#include "host/place.h"
#include "host/procfs.h"

static const char *const role_names[PC_ROLE_COUNT] = {
	[PC_ROLE_UNKNOWN] = "unknown",
	[PC_ROLE_MAIN] = "main",
	[PC_ROLE_CHILD] = "child",
	[PC_ROLE_STRAY] = "stray",
};

static void role_as_staged(void **state)
{
	static const struct pc_place_roots roots = { "/proc", "/sys/fs/cgroup", "/run", 0 };
	const char *pid = getenv("PLACE_PID"), *want = getenv("PLACE_ROLE");
	struct pc_identity who;
	struct pc_place place;

	(void)state;
	if (!pid || !want)
		return;
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)atoi(pid), &who), 0);
	pc_place_find(&roots, &who, &place);
	if (strcmp(role_names[place.role], want))
		fail_msg("pid %s (%s) is %s, not %s", pid, who.cgroup, role_names[place.role],
			 want);
	pc_identity_free(&who);
}

/* This program's file is the host's, whatever the mount namespace is. */
static void own_file(void **state)
{
	static const struct pc_place_roots roots = { "/proc", "/sys/fs/cgroup", "/run", 0 };
	struct pc_identity who;
	struct pc_place place;

	(void)state;
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)getpid(), &who), 0);
	pc_place_find(&roots, &who, &place);
	assert_true(place.hosts_file);
	assert_false(place.first);
	pc_identity_free(&who);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(role_as_staged),
		cmocka_unit_test(own_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
