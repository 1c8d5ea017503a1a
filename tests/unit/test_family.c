// SPDX-License-Identifier: GPL-2.0-only
/* Parent and session of processes: from hostile stat files, and of real processes. */
#include "fake_proc.h"

#include <signal.h>

#include "host/family.h"

static int read_of(const struct fake *f, const char *stat, struct pc_family *out)
{
	put(f, "stat", stat, strlen(stat));
	return pc_family_read(f->root, PID, out);
}

static void fields(void **state)
{
	const struct fake *f = *state;
	struct pc_family out;

	assert_int_equal(read_of(f, "4120 (curl) S 7 8 9 0 -1\n", &out), 0);
	assert_int_equal(out.parent, 7);
	assert_int_equal(out.session, 9);
	/* comm is the process's own text. */
	assert_int_equal(read_of(f, "4120 (a) S 1 1 1 (b) R 7 8 9 0 -1\n", &out), 0);
	assert_int_equal(out.parent, 7);
	assert_int_equal(out.session, 9);
	assert_int_equal(read_of(f, "4120 (x\n) S 0 0 0 0 -1\n", &out), 0);
	assert_int_equal(out.session, 0);
}

static void damaged(void **state)
{
	static const char *const texts[] = { "",
					     "4120",
					     "4120 (curl",
					     "4120 (curl) S",
					     "4120 (curl) S 7 8",
					     "4120 (curl) S x y z" };
	const struct fake *f = *state;
	struct pc_family out = { 1, 2 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(read_of(f, texts[i], &out), -EBADMSG);
	assert_int_equal(pc_family_read(f->root, PID + 1, &out), -ESRCH);
	assert_int_equal(out.parent, 1);
	assert_int_equal(out.session, 2);
}

static void is_daemon(void **state)
{
	const struct fake *f = *state;
	struct pc_family out;

	/* It leads a session of its own. */
	read_of(f, "4120 (d) S 1 4120 4120 0\n", &out);
	assert_true(pc_family_is_daemon(f->root, PID, 77));
	/* The maker led its session: a child that was left behind, whatever became of the maker. */
	read_of(f, "4120 (d) S 1 77 77 0\n", &out);
	assert_false(pc_family_is_daemon(f->root, PID, 77));
	/* Whoever led it is gone, and was not the maker: not known, taken for a daemon. */
	assert_true(pc_family_is_daemon(f->root, PID, 78));
	/* The kernel's own session, that of an initramfs, has no leader to be gone. */
	read_of(f, "4120 (d) S 1 0 0 0\n", &out);
	assert_false(pc_family_is_daemon(f->root, PID, 78));
	assert_true(pc_family_is_daemon(f->root, PID + 1, 78));
}

/* Stands still until it is told to go. */
static pid_t child(bool own_session)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (own_session)
			setsid();
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void real_processes(void **state)
{
	pid_t one = child(false), two = child(true), me = getpid();
	struct pc_identity a, b, self;
	struct pc_family f;

	(void)state;
	assert_int_equal(pc_family_read("/proc", (uint32_t)two, &f), 0);
	assert_int_equal(f.parent, me);
	assert_int_equal(f.session, two);
	assert_true(pc_family_is_daemon("/proc", (uint32_t)two, (uint32_t)me));
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)one, &a), 0);
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)two, &b), 0);
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)me, &self), 0);
	assert_true(pc_family_is_kin("/proc", &a, &self));
	assert_true(pc_family_is_kin("/proc", &self, &a));
	assert_true(pc_family_is_kin("/proc", &a, &b)); /* their parent runs the same file */
	free(a.exe);
	a.exe = strdup("/another/program");
	assert_false(pc_family_is_kin("/proc", &a, &b));
	end(one);
	assert_false(pc_family_is_kin("/proc", &a, &b)); /* one has exited */
	end(two);
	pc_identity_free(&a);
	pc_identity_free(&b);
	pc_identity_free(&self);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FAKE(fields),
		FAKE(damaged),
		FAKE(is_daemon),
		cmocka_unit_test(real_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
