// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's list of reserved ports, on the running kernel in a network namespace of the test's
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "host/procfs.h"
#include "portset.h"

static void added_and_removed(void **state)
{
	struct pc_reserved r;

	(void)state;
	portset_open(&r);
	portset_expect_reserved(&r, "");
	portset_reserve(&r, "80");
	portset_reserve(&r, "8080-8090,80");
	portset_reserve(&r, "");
	portset_expect_reserved(&r, "80,8080-8090");
	portset_unreserve(&r, "8085,9000");
	portset_expect_reserved(&r, "80,8080-8084,8086-8090");
	portset_unreserve(&r, "0-65535");
	portset_expect_reserved(&r, "");
	pc_reserved_close(&r);
}

/* 32,768 single ports are 192 KiB of list, at 4,095 bytes a write. */
static void long_lists(void **state)
{
	uint64_t odd[PC_PORT_WORDS] = { 0 }, some[PC_PORT_WORDS] = { 0 }, now[PC_PORT_WORDS];
	struct pc_reserved r;

	(void)state;
	for (unsigned port = 1; port < PC_PORTS; port += 2)
		pc_ports_add(odd, (uint16_t)port);
	for (unsigned port = 1; port < PC_PORTS; port += 4)
		pc_ports_add(some, (uint16_t)port);
	portset_open(&r);
	portset_reserve(&r, "2");
	assert_int_equal(pc_reserved_add(&r, odd), 0);
	assert_int_equal(pc_reserved_read(&r, now), 0);
	pc_ports_add(odd, 2);
	assert_memory_equal(now, odd, sizeof(now));
	assert_int_equal(pc_reserved_remove(&r, some), 0);
	assert_int_equal(pc_reserved_read(&r, now), 0);
	pc_ports_subtract(odd, some);
	assert_memory_equal(now, odd, sizeof(now));
	pc_reserved_close(&r);
}

struct adder {
	const struct pc_reserved *list;
	unsigned first;
};

#define ADDED_EACH 1000

static void *add_many(void *context)
{
	const struct adder *a = context;

	for (unsigned i = 0; i < ADDED_EACH; i++) {
		uint64_t set[PC_PORT_WORDS] = { 0 };

		pc_ports_add(set, (uint16_t)(a->first + 2 * i));
		if (pc_reserved_add(a->list, set))
			return context;
	}
	return NULL;
}

/* A writer that another one overtakes in the kernel sees it and writes again. Who is overtaken after that
 * look can lose the ports of one word of the kernel's bitmap. */
static void two_at_a_time(void **state)
{
	struct adder odd = { .first = 20001 }, even = { .first = 20000 };
	uint64_t now[PC_PORT_WORDS];
	struct pc_reserved r;
	pthread_t thread;
	void *failed;

	(void)state;
	portset_open(&r);
	odd.list = even.list = &r;
	assert_int_equal(pthread_create(&thread, NULL, add_many, &odd), 0);
	assert_null(add_many(&even));
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(pc_reserved_read(&r, now), 0);
	assert_in_range(pc_ports_count(now, 20000, 21999), 2 * ADDED_EACH - 64, 2 * ADDED_EACH);
	pc_reserved_close(&r);
}

/* The open list is the one of the namespace it was opened in, and says so when that has ended. */
static void ended_namespace(void **state)
{
	uint64_t set[PC_PORT_WORDS];
	struct pc_reserved old, new;
	int err = 0;

	(void)state;
	portset_open(&old);
	portset_reserve(&old, "80");
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	portset_open(&new);
	portset_expect_reserved(&new, "");
	assert_false(pc_netns_id_same(&old.netns, &new.netns));
	portset_of("90", set);
	/* The kernel takes it down when it has time. */
	for (int i = 0; i < 1000 && !err; i++) {
		err = pc_reserved_add(&old, set);
		pc_reserved_remove(&old, set);
		usleep(10000);
	}
	assert_int_equal(err, -ENOENT);
	assert_int_equal(pc_reserved_remove(&old, set), -ENOENT);
	pc_reserved_close(&old);
	pc_reserved_close(&new);
}

/* A process in a network namespace of its own, until it is killed. */
static pid_t start_elsewhere(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void another_namespace(void **state)
{
	struct pc_netns elsewhere = { 0 };
	struct pc_reserved here, there, again;
	pid_t pid = start_elsewhere();

	(void)state;
	elsewhere.pid = (uint32_t)pid;
	assert_int_equal(pc_procfs_netns("/proc", elsewhere.pid, &elsewhere.inode), 0);
	portset_open(&here);
	assert_int_equal(pc_reserved_open_in("/proc", &elsewhere, &there), 0);
	assert_int_equal(there.netns.inode, elsewhere.inode);
	portset_reserve(&there, "80");
	portset_reserve(&here, "90");
	portset_expect_reserved(&there, "80");
	portset_open(&again);
	assert_true(pc_netns_id_same(&again.netns, &here.netns));
	assert_false(pc_netns_id_same(&there.netns, &here.netns));
	portset_expect_reserved(&again, "90");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(pc_reserved_open_in("/proc", &elsewhere, &again), -ESRCH);
	pc_reserved_close(&here);
	pc_reserved_close(&there);
	pc_reserved_close(&again);
}

#define IN_SPACE(test) cmocka_unit_test_setup_teardown(test, portset_enter_space, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SPACE(added_and_removed), IN_SPACE(long_lists),	  IN_SPACE(two_at_a_time),
		IN_SPACE(ended_namespace),   IN_SPACE(another_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
