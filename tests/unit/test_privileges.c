// SPDX-License-Identifier: GPL-2.0-only
/* Giving up capabilities and system calls, each in a child process: what is kept works, the rest
 * does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config/capabilities.h"
#include "host/privileges.h"

#define SETPCAP 8

/* In the child: 0 when all is as it must be, else the line that is not. */
typedef int (*body_fn)(void);

#define MUST(condition)                  \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

#define REFUSED(call) ((call) == -1 && errno == EPERM)

/* How a child ended: its line, or minus the signal. */
static int in_child(body_fn body)
{
	int tell[2], line = -1, status;
	pid_t pid;

	assert_int_equal(pipe(tell), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		line = body();
		_exit(write(tell[1], &line, sizeof(line)) != sizeof(line));
	}
	close(tell[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (read(tell[0], &line, sizeof(line)) != sizeof(line))
		line = 0;
	close(tell[0]);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : line;
}

static int drop_all_but_one(void)
{
	uint64_t before, after, keep = pc_capabilities_kept(UINT64_MAX, false);

	MUST(!pc_privileges_read(&before));
	MUST(!pc_privileges_drop(keep));
	MUST(!pc_privileges_read(&after));
	MUST(after == (before & keep));
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	for (int i = 0; (before >> SETPCAP & 1) && prctl(PR_CAPBSET_READ, i) >= 0; i++)
		MUST(prctl(PR_CAPBSET_READ, i) == 0 || keep >> i & 1);
	MUST(!pc_privileges_drop(0)); /* less is always possible */
	MUST(!pc_privileges_read(&after) && !after);
	MUST(!pc_privileges_drop(keep)); /* and more never */
	MUST(!pc_privileges_read(&after) && !after);
	return 0;
}

static void capabilities_drop(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_all_but_one), 0);
}

static void *privileges_nothing(void *unused)
{
	return unused;
}

static int privileges_forbidden(void)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };
	pthread_t thread;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(page != MAP_FAILED);
	MUST(!pc_syscalls_restrict(&(struct pc_confinement){ .socket = -1 }));
	MUST(REFUSED(socket(AF_INET, SOCK_STREAM, 0)));
	MUST(REFUSED(socket(AF_PACKET, SOCK_RAW, 0)));
	MUST(REFUSED(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr))));
	MUST(REFUSED(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr))));
	MUST(REFUSED(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)));
	MUST(REFUSED(fork()));
	MUST(REFUSED(unshare(CLONE_NEWNET)));
	MUST(REFUSED(setns(-1, CLONE_NEWNET)));
	MUST(REFUSED(kill(getppid(), 0)));
	MUST(REFUSED(mprotect(page, 4096, PROT_READ | PROT_EXEC)));
	MUST(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	     MAP_FAILED);
	MUST(!pthread_create(&thread, NULL, privileges_nothing, NULL));
	MUST(!pthread_join(thread, NULL));
	return 0;
}

static void calls_are_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(privileges_forbidden), 0);
}

/* The kernel's own answer, not the filter's: the call got there. */
static int allowed(void)
{
	union bpf_attr attr = { 0 };
	char byte;
	int fd;

	MUST(!pc_syscalls_restrict(&(struct pc_confinement){ .socket = -1 }));
	MUST((fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)) >= 0);
	MUST(read(fd, &byte, 1) == 1 && !close(fd));
	MUST((fd = socket(AF_NETLINK, SOCK_RAW, 0)) >= 0 && !close(fd));
	attr.map_fd = (uint32_t)-1;
	MUST(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) == -1 && errno == EBADF);
	MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	return 0;
}

static void calls_are_allowed(void **state)
{
	(void)state;
	assert_int_equal(in_child(allowed), 0);
}

static void *privileges_enter(void *result)
{
	*(int *)result = setns(-1, CLONE_NEWNET) ? errno : 0;
	return NULL;
}

static int threads(void)
{
	pthread_t thread;
	int result = 0;

	MUST(!pc_syscalls_restrict(&(struct pc_confinement){ .enter_netns = true, .socket = -1 }));
	MUST(!pthread_create(&thread, NULL, privileges_enter, &result));
	MUST(!pthread_join(thread, NULL));
	MUST(result == EBADF);
	MUST(REFUSED(setns(-1, CLONE_NEWPID)));
	MUST(REFUSED(setns(-1, 0)));
	MUST(REFUSED(fork()));
	return 0;
}

static void network_namespaces(void **state)
{
	(void)state;
	assert_int_equal(in_child(threads), 0);
}

static int shell(void)
{
	MUST(!pc_syscalls_restrict(&(struct pc_confinement){ .socket = -1 }));
	execl("/bin/sh", "sh", "-c", "exit 0", NULL);
	return __LINE__;
}

static int trace(void)
{
	MUST(!pc_syscalls_restrict(&(struct pc_confinement){ .enter_netns = true, .socket = -1 }));
	ptrace(PTRACE_ATTACH, 1, NULL, NULL);
	return __LINE__;
}

static void intruders_die(void **state)
{
	(void)state;
	assert_int_equal(in_child(shell), -SIGSYS);
	assert_int_equal(in_child(trace), -SIGSYS);
}

static void table(void **state)
{
	uint64_t seen = 0;

	(void)state;
	for (size_t i = 0; i < pc_capabilities_count; i++) {
		const struct pc_capability *c = &pc_capabilities[i];

		assert_int_equal(strncmp(c->name, "CAP_", 4), 0);
		assert_true(c->bit < 64 && !(seen >> c->bit & 1));
		assert_true(*c->reason && *c->lost);
		assert_string_not_equal(pc_capability_when_name(c->when), "invalid");
		seen |= 1ULL << c->bit;
	}
	assert_int_equal(pc_capabilities_missing(0, true), seen);
	assert_int_equal(pc_capabilities_missing(UINT64_MAX, true), 0);
	assert_int_equal(pc_capabilities_kept(0, true), 0);
	assert_string_equal(pc_capability_when_name(PC_CAPABILITY_WHEN_COUNT), "invalid");
}

#define BPF (1ULL << 39)
#define PERFMON (1ULL << 38)
#define SYS_ADMIN (1ULL << 21)
#define SYS_PTRACE (1ULL << 19)
#define NET_ADMIN (1ULL << 12)

static void sets(void **state)
{
	const uint64_t all = BPF | PERFMON | SYS_ADMIN | SYS_PTRACE | NET_ADMIN;

	(void)state;
	assert_int_equal(pc_capabilities_kept(all, false), BPF | SYS_PTRACE);
	assert_int_equal(pc_capabilities_kept(all, true), BPF | SYS_PTRACE | SYS_ADMIN);
	assert_int_equal(pc_capabilities_kept(all & ~SYS_PTRACE, false), BPF);
	assert_int_equal(pc_capabilities_missing(all & ~SYS_ADMIN, false), 0);
	assert_int_equal(pc_capabilities_missing(all & ~SYS_ADMIN, true), SYS_ADMIN);
	assert_int_equal(pc_capabilities_missing(BPF | PERFMON | SYS_PTRACE, false), NET_ADMIN);
	/* The set has the others in it, but does not give what is another's. */
	assert_int_equal(pc_capabilities_missing(SYS_ADMIN, true), SYS_PTRACE);
	assert_int_equal(pc_capabilities_kept(SYS_ADMIN, false), SYS_ADMIN);
}

/* The tests run in the top folder of the tree. */
static char *text_of(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	return text;
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

static void documented(void **state)
{
	char *page = text_of("docs/privileges.md"), row[1024];

	(void)state;
	for (size_t i = 0; i < pc_capabilities_count; i++) {
		const struct pc_capability *c = &pc_capabilities[i];

		snprintf(row, sizeof(row), "\n| `%s` | %s | %s | %s |\n", c->name,
			 pc_capability_when_name(c->when), c->reason, c->lost);
		assert_non_null(strstr(page, row));
	}
	assert_int_equal(count_of(page, "\n| `CAP_"), pc_capabilities_count);
	free(page);
}

/* The unit gives what the start may need, and no more. */
static void unit(void **state)
{
	char *file = text_of("packaging/systemd/portclash.service");
	char line[256] = "\nCapabilityBoundingSet=";

	(void)state;
	for (size_t i = 0; i < pc_capabilities_count; i++) {
		size_t len = strlen(line);

		snprintf(line + len, sizeof(line) - len, "%s%s", i ? " " : "",
			 pc_capabilities[i].name);
	}
	snprintf(line + strlen(line), sizeof(line) - strlen(line), "\n");
	assert_non_null(strstr(file, line));
	assert_int_equal(count_of(file, "\nCapabilityBoundingSet="), 1);
	/* An attacker who kills the agent a few times must not silence it. */
	assert_non_null(strstr(file, "\nStartLimitIntervalSec=0\n"));
	assert_non_null(strstr(file, "\nRestart=on-failure\n"));
	/* systemd complains about keys that it does not know, and knows this one from 254 on. */
	assert_non_null(strstr(file, "\nNice=-5\n"));
	assert_null(strstr(file, "\nRestartSteps="));
	assert_non_null(strstr(file, "\n# 254+: RestartSteps="));
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_drop),
		cmocka_unit_test(calls_are_refused),
		cmocka_unit_test(calls_are_allowed),
		cmocka_unit_test(network_namespaces),
		cmocka_unit_test(intruders_die),
		cmocka_unit_test(table),
		cmocka_unit_test(sets),
		cmocka_unit_test(documented),
		cmocka_unit_test(unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
