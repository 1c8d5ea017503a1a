// SPDX-License-Identifier: GPL-2.0-only
/* The log under everything that stops a line half-way: a full disk, a size limit, a full pipe, a
 * reader that is gone. What can be read afterwards is whole lines, or half ones on their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "out/log.h"

#define GOOD "{\"good\":1}"

static int log_enter_folder(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return folder_enter(state);
}

static int good_line(struct pc_log *log)
{
	return pc_log_line(log, GOOD, strlen(GOOD));
}

static int long_line(struct pc_log *log, char letter, size_t len)
{
	char *line = malloc(len);
	int err;

	memset(line, letter, len);
	err = pc_log_line(log, line, len);
	free(line);
	return err;
}

static void assert_reads(int fd, const char *expected)
{
	char text[256] = "";

	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, expected);
}

static off_t log_size_of2(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void test_appends(void **state)
{
	struct pc_log log = PC_LOG_INIT;
	mode_t mask = umask(0);
	struct stat st;

	(void)state;
	assert_int_equal(pc_log_open(&log, "log"), 0);
	umask(mask);
	assert_int_equal(good_line(&log), 0);
	assert_int_equal(pc_log_line(&log, "", 0), 0);
	pc_log_close(&log);
	assert_int_equal(pc_log_open(&log, "log"), 0);
	assert_int_equal(good_line(&log), 0);
	pc_log_close(&log);
	pc_log_close(&log);
	pc_log_close(NULL);
	folder_expect("log", GOOD "\n\n" GOOD "\n");
	assert_true(!stat("log", &st) && st.st_mode == (S_IFREG | 0640));
	assert_int_equal(log.lost, 0);
	assert_int_equal(good_line(&log), -EBADF);
	assert_int_equal(log.lost, 1);
}

static void test_cannot_open(void **state)
{
	struct pc_log log = PC_LOG_INIT;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(pc_log_open(&log, "missing/log"), -ENOENT);
	assert_int_equal(pc_log_open(&log, "."), -EISDIR);
	assert_int_equal(pc_log_open(&log, "fifo"), -ENXIO); /* nobody reads: no waiting */
	assert_int_equal(log.fd, -1);
	assert_null(log.path);
}

static void test_standard_output(void **state)
{
	struct pc_log log = PC_LOG_INIT;
	int saved = dup(STDOUT_FILENO);
	int file = open("stdout", O_WRONLY | O_CREAT, 0600);
	int err;

	(void)state;
	dup2(file, STDOUT_FILENO);
	err = pc_log_open(&log, NULL) || good_line(&log) || pc_log_reopen(&log) || good_line(&log);
	pc_log_close(&log);
	dup2(saved, STDOUT_FILENO); /* still open: it is not the log's to close */
	close(saved);
	close(file);
	assert_int_equal(err, 0);
	folder_expect("stdout", GOOD "\n" GOOD "\n");
}

static void test_dev_full(void **state)
{
	struct pc_log log = PC_LOG_INIT;

	(void)state;
	assert_int_equal(pc_log_open(&log, "/dev/full"), 0);
	assert_int_equal(good_line(&log), -ENOSPC);
	assert_int_equal(good_line(&log), -ENOSPC);
	assert_int_equal(log.lost, 2);
	assert_false(log.torn);
	pc_log_close(&log);
}

static void log_limit_file_size(rlim_t limit)
{
	struct rlimit now;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &now), 0);
	now.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

/* The limit makes the kernel take a part of the line, as a full disk does. */
static void test_file_is_cut_back(void **state)
{
	struct pc_log log = PC_LOG_INIT;

	(void)state;
	assert_int_equal(pc_log_open(&log, "log"), 0);
	assert_int_equal(good_line(&log), 0);
	log_limit_file_size(100);
	assert_int_equal(long_line(&log, 'x', 500), -EFBIG);
	folder_expect("log", GOOD "\n");
	assert_int_equal(good_line(&log), 0); /* a short one still fits */
	log_limit_file_size(RLIM_INFINITY);
	assert_int_equal(good_line(&log), 0);
	folder_expect("log", GOOD "\n" GOOD "\n" GOOD "\n");
	assert_int_equal(log.lost, 1);
	pc_log_close(&log);
}

/* Standard output may be shared: what is torn stays, on a line of its own. */
static void test_shared_file_is_closed_off(void **state)
{
	struct pc_log log = { .fd = open("stdout", O_WRONLY | O_CREAT, 0600) };

	(void)state;
	log_limit_file_size(8);
	assert_int_equal(long_line(&log, 'x', 500), -EFBIG);
	assert_int_equal(long_line(&log, 'y', 500), -EFBIG); /* not a byte of it */
	log_limit_file_size(9);
	assert_int_equal(long_line(&log, 'z', 500), -EFBIG); /* only the newline before it */
	log_limit_file_size(RLIM_INFINITY);
	assert_int_equal(good_line(&log), 0);
	assert_int_equal(good_line(&log), 0);
	folder_expect("stdout", "xxxxxxxx\n" GOOD "\n" GOOD "\n");
	assert_int_equal(log.lost, 3);
	close(log.fd);
}

static void test_opened_torn(void **state)
{
	struct pc_log log = PC_LOG_INIT;

	(void)state;
	folder_put("log", "{\"type\":\"refu");
	assert_int_equal(pc_log_open(&log, "log"), 0);
	log_limit_file_size(20);
	assert_int_equal(long_line(&log, 'x', 500), -EFBIG); /* taken back: still torn */
	log_limit_file_size(RLIM_INFINITY);
	assert_int_equal(good_line(&log), 0);
	assert_int_equal(good_line(&log), 0);
	pc_log_close(&log);
	folder_expect("log", "{\"type\":\"refu\n" GOOD "\n" GOOD "\n");
}

static void log_test_reopen(void **state)
{
	struct pc_log log = PC_LOG_INIT;

	(void)state;
	assert_int_equal(pc_log_open(&log, "log"), 0);
	assert_int_equal(good_line(&log), 0);
	assert_int_equal(rename("log", "log.1"), 0);
	assert_int_equal(mkdir("log", 0700), 0);
	assert_int_equal(pc_log_reopen(&log), -EISDIR);
	assert_int_equal(good_line(&log), 0); /* the old one is still open */
	assert_int_equal(rmdir("log"), 0);
	folder_put("log", "half"); /* by another */
	assert_int_equal(pc_log_reopen(&log), 0);
	assert_int_equal(good_line(&log), 0);
	assert_int_equal(pc_log_reopen(&log), 0); /* nothing was moved */
	assert_int_equal(good_line(&log), 0);
	log.lost = 7;
	assert_int_equal(pc_log_switch(&log, "."), -EISDIR);
	assert_int_equal(pc_log_switch(&log, "other") || good_line(&log), 0);
	pc_log_close(&log);
	folder_expect("other", GOOD "\n");
	folder_expect("log.1", GOOD "\n" GOOD "\n");
	folder_expect("log", "half\n" GOOD "\n" GOOD "\n");
	assert_int_equal(log.lost, 7);
}

static void drain(int fd, char *last, size_t size)
{
	char text[4096];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0) {
		assert_true((size_t)n < size);
		memcpy(last, text, n);
		last[n] = '\0';
	}
}

/* A FIFO whose reader stalls: the agent goes on, and the reader finds the half line closed off. */
static void test_stalled_reader(void **state)
{
	struct pc_log log = PC_LOG_INIT;
	char last[4097];
	int reader;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_int_equal(pc_log_open(&log, "fifo"), 0);
	assert_int_equal(long_line(&log, 'x', 1 << 20), -EAGAIN);
	assert_true(log.torn);
	assert_int_equal(good_line(&log), -EAGAIN);
	drain(reader, last, sizeof(last));
	assert_int_equal(last[0], 'x');
	assert_int_equal(good_line(&log), 0);
	assert_reads(reader, "\n" GOOD "\n");
	assert_int_equal(good_line(&log), 0);
	assert_reads(reader, GOOD "\n");
	close(reader);
	assert_int_equal(good_line(&log), -EPIPE);
	assert_int_equal(log.lost, 3);
	pc_log_close(&log);
}

static void on_alarm(int number)
{
	(void)number;
}

static void log_read_slowly(int fd)
{
	char text[1 << 15];
	size_t total = 0, others = 0;
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			others += text[i] != 'x';
		total += n;
		usleep(4000); /* some signals find a full pipe: nothing written */
	}
	_exit(total == (1 << 20) + 1 && others == 1 ? 0 : 1);
}

/* One line through a pipe of 64 KiB, in many short writes, each broken off by a signal. */
static void test_interrupted(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	struct pc_log log = PC_LOG_INIT;
	int ends[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		log_read_slowly(ends[0]);
	}
	log.fd = ends[1];
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(long_line(&log, 'x', 1 << 20), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A file system of 64 KiB that only this process sees. */
static void log_mount_small(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		print_message("skip full_disk: mounting a small file system needs root\n");
		skip();
	}
	assert_int_equal(mkdir("small", 0755), 0);
	assert_int_equal(mount("none", "small", "tmpfs", 0, "size=64k"), 0);
}

/* 64 KiB are full after 65 lines of 1,000 bytes and a half: that half is taken back. */
static void log_test_full_disk(void **state)
{
	struct pc_log log = PC_LOG_INIT;
	int whole = 0;

	(void)state;
	log_mount_small();
	assert_int_equal(pc_log_open(&log, "small/log"), 0);
	while (whole < 1000 && !long_line(&log, 'x', 999))
		whole++;
	assert_int_equal(whole, 65);
	assert_int_equal(log_size_of2("small/log"), whole * 1000);
	assert_int_equal(long_line(&log, 'x', 999), -ENOSPC);
	assert_int_equal(log_size_of2("small/log"), whole * 1000);
	assert_int_equal(log.lost, 2);
	assert_int_equal(truncate("small/log", 0), 0); /* as logrotate's copytruncate does */
	assert_int_equal(good_line(&log), 0);
	folder_expect("small/log", GOOD "\n");
	pc_log_close(&log);
	assert_int_equal(umount2("small", MNT_DETACH), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, log_enter_folder, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_appends),	  IN_FOLDER(test_cannot_open),
		IN_FOLDER(test_standard_output),  IN_FOLDER(test_dev_full),
		IN_FOLDER(test_file_is_cut_back), IN_FOLDER(test_shared_file_is_closed_off),
		IN_FOLDER(test_opened_torn),	  IN_FOLDER(log_test_reopen),
		IN_FOLDER(test_stalled_reader),	  IN_FOLDER(test_interrupted),
		IN_FOLDER(log_test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
