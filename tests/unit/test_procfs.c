// SPDX-License-Identifier: GPL-2.0-only
/* Reading processes from folders made up here, where anything can stand in the files;
 * test_procfs_race.c has what happens meanwhile, test_procfs_real.c the real /proc. */
#include "fake_proc.h"

static void procfs_whole(void **state)
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

static void procfs_kernel_thread(void **state)
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

static unsigned count_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void procfs_no_descriptor_left(void **state)
{
	struct fake *f = *state;
	unsigned before = count_descriptors();

	procfs_whole(state);
	PUT(f, "stat", "");
	bad_stat(state);
	assert_int_equal(count_descriptors(), before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FAKE(procfs_whole),
		FAKE(hostile_comm),
		FAKE(bad_stat),
		FAKE(long_cmdline),
		FAKE(procfs_kernel_thread),
		FAKE(missing_pieces),
		FAKE(odd_pieces),
		FAKE(procfs_no_descriptor_left),
	};

	alarm(120); /* a child or a FIFO that never answers is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
