// SPDX-License-Identifier: GPL-2.0-only
/* A file replaced in one step: whole or not at all, nothing left behind, whatever stands in the
 * way. A full disk and a killed writer are real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "out/atomic.h"

#define TARGET "x.prom"

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = -2; /* . and .. */

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void own_temporary(char *name, size_t size)
{
	snprintf(name, size, "." TARGET ".%d.tmp", getpid());
}

static void test_new_file(void **state)
{
	mode_t mask = umask(077);
	struct stat st;

	(void)state;
	assert_int_equal(pc_write_atomic(TARGET, "new\n", 4), 0);
	umask(mask);
	folder_expect(TARGET, "new\n");
	assert_int_equal(stat(TARGET, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(count_entries("."), 1);
}

static void test_replaces(void **state)
{
	char path[PATH_MAX], text[8] = "";
	int fd;

	folder_put(TARGET, "old\n");
	fd = open(TARGET, O_RDONLY);
	snprintf(path, sizeof(path), "%s/" TARGET, (char *)*state);
	assert_int_equal(pc_write_atomic(path, "new\n", 4), 0);
	folder_expect(TARGET, "new\n");
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "old\n"); /* whoever reads it now still has the old one, whole */
	close(fd);
	assert_int_equal(pc_write_atomic("./" TARGET, NULL, 0), 0);
	folder_expect(TARGET, "");
	assert_int_equal(count_entries("."), 1);
}

static void test_bad_targets(void **state)
{
	char name[NAME_MAX + 1], path[PATH_MAX + 8];
	struct stat st;

	(void)state;
	folder_put("file", "");
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(pc_write_atomic("folder", "x", 1), -EISDIR);
	assert_int_equal(pc_write_atomic("folder/", "x", 1), -EISDIR);
	assert_int_equal(pc_write_atomic("folder/.", "x", 1), -EISDIR);
	assert_int_equal(pc_write_atomic("..", "x", 1), -EISDIR);
	assert_int_equal(pc_write_atomic("/", "x", 1), -EISDIR);
	assert_int_equal(pc_write_atomic("", "x", 1), -ENOENT);
	assert_int_equal(pc_write_atomic("missing/" TARGET, "x", 1), -ENOENT);
	assert_int_equal(pc_write_atomic("file/" TARGET, "x", 1), -ENOTDIR);
	assert_int_equal(pc_write_atomic("fifo", "x", 1), -EINVAL);
	assert_int_equal(pc_write_atomic("/dev/null", "x", 1), -EINVAL);
	assert_true(!lstat("fifo", &st) && S_ISFIFO(st.st_mode));
	assert_true(!lstat("/dev/null", &st) && S_ISCHR(st.st_mode));
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	assert_int_equal(pc_write_atomic(name, "x", 1), -ENAMETOOLONG);
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 2] = 'x';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(pc_write_atomic(path, "x", 1), -ENAMETOOLONG);
	assert_int_equal(count_entries("."), 3);
}

static void test_symlink_is_replaced(void **state)
{
	struct stat st;

	(void)state;
	folder_put("victim", "victim\n");
	assert_int_equal(symlink("victim", TARGET), 0);
	assert_int_equal(pc_write_atomic(TARGET, "new\n", 4), 0);
	folder_expect("victim", "victim\n");
	assert_true(!lstat(TARGET, &st) && S_ISREG(st.st_mode));
}

static void test_stale_are_removed(void **state)
{
	char own[64];

	(void)state;
	own_temporary(own, sizeof(own));
	folder_put(own, "of a predecessor with the same pid");
	folder_put("." TARGET ".1.tmp", "of a killed one");
	folder_put("." TARGET ".999999.tmp", "of another");
	assert_int_equal(pc_write_atomic(TARGET, "new\n", 4), 0);
	folder_expect(TARGET, "new\n");
	assert_int_equal(count_entries("."), 1);
}

static void test_others_are_kept(void **state)
{
	static const char *const others[] = { ".y.prom.1.tmp",	       "." TARGET ".tmp",
					      "." TARGET ".1.tmp.bak", "." TARGET ".x.tmp",
					      "." TARGET "..tmp",      TARGET ".1.tmp" };
	const int count = sizeof(others) / sizeof(others[0]);

	(void)state;
	for (int i = 0; i < count; i++)
		folder_put(others[i], "kept");
	folder_put("victim", "victim\n");
	assert_int_equal(symlink("victim", "." TARGET ".2.tmp"), 0);
	assert_int_equal(mkfifo("." TARGET ".3.tmp", 0600), 0);
	assert_int_equal(pc_write_atomic(TARGET, "new\n", 4), 0);
	for (int i = 0; i < count; i++)
		folder_expect(others[i], "kept");
	folder_expect("victim", "victim\n");
	assert_int_equal(count_entries("."), count + 4);
}

static void test_live_writer_is_left_alone(void **state)
{
	char own[64];
	int other, same;

	(void)state;
	folder_put(TARGET, "old\n");
	other = open("." TARGET ".1.tmp", O_RDWR | O_CREAT, 0600);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_int_equal(pc_write_atomic(TARGET, "new\n", 4), 0);
	assert_int_equal(count_entries("."), 2);

	own_temporary(own, sizeof(own)); /* the same pid in another pid namespace */
	same = open(own, O_RDWR | O_CREAT, 0600);
	assert_int_equal(flock(same, LOCK_EX), 0);
	assert_int_equal(pc_write_atomic(TARGET, "newer\n", 6), -EEXIST);
	folder_expect(TARGET, "new\n");
	close(same);
	close(other);
	assert_int_equal(pc_write_atomic(TARGET, "newer\n", 6), 0);
	folder_expect(TARGET, "newer\n");
	assert_int_equal(count_entries("."), 1);
}

static void atomic_limit_file_size(rlim_t limit)
{
	struct rlimit now;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &now), 0);
	now.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

static void test_failed_write_leaves_old(void **state)
{
	static const char data[8192];
	int before = count_entries("/proc/self/fd");

	(void)state;
	folder_put(TARGET, "old\n");
	signal(SIGXFSZ, SIG_IGN);
	atomic_limit_file_size(4096);
	assert_int_equal(pc_write_atomic(TARGET, data, sizeof(data)), -EFBIG);
	atomic_limit_file_size(RLIM_INFINITY);
	folder_expect(TARGET, "old\n");
	assert_int_equal(count_entries("."), 1);
	assert_int_equal(count_entries("/proc/self/fd"), before);
}

static void test_killed_half_way(void **state)
{
	static const char data[8192];
	int status;
	pid_t pid;

	(void)state;
	folder_put(TARGET, "old\n");
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		signal(SIGXFSZ, SIG_DFL); /* kills it in the second write() */
		atomic_limit_file_size(4096);
		pc_write_atomic(TARGET, data, sizeof(data));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	folder_expect(TARGET, "old\n");
	assert_int_equal(count_entries("."), 2);
	assert_int_equal(pc_write_atomic(TARGET, "new\n", 4), 0);
	assert_int_equal(count_entries("."), 1);
}

#define WRITERS 4
#define ROUNDS 100
#define LONGEST 20000

/* Lines of one letter; a file that mixes two writers, or is short, is torn. */
static void hammer(int writer)
{
	char data[LONGEST];

	memset(data, 'a' + writer, sizeof(data));
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = 2 + (writer * 7919 + i * 104729) % (LONGEST - 2);
		int err;

		data[len - 1] = '\n';
		err = pc_write_atomic(TARGET, data, len);
		data[len - 1] = 'a' + writer;
		if (err && err != -EAGAIN && err != -EEXIST)
			_exit(-err);
	}
	_exit(0);
}

static void assert_not_torn(void)
{
	char data[LONGEST + 1];
	int fd = open(TARGET, O_RDONLY);
	ssize_t n = read(fd, data, sizeof(data));

	close(fd);
	assert_true(n >= 2 && data[n - 1] == '\n');
	for (ssize_t i = 0; i < n - 1; i++)
		assert_int_equal(data[i], data[0]);
}

static void test_many_writers(void **state)
{
	int running = WRITERS, status;

	(void)state;
	assert_int_equal(pc_write_atomic(TARGET, "z\n", 2), 0);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0)
			hammer(i);
	while (running > 0) {
		assert_not_torn();
		if (waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			running--;
		}
	}
	assert_int_equal(count_entries("."), 1);
}

/* A file system of 64 KiB that only this process sees. */
static void atomic_mount_small(void)
{
	static bool is_private;

	if (!is_private &&
	    (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))) {
		print_message("skip full_disk: mounting a small file system needs root\n");
		skip();
	}
	is_private = true;
	assert_int_equal(mkdir("small", 0755), 0);
	assert_int_equal(mount("none", "small", "tmpfs", 0, "size=64k"), 0);
}

static void atomic_test_full_disk(void **state)
{
	static const char data[1 << 20];

	(void)state;
	atomic_mount_small();
	folder_put("small/" TARGET, "old\n");
	assert_int_equal(pc_write_atomic("small/" TARGET, data, sizeof(data)), -ENOSPC);
	folder_expect("small/" TARGET, "old\n");
	assert_int_equal(count_entries("small"), 1);
	assert_int_equal(pc_write_atomic("small/" TARGET, "new\n", 4), 0);
	assert_int_equal(mount("none", "small", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(pc_write_atomic("small/" TARGET, "newer\n", 6), -EROFS);
	folder_expect("small/" TARGET, "new\n");
	assert_int_equal(umount2("small", MNT_DETACH), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_new_file),
		IN_FOLDER(test_replaces),
		IN_FOLDER(test_bad_targets),
		IN_FOLDER(test_symlink_is_replaced),
		IN_FOLDER(test_stale_are_removed),
		IN_FOLDER(test_others_are_kept),
		IN_FOLDER(test_live_writer_is_left_alone),
		IN_FOLDER(test_failed_write_leaves_old),
		IN_FOLDER(test_killed_half_way),
		IN_FOLDER(test_many_writers),
		IN_FOLDER(atomic_test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
