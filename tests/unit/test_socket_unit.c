// SPDX-License-Identifier: GPL-2.0-only
/* The socket unit of a cgroup, found by its inode number in a made-up tree; and no name that a unit's
 * processes made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "host/socket_unit.h"

static uint64_t make_socket_group(const char *path)
{
	char part[256];
	struct stat st;

	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		mkdir(part, 0755);
	}
	mkdir(path, 0755);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void assert_unit(const char *manager, uint64_t id, const char *want)
{
	char unit[PC_UNIT_NAME] = "untouched";

	assert_int_equal(pc_socket_unit_find("cgroup", manager, id, unit), want ? 0 : -ENOENT);
	assert_string_equal(unit, want ? want : "untouched");
}

static void units_in_slices(void **state)
{
	uint64_t ssh = make_socket_group("cgroup/system.slice/ssh.socket");
	uint64_t deep = make_socket_group("cgroup/system.slice/system-demo.slice/demo@1.socket");
	uint64_t taken = make_socket_group("cgroup/system.slice/_memory.socket");
	uint64_t service = make_socket_group("cgroup/system.slice/ssh.service");
	uint64_t named = make_socket_group("cgroup/system.slice/own.service/x.slice/evil.socket");
	uint64_t users =
		make_socket_group("cgroup/user.slice/user-7.slice/user@7.service/a.socket");

	(void)state;
	assert_unit("/init.scope", ssh, "ssh.socket");
	assert_unit("/init.scope", deep, "demo@1.socket");
	assert_unit("/init.scope", taken, "memory.socket");
	assert_unit("/init.scope", service, NULL);
	assert_unit("/init.scope", named, NULL);
	assert_unit("/init.scope", users, NULL);
	assert_unit("/init.scope", 1ULL << 60, NULL);
	assert_unit("/user.slice/user-7.slice/user@7.service/init.scope", users, "a.socket");
	assert_unit("/user.slice/user-7.slice/user@7.service/init.scope", ssh, NULL);
	assert_unit("/", ssh, NULL);
	assert_unit("/nowhere/init.scope", ssh, NULL);
}

/* Version 2 beside version 1. */
static void hybrid(void **state)
{
	uint64_t id = make_socket_group("cgroup/unified/system.slice/a.socket");

	(void)state;
	assert_unit("/init.scope", id, "a.socket");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(units_in_slices, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(hybrid, folder_enter, folder_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
