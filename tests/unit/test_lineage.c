// SPDX-License-Identifier: GPL-2.0-only
/* Parent and session are read from hostile stat files and from those of real processes. */
#include "fake_proc.h"

#include <signal.h>

#include "host/lineage.h"

/* Fields 7 to 24 of proc(5): 18 numbers. */
#define REST " 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 290019 31 0\n"

static int read_of(const struct fake *f, const char *stat, struct pc_procfile_stat *out)
{
	put(f, "stat", stat, strlen(stat));
	return pc_procfs_stat(f->root, PID, out);
}

static void expect_lineage(const struct fake *f, const char *stat, uint32_t parent,
			   uint32_t session)
{
	struct pc_procfile_stat out;

	assert_int_equal(read_of(f, stat, &out), 0);
	assert_false(out.reaped);
	assert_int_equal(out.parent, parent);
	assert_int_equal(out.session, session);
}

static void parent_and_session(void **state)
{
	const struct fake *f = *state;
	struct pc_procfile_stat out;

	expect_lineage(f, "4120 (curl) S 7 8 9" REST, 7, 9);
	/* comm is the process's own text. */
	expect_lineage(f, "4120 (a) S 1 1 1 (b) R 7 8 9" REST, 7, 9);
	expect_lineage(f, "4120 (x\n) S 0 0 0" REST, 0, 0);
	/* The kernel has reaped the process, but the folder is still open. */
	assert_int_equal(read_of(f, "4120 (curl) X 0 -1 -1" REST, &out), 0);
	assert_true(out.reaped);
}

static void damaged_stat(void **state)
{
	static const char *const texts[] = { "",
					     "4120",
					     "4120 (curl",
					     "4120 (curl) S",
					     "4120 (curl) S 7 8",
					     "4120 (curl) S 7 8 9",
					     "4120 (curl) S x y z" REST,
					     "4120 (curl) S -1 8 9" REST,
					     "4120 (curl) S 7 8 -12" REST,
					     "4120 (curl) S 7 8 4294967296" REST };
	const struct fake *f = *state;
	struct pc_procfile_stat out = { .parent = 1, .session = 2 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(read_of(f, texts[i], &out), -EBADMSG);
	assert_int_equal(pc_procfs_stat(f->root, PID + 1, &out), -ESRCH);
	assert_int_equal(out.parent, 1);
	assert_int_equal(out.session, 2);
}

static void is_daemon(void **state)
{
	const struct fake *f = *state;
	struct pc_procfile_stat out;

	/* The process leads a session of its own. */
	read_of(f, "4120 (d) S 1 4120 4120" REST, &out);
	assert_true(pc_lineage_is_daemon(f->root, PID, 77));
	/* The claimer led its session, so it is a child that was left behind. Whether the claimer
	 * still runs makes no difference. */
	read_of(f, "4120 (d) S 1 77 77" REST, &out);
	assert_false(pc_lineage_is_daemon(f->root, PID, 77));
	/* The leader has ended and was not the claimer. */
	assert_true(pc_lineage_is_daemon(f->root, PID, 78));
	/* The kernel's own session, that of an initramfs, has no leader that could have ended. */
	read_of(f, "4120 (d) S 1 0 0" REST, &out);
	assert_false(pc_lineage_is_daemon(f->root, PID, 78));
	/* The process itself has ended. */
	read_of(f, "4120 (d) X 0 -1 -1" REST, &out);
	assert_true(pc_lineage_is_daemon(f->root, PID, 78));
	assert_true(pc_lineage_is_daemon(f->root, PID + 1, 78));
	assert_int_equal(pc_lineage_parent(f->root, PID), 0);
	assert_int_equal(pc_lineage_parent(f->root, PID + 1), 0);
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

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void real_processes(void **state)
{
	pid_t one = child(false), two = child(true), me = getpid();
	struct pc_identity a, b, self;
	struct pc_procfile_stat f;

	(void)state;
	assert_int_equal(pc_procfs_stat("/proc", (uint32_t)two, &f), 0);
	assert_int_equal(f.parent, me);
	assert_int_equal(f.session, two);
	assert_int_equal(pc_lineage_parent("/proc", (uint32_t)two), me);
	assert_true(pc_lineage_is_daemon("/proc", (uint32_t)two, (uint32_t)me));
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)one, &a), 0);
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)two, &b), 0);
	assert_int_equal(pc_procfs_read("/proc", (uint32_t)me, &self), 0);
	assert_true(pc_lineage_is_kin("/proc", &a, &self));
	assert_true(pc_lineage_is_kin("/proc", &self, &a));
	assert_true(pc_lineage_is_kin("/proc", &a, &b)); /* their parent runs the same file */
	free(a.exe);
	a.exe = strdup("/another/program");
	assert_false(pc_lineage_is_kin("/proc", &a, &b));
	end_child(one);
	assert_false(pc_lineage_is_kin("/proc", &a, &b)); /* one has exited */
	end_child(two);
	pc_identity_free(&a);
	pc_identity_free(&b);
	pc_identity_free(&self);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FAKE(parent_and_session),
		FAKE(damaged_stat),
		FAKE(is_daemon),
		cmocka_unit_test(real_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
