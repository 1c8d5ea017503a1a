// SPDX-License-Identifier: GPL-2.0-only
/* Reading processes that may not be read, that are not there, that are replaced by another at
 * the worst moment; and finding one in a network namespace. */
#include "fake_proc.h"

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

static void procfs_race_forbidden(void **state)
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
 * thread has changed what the second half will find. The process is root's: the reader waits only 50 ms for
 * the command line of a user's, and this thread may get no CPU for longer. */
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

	PUT(f, "status", "Name:\tcurl\nTgid:\t4120\nUid:\t0\t0\t0\t0\n");
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

static void procfs_race_same_process(void **state)
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

static void procfs_race_find_netns(void **state)
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FAKE(procfs_race_forbidden),  FAKE(no_process),
		FAKE(replaced_halfway),	      FAKE(procfs_race_same_process),
		FAKE(procfs_race_find_netns),
	};

	alarm(120); /* a child or a FIFO that never answers is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
