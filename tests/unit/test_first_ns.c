// SPDX-License-Identifier: GPL-2.0-only
/* Pid and time namespaces of this process' own, which are real ones; and the commands that have no place
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/verdict/advice.h"
#include "host/first_ns.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* The child's exit status: what it found out, as bits. */
enum { PIDS = 1, SELF = 2, CLOCK = 4, NOT_MADE = 64 };

static int found_out(void)
{
	return (pc_first_ns_pids("/proc") ? PIDS : 0) |
	       (pc_first_ns_self("/proc") == (uint32_t)getpid() ? SELF : 0) |
	       (pc_first_ns_clock("/proc") ? CLOCK : 0);
}

static int status_of_child(pid_t pid)
{
	int status = 0;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool set_clock_ahead(const char *offset)
{
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	bool moved = fd >= 0 && write(fd, offset, strlen(offset)) > 0;

	if (fd >= 0)
		close(fd);
	return moved;
}

static bool mount_proc(void)
{
	return !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("proc", "/proc", "proc", 0, NULL);
}

/* Runs found_out() in new namespaces, with a /proc of its own if asked, and an offset of the clock. */
static int found_in(int flags, bool own_proc, const char *offset)
{
	pid_t pid = fork();

	if (pid)
		return status_of_child(pid);
	if (unshare(flags | CLONE_NEWNS) || (offset && !set_clock_ahead(offset)))
		_exit(NOT_MADE);
	pid = fork();
	if (!pid)
		_exit(own_proc && !mount_proc() ? NOT_MADE : found_out());
	_exit(status_of_child(pid));
}

static void expect_found(int found, int expected)
{
	if (found == NOT_MADE)
		skip();
	assert_int_equal(found, expected);
}

static int here;

static void on_the_machine(void **state)
{
	(void)state;
	here = found_out();
	if (here != (PIDS | SELF | CLOCK))
		skip(); /* the test itself is in a container */
	expect_found(found_in(CLONE_NEWUTS, false, NULL), PIDS | SELF | CLOCK);
}

static void in_a_pid_namespace(void **state)
{
	(void)state;
	if (!(here & PIDS))
		skip();
	expect_found(found_in(CLONE_NEWPID, true, NULL), SELF | CLOCK);
}

/* The machine's /proc has the machine's ids, that of the process itself, too. */
static void with_the_proc_of_the_machine(void **state)
{
	(void)state;
	if (!(here & PIDS))
		skip();
	expect_found(found_in(CLONE_NEWPID, false, NULL), PIDS | CLOCK);
}

static void in_a_time_namespace(void **state)
{
	(void)state;
	if (!(here & CLOCK))
		skip();
	expect_found(found_in(CLONE_NEWTIME, false, NULL), PIDS | SELF | CLOCK);
	expect_found(found_in(CLONE_NEWTIME, false, "boottime 0 1\n"), PIDS | SELF);
	expect_found(found_in(CLONE_NEWTIME, false, "boottime 86400 0\n"), PIDS | SELF);
}

static void without_proc(void **state)
{
	(void)state;
	assert_true(pc_first_ns_pids("/nonexistent"));
	assert_true(pc_first_ns_clock("/nonexistent"));
	assert_int_equal(pc_first_ns_self("/nonexistent"), getpid());
}

static struct pc_fix some_fix(const char *what, const char *command)
{
	return (struct pc_fix){ .when = PC_NOW,
				.what = strdup(what),
				.command = command ? strdup(command) : NULL };
}

/* A command with a process id would end another process where ids are others. */
static void commands_with_ids_are_dropped(void **state)
{
	struct pc_fix fixes[PC_FIXES_MAX];
	unsigned count = 0;

	(void)state;
	fixes[count++] = some_fix("a", "kill 12");
	fixes[count++] = some_fix("b", NULL);
	fixes[count++] = some_fix("c", "nsenter -t 12 -n ss -K");
	fixes[count++] = some_fix("d", "systemctl stop a.service");
	fixes[count++] = some_fix("e", "ls /proc/12/fd");
	fixes[count++] = some_fix("f", "echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind");
	pc_advice_drop_ids(fixes, &count);
	assert_int_equal(count, 3);
	assert_string_equal(fixes[0].what, "b");
	assert_string_equal(fixes[1].what, "d");
	assert_string_equal(fixes[2].what, "f");
	pc_advice_clear_fixes(fixes, &count);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_the_machine),
		cmocka_unit_test(in_a_pid_namespace),
		cmocka_unit_test(with_the_proc_of_the_machine),
		cmocka_unit_test(in_a_time_namespace),
		cmocka_unit_test(without_proc),
		cmocka_unit_test(commands_with_ids_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
