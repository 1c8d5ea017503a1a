// SPDX-License-Identifier: GPL-2.0-only
/* The log into pipes and sockets whose reader stalls, is slow, comes back or is gone: it is never
 * waited for longer than asked, and what is read is whole lines in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "out/log.h"

#define LINE_MAX_BYTES 20000

static const struct pc_patience none = { .wait_ms = 0, .stop = -1 };

static int stream_enter_folder(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	return folder_enter(state);
}

/* "NUMBER xxx…", `len` bytes. */
static int numbered(struct pc_log *log, unsigned number, size_t len)
{
	static char line[LINE_MAX_BYTES];

	memset(line, 'x', len);
	line[snprintf(line, 16, "%u", number)] = ' ';
	return pc_log_line(log, line, len);
}

/* Whole lines of that length only, in rising order; how many. */
static unsigned check_text(const char *text, size_t size, size_t len)
{
	long last = -1;
	unsigned count = 0;

	for (size_t at = 0; at < size; at += len + 1, count++) {
		long number = strtol(text + at, NULL, 10);

		assert_true(at + len < size && text[at + len] == '\n');
		assert_null(memchr(text + at, '\n', len));
		assert_true(number > last);
		last = number;
	}
	return count;
}

static size_t stream_read_all(int fd, char *text, size_t size)
{
	size_t have = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, text + have, size - have)) > 0)
		have += (size_t)n;
	return have;
}

/* Into a new pipe, which nobody reads yet. */
static struct pc_log log_into(int ends[2], const struct pc_patience *patience)
{
	struct pc_log log = PC_LOG_INIT;

	assert_int_equal(pipe(ends), 0);
	log.fd = ends[1];
	assert_int_equal(pc_log_bound(&log, patience), 0);
	return log;
}

static void close_both(struct pc_log *log, const int ends[2])
{
	pc_log_close(log);
	close(ends[0]);
	close(ends[1]);
}

/* Write until lines are lost; return how many were accepted. */
static unsigned stream_fill(struct pc_log *log, size_t len)
{
	unsigned count = 0;

	while (!numbered(log, count, len))
		assert_true(++count < 100000);
	return count;
}

static void check_stall(int reader, int writer, size_t len)
{
	static char text[4 << 20];
	struct pc_log log = PC_LOG_INIT;
	unsigned accepted, count;
	size_t size;

	log.fd = writer;
	assert_int_equal(pc_log_bound(&log, &none), 0);
	/* as test_foreign_pipe() has it */
	assert_int_equal(log.stream->blocking, geteuid() != getuid());
	accepted = stream_fill(&log, len);
	for (unsigned i = 1; i < 10; i++)
		assert_int_equal(numbered(&log, accepted + i, len), -EAGAIN);
	assert_int_equal(log.stream->waited_ns, 0);
	assert_int_equal(log.lost, 10);
	size = stream_read_all(reader, text, sizeof(text));
	pc_log_flush(&log);
	assert_int_equal(numbered(&log, accepted + 10, len), 0);
	size += stream_read_all(reader, text + size, sizeof(text) - size);
	for (int i = 0; i < 100 && log.stream->len; i++) {
		pc_log_flush(&log);
		size += stream_read_all(reader, text + size, sizeof(text) - size);
	}
	assert_int_equal(pc_log_finish(&log), 0);
	count = check_text(text, size, len);
	assert_int_equal(count, accepted + 1);
	assert_int_equal(log.lost, 10);
	assert_int_equal(log.late, 0);
	log.fd = -1;
	pc_log_close(&log);
}

static void check_stalled_pipe(size_t len)
{
	int ends[2], flags;

	assert_int_equal(pipe(ends), 0);
	check_stall(ends[0], ends[1], len);
	flags = fcntl(ends[1], F_GETFL);
	assert_false(flags & O_NONBLOCK); /* others may share it */
	close(ends[0]);
	close(ends[1]);
}

static void test_stalled_pipe(void **state)
{
	(void)state;
	check_stalled_pipe(10);
	check_stalled_pipe(2000);
	check_stalled_pipe(4096);
	check_stalled_pipe(19999);
}

static void test_stalled_socket(void **state)
{
	int ends[2], flags;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_stall(ends[0], ends[1], 2000);
	flags = fcntl(ends[1], F_GETFL);
	assert_false(flags & O_NONBLOCK);
	close(ends[0]);
	close(ends[1]);
}

/* A pipe that cannot be opened anew, because it is another user's. */
static void test_foreign_pipe(void **state)
{
	int ends[2];

	(void)state;
	if (geteuid()) {
		print_message("skip foreign_pipe: becoming another user needs root\n");
		skip();
	}
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(seteuid(65534), 0);
	check_stall(ends[0], ends[1], 2000);
	check_stall(ends[0], ends[1], 19999);
	assert_int_equal(seteuid(0), 0);
	close(ends[0]);
	close(ends[1]);
}

/* Nobody ever reads again: short lines are in the pipe whole, and the others are counted. */
static void test_never_read(void **state)
{
	static char text[1 << 20];
	int ends[2];
	struct pc_log log = log_into(ends, &none);
	unsigned accepted, count;

	(void)state;
	accepted = stream_fill(&log, 1500);
	assert_int_equal(pc_log_finish(&log), -EAGAIN);
	count = check_text(text, stream_read_all(ends[0], text, sizeof(text)), 1500);
	assert_true(count > 20);
	assert_int_equal(log.late, accepted - count);
	assert_int_equal(log.lost, accepted - count + 1);
	close_both(&log, ends);
}

static void test_reader_gone(void **state)
{
	int ends[2];
	struct pc_log log = log_into(ends, &none);
	unsigned accepted;

	(void)state;
	accepted = stream_fill(&log, 1500);
	close(ends[0]);
	assert_int_equal(numbered(&log, 0, 1500), -EPIPE);
	assert_int_equal(numbered(&log, 0, 1500), -EPIPE);
	assert_true(log.late > 20 && log.late < accepted);
	assert_int_equal(log.lost, log.late + 3);
	pc_log_close(&log);
	close(ends[1]);
}

static void stream_read_slowly(int fd, unsigned lines, size_t len)
{
	static char text[4 << 20];
	size_t size = 0;
	ssize_t n;

	while ((n = read(fd, text + size, 1 << 15)) > 0) {
		size += (size_t)n;
		usleep(20000);
	}
	_exit(check_text(text, size, len) == lines ? 0 : 1);
}

/* A megabyte, in more than half a second: waited for, and nothing is lost. */
static void test_slow_reader(void **state)
{
	struct pc_patience patience = { .wait_ms = 5000, .stop = -1 };
	struct pc_log log = PC_LOG_INIT;
	int ends[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		stream_read_slowly(ends[0], 500, 2000);
	}
	close(ends[0]);
	log.fd = ends[1];
	assert_int_equal(pc_log_bound(&log, &patience), 0);
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(numbered(&log, i, 2000), 0);
	assert_int_equal(pc_log_finish(&log), 0);
	pc_log_close(&log);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(log.lost, 0);
}

static void assert_all_refused(struct pc_log *log)
{
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(numbered(log, i, 2000), -EAGAIN);
}

/* Waited for once, not a second time for each line. */
static void test_waits_once(void **state)
{
	struct pc_patience patience = { .wait_ms = 200, .stop = -1 };
	int ends[2];
	struct pc_log log = log_into(ends, &patience);
	uint64_t waited;

	(void)state;
	stream_fill(&log, 2000);
	waited = log.stream->waited_ns;
	assert_true(waited >= 200000000);
	assert_all_refused(&log);
	assert_int_equal(log.stream->waited_ns, waited);
	assert_int_equal(pc_log_finish(&log), -EAGAIN);
	close_both(&log, ends);
}

/* A reader that takes something now and then is waited for so long in all, until the next round. */
static void test_round(void **state)
{
	static char text[1 << 16];
	struct pc_patience patience = { .wait_ms = 50, .round_ms = 50, .stop = -1 };
	int ends[2];
	struct pc_log log = log_into(ends, &patience);

	(void)state;
	for (int round = 0; round < 3; round++) {
		uint64_t waited;

		assert_int_equal(log.stream->waited_ns, 0);
		stream_fill(&log, 2000);
		waited = log.stream->waited_ns;
		assert_true(waited >= 50000000);
		for (unsigned i = 0; i < 20; i++) {
			assert_true(read(ends[0], text, 4096) > 0);
			stream_fill(&log, 2000);
		}
		assert_int_equal(log.stream->waited_ns, waited);
		assert_true(read(ends[0], text, 4096) > 0);
		pc_log_flush(&log);
	}
	pc_log_finish(&log);
	close_both(&log, ends);
}

/* A session that is told to end waits a second in all, however patient it was: else this takes hours. */
static void test_told_to_end(void **state)
{
	struct pc_patience patience = { .wait_ms = 600000, .stop = eventfd(1, EFD_CLOEXEC) };
	int ends[2];
	struct pc_log log = log_into(ends, &patience);
	uint64_t last;

	(void)state;
	stream_fill(&log, 2000);
	last = log.stream->last_ns;
	assert_true(last > 0);
	assert_all_refused(&log);
	assert_int_equal(pc_log_finish(&log), -EAGAIN);
	assert_int_equal(log.stream->last_ns, last);
	close_both(&log, ends);
	close(patience.stop);
}

/* A FIFO: half a long line is in it when it is opened again; the next is on a line of its own. */
static void stream_test_reopen(void **state)
{
	static char text[1 << 20];
	struct pc_log log = PC_LOG_INIT;
	size_t size, len = 100000;
	char *line = calloc(1, len);
	int reader;

	(void)state;
	memset(line, 'y', len);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_int_equal(pc_log_open(&log, "fifo"), 0);
	assert_int_equal(pc_log_bound(&log, &none), 0);
	assert_int_equal(pc_log_line(&log, line, len), 0);
	assert_int_equal(pc_log_reopen(&log), 0);
	assert_int_equal(log.late, 1);
	size = stream_read_all(reader, text, sizeof(text));
	assert_true(size > 0 && size < len);
	assert_int_equal(pc_log_line(&log, "{}", 2), 0);
	size = stream_read_all(reader, text, sizeof(text));
	assert_int_equal(size, 4);
	assert_memory_equal(text, "\n{}\n", 4);
	assert_int_equal(pc_log_switch(&log, "file"), 0);
	assert_null(log.stream); /* a file stays as it is */
	assert_int_equal(pc_log_line(&log, "{}", 2), 0);
	assert_int_equal(pc_log_switch(&log, "fifo"), 0);
	assert_non_null(log.stream);
	assert_int_equal(log.lost, 1);
	pc_log_close(&log);
	folder_expect("file", "{}\n");
	close(reader);
	free(line);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, stream_enter_folder, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_stalled_pipe), IN_FOLDER(test_stalled_socket),
		IN_FOLDER(test_foreign_pipe), IN_FOLDER(test_never_read),
		IN_FOLDER(test_reader_gone),  IN_FOLDER(test_slow_reader),
		IN_FOLDER(test_waits_once),   IN_FOLDER(test_round),
		IN_FOLDER(test_told_to_end),  IN_FOLDER(stream_test_reopen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
