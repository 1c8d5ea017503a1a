// SPDX-License-Identifier: GPL-2.0-only
/* Reading processes from the real /proc: this one, children with odd names, one whose first
 * thread has ended, a thread; and that no descriptor is left open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/process/identity.h"
#include "host/procfs.h"

static void real_self(void **state)
{
	struct pc_identity who;
	struct stat st;
	uint32_t netns, pid;
	char exe[4096] = "";

	(void)state;
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)getpid(), &who), 0);
	assert_int_equal(who.uid, getuid());
	assert_int_equal(who.netns, st.st_ino);
	assert_string_equal(who.exe, exe);
	assert_non_null(strstr(who.cmdline, program_invocation_name));
	assert_int_equal(who.cgroup[0], '/');
	assert_true(who.key.start_ns > 0);
	assert_true(pc_procfs_is("/proc", &who.key));
	assert_int_equal(pc_procfs_netns("/proc", (uint32_t)getpid(), &netns), 0);
	assert_int_equal(netns, who.netns);
	assert_int_equal(pc_procfs_netns_pid("/proc", netns, &pid), 0);
	assert_int_equal(pc_procfs_netns("/proc", pid, &netns), 0);
	assert_int_equal(netns, who.netns);
	pc_identity_free(&who);
}

/* A child that has run `start` and then waits for the end of input from `go`. */
static pid_t fork_waiting(int *go, void (*start)(void))
{
	int ready[2], wait[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready) | pipe(wait), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(wait[1]);
		start();
		if (write(ready[1], "", 1) != 1 || read(wait[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(wait[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	*go = wait[1];
	return child;
}

static void take_odd_name(void)
{
	prctl(PR_SET_NAME, "a) Z 1\n2) (b");
}

static void real_child(void **state)
{
	struct pc_identity who, gone;
	siginfo_t info;
	uint32_t netns;
	int go;
	pid_t child = fork_waiting(&go, take_odd_name);

	(void)state;
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)child, &who), 0);
	assert_string_equal(who.comm, "a) Z 1\n2) (b");
	assert_int_equal(who.key.tgid, child);
	assert_true(pc_procfs_is("/proc", &who.key));
	close(go);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_false(pc_procfs_is("/proc", &who.key)); /* a zombie */
	assert_int_equal(pc_procfs_netns("/proc", (uint32_t)child, &netns), -ESRCH);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(pc_procfs_is("/proc", &who.key));
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)child, &gone), -ESRCH);
	pc_identity_free(&who);
}

static void *sleep_for_good(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return NULL;
}

static char procfs_real_state_of(pid_t pid)
{
	char path[64], text[512], *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	end = strrchr(text, ')');
	assert_non_null(end);
	return end[2];
}

/* The first thread ends, the other keeps the process and its sockets. */
static void real_leader_gone(void **state)
{
	struct pc_identity who;
	pid_t child = fork();
	pthread_t thread;

	(void)state;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (pthread_create(&thread, NULL, sleep_for_good, NULL))
			_exit(1);
		pthread_exit(NULL);
	}
	for (int i = 0; i < 1000 && procfs_real_state_of(child) != 'Z'; i++)
		usleep(5000);
	assert_int_equal(procfs_real_state_of(child), 'Z');
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)child, &who), 0);
	assert_true(pc_procfs_is("/proc", &who.key));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(pc_procfs_is("/proc", &who.key));
	pc_identity_free(&who);
}

static void *thread_id(void *argument)
{
	struct pc_identity who;

	*(int *)argument = pc_procfs_read("/proc", (uint32_t)gettid(), &who);
	return NULL;
}

/* /proc/TID opens, though it is not listed. */
static void real_thread(void **state)
{
	pthread_t thread;
	int err = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, thread_id, &err), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(err, -ESRCH);
}

static void procfs_real_no_descriptor_left(void **state)
{
	unsigned before = 0, after = 0;

	for (int fd = 0; fd < 256; fd++)
		before += fcntl(fd, F_GETFD) >= 0;
	real_self(state);
	for (int fd = 0; fd < 256; fd++)
		after += fcntl(fd, F_GETFD) >= 0;
	assert_int_equal(after, before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_self),
		cmocka_unit_test(real_child),
		cmocka_unit_test(real_leader_gone),
		cmocka_unit_test(real_thread),
		cmocka_unit_test(procfs_real_no_descriptor_left),
	};

	alarm(120); /* a child that never answers is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
