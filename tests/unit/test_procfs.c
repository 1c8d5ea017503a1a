// SPDX-License-Identifier: GPL-2.0-only
/* Reading processes: from folders made up here, where anything can stand in the files and a
 * process can be replaced at the worst moment, and from the real /proc with real children. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/identity.h"
#include "host/procfs.h"

#define PID 4120
#define NETNS 4026531840U
#define TICKS 290019
#define TICK_NS (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK))

/* As the kernel writes it: fields 4 to 19, then threads (20), 21, start (22) and the rest. */
#define STAT_FORMAT "%u (%s) %c 4232 4232 2929 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 %u 0 %u 31 0\n"

struct fake {
	char root[64];
	char dir[96];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void put(const struct fake *f, const char *name, const char *bytes, size_t len)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void put_stat(const struct fake *f, const char *comm, char state, unsigned threads,
		     unsigned ticks)
{
	char text[256];
	int n = snprintf(text, sizeof(text), STAT_FORMAT, PID, comm, state, threads, ticks);

	put(f, "stat", text, (size_t)n);
}

static void put_link(const struct fake *f, const char *name, const char *to)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	unlink(path);
	assert_int_equal(symlink(to, path), 0);
}

static void drop(const struct fake *f, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	assert_int_equal(remove(path), 0);
}

#define PUT(f, name, text) put(f, name, text, sizeof(text) - 1)

static void put_status(const struct fake *f, unsigned tgid)
{
	char text[160];
	int n = snprintf(text, sizeof(text),
			 "Name:\tcurl\nUmask:\t0022\nTgid:\t%u\nPid:\t%u\n"
			 "Uid:\t1000\t0\t1000\t1000\nGid:\t5\t5\t5\t5\n",
			 tgid, PID);

	put(f, "status", text, (size_t)n);
}

static int make_fake(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));
	char path[160];

	strcpy(f->root, "/tmp/portclash-procfs-XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/%u", f->root, PID);
	snprintf(path, sizeof(path), "%s/ns", f->dir);
	if (chmod(f->root, 0755) || mkdir(f->dir, 0755) || mkdir(path, 0755))
		return -1;
	put_stat(f, "curl", 'S', 1, TICKS);
	put_status(f, PID);
	PUT(f, "cmdline", "curl\0-s\0\0http://x/ y\0");
	PUT(f, "cgroup", "0::/system.slice/backup.service\n");
	put_link(f, "exe", "/usr/bin/curl (deleted)");
	put_link(f, "ns/net", "net:[4026531840]");
	*state = f;
	return 0;
}

static int remove_fake(void **state)
{
	struct fake *f = *state;
	int err = nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(f);
	return err;
}

static void whole(void **state)
{
	struct fake *f = *state;
	struct pc_identity who;

	assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
	assert_int_equal(who.key.tgid, PID);
	assert_int_equal(who.key.start_ns, TICKS * TICK_NS);
	assert_int_equal(who.key.exec_id, 0);
	assert_int_equal(who.uid, 1000);
	assert_int_equal(who.netns, NETNS);
	assert_string_equal(who.comm, "curl");
	assert_string_equal(who.exe, "/usr/bin/curl (deleted)");
	assert_string_equal(who.cmdline, "curl -s  http://x/ y");
	assert_false(who.cmdline_cut);
	assert_string_equal(who.cgroup, "/system.slice/backup.service");
	assert_string_equal(who.unit, "backup.service");
	assert_null(who.container);
	assert_null(who.pod);
	pc_identity_free(&who);
}

static void hostile_comm(void **state)
{
	static const struct {
		const char *comm;
		const char *want;
	} examples[] = {
		{ "a) Z 1 1 1\n(b", "a) Z 1 1 1\n(b" },
		{ ")))", ")))" },
		{ "(", "(" },
		{ "", "" },
		{ " \n ", " \n " },
		{ ") R 1 2 3 4 5) ", ") R 1 2 3 4 5) " },
		{ "kworker/u8:3-events_unbound", "kworker/u8:3-ev" },
	};
	struct fake *f = *state;

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_identity who;

		put_stat(f, examples[i].comm, 'S', 1, TICKS);
		assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
		assert_string_equal(who.comm, examples[i].want);
		assert_int_equal(who.key.start_ns, TICKS * TICK_NS);
		assert_true(pc_procfs_is(f->root, &who.key));
		pc_identity_free(&who);
	}
}

static void bad_stat(void **state)
{
	static const char *const examples[] = {
		"",
		"\n",
		"4120",
		"4120 (curl",
		"4120 curl)",
		")(",
		"()",
		"4120 (curl)",
		"4120 (curl) S",
		"4120 (curl) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 0",
		"4120 ) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 0 290019 (",
		"4120 (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 0 x 0",
		"4120 (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 0 -1 0",
		"4120 (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 0 99999999999999999999 0",
	};
	struct fake *f = *state;
	struct pc_identity who, untouched;

	memset(&who, 0x5a, sizeof(who));
	memset(&untouched, 0x5a, sizeof(untouched));
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		put(f, "stat", examples[i], strlen(examples[i]));
		assert_int_equal(pc_procfs_read(f->root, PID, &who), -EBADMSG);
		assert_memory_equal(&who, &untouched, sizeof(who));
	}
}

static void long_cmdline(void **state)
{
	static const size_t sizes[] = { PC_PROCFS_CMDLINE_MAX - 1, PC_PROCFS_CMDLINE_MAX,
					PC_PROCFS_CMDLINE_MAX + 1, 1024 * 1024 };
	struct fake *f = *state;
	char *big = malloc(1024 * 1024);

	assert_non_null(big);
	memset(big, 'x', 1024 * 1024);
	big[1] = '\0';
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t want = sizes[i] < PC_PROCFS_CMDLINE_MAX ? sizes[i] : PC_PROCFS_CMDLINE_MAX;
		struct pc_identity who;

		put(f, "cmdline", big, sizes[i]);
		assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
		assert_int_equal(strlen(who.cmdline), want);
		assert_memory_equal(who.cmdline, "x xx", 4);
		assert_int_equal(who.cmdline_cut, sizes[i] > PC_PROCFS_CMDLINE_MAX);
		pc_identity_free(&who);
	}
	free(big);
}

static void kernel_thread(void **state)
{
	struct fake *f = *state;
	struct pc_identity who;

	PUT(f, "cmdline", "");
	PUT(f, "cgroup", "0::/\n");
	drop(f, "exe");
	assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
	assert_null(who.cmdline);
	assert_false(who.cmdline_cut);
	assert_null(who.exe);
	assert_null(who.unit);
	assert_string_equal(who.cgroup, "/");
	pc_identity_free(&who);
	PUT(f, "cmdline", "\0\0\0");
	assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
	assert_null(who.cmdline);
	pc_identity_free(&who);
}

static void missing_pieces(void **state)
{
	struct fake *f = *state;
	struct pc_identity who;

	drop(f, "cmdline");
	drop(f, "cgroup");
	drop(f, "exe");
	drop(f, "status");
	drop(f, "ns/net");
	assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
	assert_string_equal(who.comm, "curl");
	assert_null(who.cmdline);
	assert_null(who.cgroup);
	assert_null(who.exe);
	assert_int_equal(who.uid, 0);
	assert_int_equal(who.netns, 0);
	pc_identity_free(&who);
}

static void odd_pieces(void **state)
{
	static const char *const links[] = { "net:[]",	 "net:[12",   "net:[4294967296]", "net:12",
					     "mnt:[12]", "net:[12]x", "net:[-1]" };
	struct fake *f = *state;
	struct pc_identity who;
	uint32_t netns = 1;

	PUT(f, "status", "Uid:\t1\nUid:\t4294967295\t0\t0\t0\nTgid:\tx\n");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		put_link(f, "ns/net", links[i]);
		assert_int_equal(pc_procfs_netns(f->root, PID, &netns), -EBADMSG);
		assert_int_equal(netns, 1);
		assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
		assert_int_equal(who.netns, 0);
		assert_int_equal(who.uid, UINT32_MAX);
		pc_identity_free(&who);
	}
}

/* In a child that is not root, for which nothing would be forbidden. */
static int read_forbidden(const struct fake *f)
{
	struct pc_identity who;
	uint32_t value;

	if (geteuid() == 0 && setuid(65534))
		return 1;
	if (pc_procfs_read(f->root, PID, &who))
		return 2;
	if (who.cmdline || who.netns || !who.exe || who.uid != 1000)
		return 3;
	if (pc_procfs_netns(f->root, PID, &value) != -EACCES)
		return 4;
	if (pc_procfs_netns_pid(f->root, NETNS, &value) != -EACCES)
		return 5;
	pc_identity_free(&who);
	return 0;
}

static void forbidden(void **state)
{
	struct fake *f = *state;
	char path[160];
	int status;
	pid_t child;

	snprintf(path, sizeof(path), "%s/cmdline", f->dir);
	assert_int_equal(chmod(path, 0), 0);
	snprintf(path, sizeof(path), "%s/ns", f->dir);
	assert_int_equal(chmod(path, 0), 0);
	child = fork();
	if (!child)
		_exit(read_forbidden(f));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(path, 0755), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void no_process(void **state)
{
	struct fake *f = *state;
	struct pc_identity who;
	uint32_t netns;
	char root[5000];

	assert_int_equal(pc_procfs_read(f->root, PID + 1, &who), -ESRCH);
	assert_int_equal(pc_procfs_netns(f->root, PID + 1, &netns), -ESRCH);
	assert_int_equal(pc_procfs_read("/nowhere", PID, &who), -ESRCH);
	assert_int_equal(pc_procfs_netns_pid("/nowhere", NETNS, &netns), -ENOENT);
	memset(root, '/', sizeof(root) - 1);
	root[sizeof(root) - 1] = '\0';
	assert_int_equal(pc_procfs_read(root, PID, &who), -ENAMETOOLONG);
	put_status(f, PID - 1); /* a thread of another process */
	assert_int_equal(pc_procfs_read(f->root, PID, &who), -ESRCH);
	put_status(f, PID);
	drop(f, "stat");
	assert_int_equal(pc_procfs_read(f->root, PID, &who), -ESRCH);
}

/* The command line is a FIFO: the reader waits there, with the first half read, until this
 * thread has changed what the second half will find. */
struct swap {
	const struct fake *fake;
	unsigned ticks; /* 0: the process vanishes */
};

static void *swap_process(void *argument)
{
	const struct swap *swap = argument;
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/cmdline", swap->fake->dir);
	fd = open(path, O_WRONLY);
	if (swap->ticks)
		put_stat(swap->fake, "other", 'S', 1, swap->ticks);
	else
		drop(swap->fake, "stat");
	if (write(fd, "other", 5) != 5)
		abort();
	close(fd);
	return NULL;
}

static int read_swapped(const struct fake *f, unsigned ticks, struct pc_identity *who)
{
	struct swap swap = { f, ticks };
	pthread_t thread;
	char path[160];
	int err;

	snprintf(path, sizeof(path), "%s/cmdline", f->dir);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap_process, &swap), 0);
	err = pc_procfs_read(f->root, PID, who);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return err;
}

static void replaced_halfway(void **state)
{
	struct fake *f = *state;
	struct pc_identity who;

	assert_int_equal(read_swapped(f, TICKS, &who), 0);
	assert_string_equal(who.cmdline, "other");
	pc_identity_free(&who);
	assert_int_equal(read_swapped(f, TICKS + 1, &who), -ESRCH);
	assert_int_equal(read_swapped(f, 0, &who), -ESRCH);
}

static void same_process(void **state)
{
	struct fake *f = *state;
	struct pc_process_key key = { TICKS * TICK_NS, PID, 3 };

	assert_true(pc_procfs_is(f->root, &key));
	key.start_ns += TICK_NS - 1; /* the kernel's is exact */
	assert_true(pc_procfs_is(f->root, &key));
	key.start_ns += 1;
	assert_false(pc_procfs_is(f->root, &key));
	key.start_ns = TICKS * TICK_NS - 1;
	assert_false(pc_procfs_is(f->root, &key));
	key.start_ns = TICKS * TICK_NS;
	key.tgid = PID + 1;
	assert_false(pc_procfs_is(f->root, &key));
	key.tgid = PID;
	put_stat(f, "curl", 'Z', 1, TICKS);
	assert_false(pc_procfs_is(f->root, &key));
	put_stat(f, "curl", 'X', 1, TICKS);
	assert_false(pc_procfs_is(f->root, &key));
	put_stat(f, "curl", 'Z', 2, TICKS);
	assert_true(pc_procfs_is(f->root, &key));
	PUT(f, "stat", "");
	assert_false(pc_procfs_is(f->root, &key));
}

static void find_netns(void **state)
{
	struct fake *f = *state;
	char path[160];
	uint32_t pid = 1;

	snprintf(path, sizeof(path), "%s/self", f->root);
	assert_int_equal(symlink(f->dir, path), 0);
	assert_int_equal(pc_procfs_netns_pid(f->root, NETNS, &pid), 0);
	assert_int_equal(pid, PID);
	pid = 1;
	assert_int_equal(pc_procfs_netns_pid(f->root, NETNS + 1, &pid), -ESRCH);
	put_stat(f, "curl", 'Z', 1, TICKS);
	assert_int_equal(pc_procfs_netns_pid(f->root, NETNS, &pid), -ESRCH);
	assert_int_equal(pid, 1);
}

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

static char state_of(pid_t pid)
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
	for (int i = 0; i < 1000 && state_of(child) != 'Z'; i++)
		usleep(5000);
	assert_int_equal(state_of(child), 'Z');
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

static unsigned count_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_descriptor_left(void **state)
{
	struct fake *f = *state;
	unsigned before = count_descriptors();

	whole(state);
	no_process(state);
	PUT(f, "stat", "");
	bad_stat(state);
	real_self(state);
	assert_int_equal(count_descriptors(), before);
}

#define FAKE(test) cmocka_unit_test_setup_teardown(test, make_fake, remove_fake)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FAKE(whole),
		FAKE(hostile_comm),
		FAKE(bad_stat),
		FAKE(long_cmdline),
		FAKE(kernel_thread),
		FAKE(missing_pieces),
		FAKE(odd_pieces),
		FAKE(forbidden),
		FAKE(no_process),
		FAKE(replaced_halfway),
		FAKE(same_process),
		FAKE(find_netns),
		FAKE(no_descriptor_left),
		cmocka_unit_test(real_self),
		cmocka_unit_test(real_child),
		cmocka_unit_test(real_leader_gone),
		cmocka_unit_test(real_thread),
	};

	alarm(120); /* a child or a FIFO that never answers is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
