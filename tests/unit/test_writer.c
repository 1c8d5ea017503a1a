// SPDX-License-Identifier: GPL-2.0-only
/* Both ends of the writer's socket: descriptors of an intruder, a writer that never answers, one that has gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "out/writer.h"

#define SENT_MAX 2

struct ends {
	int agent;
	int writer;
};

static int writer_open_ends(void **state)
{
	static struct ends ends;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	ends = (struct ends){ pair[0], pair[1] };
	*state = &ends;
	return 0;
}

static int writer_close_ends(void **state)
{
	const struct ends *e = *state;

	pc_writer_use(-1);
	close(e->agent);
	close(e->writer);
	return 0;
}

static unsigned writer_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* The requests that were served, and the descriptor of the last one. */
static int served, served_fd;

static void note_served(void *context, const struct pc_writer_request *r, const char *path,
			const char *data, int fd, struct pc_writer_answer *out, int *out_fd)
{
	(void)context;
	(void)r;
	(void)path;
	(void)data;
	(void)out_fd;
	served++;
	served_fd = fd;
	out->err = fd < 0 ? -EBADF : 0;
}

/* Sends a request with so many descriptors, as an intruder may, and serves all that came. */
static void serve_with(const struct ends *e, unsigned count)
{
	struct pc_writer_request request = { .op = PC_WRITER_BOUND };
	struct iovec part = { .iov_base = &request, .iov_len = sizeof(request) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(SENT_MAX * sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(count * sizeof(int)) } };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	int fds[SENT_MAX] = { STDIN_FILENO, STDOUT_FILENO };

	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	assert_int_equal(sendmsg(e->agent, &message, 0), sizeof(request));
	assert_int_equal(shutdown(e->agent, SHUT_WR), 0);
	served = 0;
	served_fd = -2;
	pc_writer_serve(e->writer, note_served, NULL);
	assert_int_equal(served, 1);
}

static void takes_one(void **state)
{
	unsigned before = writer_descriptors();

	serve_with(*state, 1);
	assert_true(served_fd >= 0);
	assert_int_equal(writer_descriptors(), before);
}

/* The second descriptor would stay open for ever, and many of them would fill the writer's table. */
static void takes_none_of_two(void **state)
{
	unsigned before = writer_descriptors();

	serve_with(*state, 2);
	assert_int_equal(served_fd, -1);
	assert_int_equal(writer_descriptors(), before);
}

static int ask_bound(void)
{
	struct pc_writer_request request = { .op = PC_WRITER_BOUND };
	struct pc_writer_answer answer;
	int fd;

	return pc_writer_ask(&request, NULL, NULL, -1, &answer, &fd);
}

static uint64_t limit_of(int fd, int option)
{
	struct timeval limit;
	socklen_t size = sizeof(limit);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, option, &limit, &size), 0);
	return (uint64_t)limit.tv_sec;
}

/* A writer that is stopped, or waits for its disk, never answers. */
static void never_answers(void **state)
{
	const struct timeval soon = { .tv_usec = 1000 };
	const struct ends *e = *state;

	pc_writer_use(e->agent);
	assert_int_equal(limit_of(e->agent, SO_RCVTIMEO), PC_WRITER_WAIT_S);
	assert_int_equal(limit_of(e->agent, SO_SNDTIMEO), PC_WRITER_WAIT_S);
	assert_int_equal(setsockopt(e->agent, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
	assert_int_equal(pc_writer_lost(), 0);
	assert_int_equal(ask_bound(), -ENOTCONN);
	assert_int_equal(pc_writer_lost(), -ETIMEDOUT);
	assert_int_equal(ask_bound(), -ENOTCONN);
}

static void has_gone(void **state)
{
	const struct ends *e = *state;

	pc_writer_use(e->agent);
	assert_int_equal(shutdown(e->writer, SHUT_RDWR), 0);
	assert_int_equal(ask_bound(), -ENOTCONN);
	assert_true(pc_writer_lost() && pc_writer_lost() != -ETIMEDOUT);
}

#define WITH_ENDS(test) cmocka_unit_test_setup_teardown(test, writer_open_ends, writer_close_ends)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_ENDS(takes_one),
		WITH_ENDS(takes_none_of_two),
		WITH_ENDS(never_answers),
		WITH_ENDS(has_gone),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
