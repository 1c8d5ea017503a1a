// SPDX-License-Identifier: GPL-2.0-only
/* The protocol of sd_notify(3), against a socket that this program reads; and the status line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "out/status.h"
#include "host/notify.h"

struct manager {
	int fd;
	char folder[32];
	char address[64];
};

static int setup(void **state)
{
	static struct manager m;
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	m = (struct manager){ .folder = "/tmp/portclash-unit-XXXXXX" };
	assert_non_null(mkdtemp(m.folder));
	snprintf(m.address, sizeof(m.address), "%s/notify", m.folder);
	memcpy(at.sun_path, m.address, strlen(m.address));
	m.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(m.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	setenv("NOTIFY_SOCKET", m.address, 1);
	*state = &m;
	return 0;
}

static int teardown(void **state)
{
	struct manager *m = *state;

	close(m->fd);
	unlink(m->address);
	return rmdir(m->folder);
}

static void assert_message(const struct manager *m, const char *want)
{
	char have[1024] = "";

	assert_true(recv(m->fd, have, sizeof(have) - 1, 0) > 0);
	assert_string_equal(have, want);
}

static void assert_silence(const struct manager *m)
{
	char byte;

	assert_int_equal(recv(m->fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void messages(void **state)
{
	struct pc_notify n = PC_NOTIFY_INIT;

	assert_int_equal(pc_notify_open(&n), 0);
	assert_int_equal(pc_notify_ready(&n, "well"), 0);
	assert_message(*state, "READY=1\nSTATUS=well");
	assert_int_equal(pc_notify_status(&n, "two\nlines\n"), 0);
	assert_message(*state, "STATUS=two lines ");
	assert_int_equal(pc_notify_stopping(&n), 0);
	assert_message(*state, "STOPPING=1\nSTATUS=writing what is left");
	pc_notify_close(&n);
	assert_int_equal(pc_notify_status(&n, "closed"), 0);
	assert_silence(*state);
}

/* The manager compares the time with its own clock. */
static void reload_time(void **state)
{
	struct manager *m = *state;
	struct pc_notify n = PC_NOTIFY_INIT;
	char have[1024] = "";
	unsigned long long us;
	struct timespec t;

	assert_int_equal(pc_notify_open(&n), 0);
	assert_int_equal(pc_notify_reloading(&n), 0);
	assert_true(recv(m->fd, have, sizeof(have) - 1, 0) > 0);
	assert_int_equal(sscanf(have, "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
	clock_gettime(CLOCK_MONOTONIC, &t);
	assert_in_range(us, (uint64_t)(t.tv_sec - 60) * 1000000,
			(uint64_t)(t.tv_sec + 1) * 1000000);
	pc_notify_close(&n);
}

static void not_for_children(void **state)
{
	struct pc_notify n = PC_NOTIFY_INIT;

	(void)state;
	setenv("WATCHDOG_USEC", "1000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(pc_notify_open(&n), 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	assert_int_equal(n.watchdog_ns, 0); /* it is for another process */
	pc_notify_close(&n);
}

static void sign_of_life(void **state)
{
	struct pc_notify n = PC_NOTIFY_INIT;
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_USEC", "2000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(pc_notify_open(&n), 0);
	assert_int_equal(n.watchdog_ns, 1000000000);
	assert_int_equal(pc_notify_alive(&n, 5000000000), 1);
	assert_message(*state, "WATCHDOG=1");
	assert_int_equal(pc_notify_alive(&n, 5999999999), 0);
	assert_silence(*state);
	assert_int_equal(pc_notify_alive(&n, 6000000000), 1);
	assert_message(*state, "WATCHDOG=1");
	pc_notify_close(&n);
}

static void no_watchdog(void **state)
{
	static const char *const wrong[] = { "", "0", "-1", "+5", "1s", "99999999999999999999" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pc_notify n = PC_NOTIFY_INIT;
		struct manager *m = *state;

		setenv("NOTIFY_SOCKET", m->address, 1);
		setenv("WATCHDOG_USEC", wrong[i], 1);
		assert_int_equal(pc_notify_open(&n), 0);
		assert_int_equal(n.watchdog_ns, 0);
		assert_int_equal(pc_notify_alive(&n, 1), 0);
		pc_notify_close(&n);
	}
	assert_silence(*state);
}

static void no_manager(void **state)
{
	struct pc_notify n = PC_NOTIFY_INIT;

	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	assert_int_equal(pc_notify_open(&n), 0);
	assert_int_equal(n.fd, -1);
	assert_int_equal(pc_notify_ready(&n, ""), 0);
	assert_int_equal(pc_notify_alive(&n, 1), 0);
	assert_silence(*state);
}

static void bad_address(void **state)
{
	static const struct {
		const char *address;
		int err;
	} wrong[] = { { "/", -EINVAL },
		      { "@", -EINVAL },
		      { "relative", -EINVAL },
		      { "vsock:2:1234", -EINVAL } };
	char too_long[256] = "/";

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pc_notify n = PC_NOTIFY_INIT;

		setenv("NOTIFY_SOCKET", wrong[i].address, 1);
		assert_int_equal(pc_notify_open(&n), wrong[i].err);
		assert_int_equal(n.fd, -1);
	}
	memset(too_long + 1, 'x', sizeof(too_long) - 2);
	setenv("NOTIFY_SOCKET", too_long, 1);
	assert_int_equal(pc_notify_open(&(struct pc_notify)PC_NOTIFY_INIT), -ENAMETOOLONG);
}

/* A manager that does not read must not keep the agent from watching. */
static void manager_does_not_read(void **state)
{
	struct pc_notify n = PC_NOTIFY_INIT;
	int err = 0;

	(void)state;
	assert_int_equal(pc_notify_open(&n), 0);
	for (int i = 0; i < 10000 && !err; i++)
		err = pc_notify_status(&n, "so far");
	assert_int_equal(err, -EAGAIN);
	pc_notify_close(&n);
}

static void notify_counts(void **state)
{
	struct pc_counters c = {
		.claims = { [PC_HOW_CONNECT] = 45000, [PC_HOW_BIND] = 210 },
		.refusals = { [PC_CAUSE_EPHEMERAL_CLIENT] = 3, [PC_CAUSE_LISTENER] = 9 },
	};
	char text[PC_STATUS_MAX];

	(void)state;
	pc_status_text("tracepoint", &c, text);
	assert_string_equal(
		text,
		"tracepoint: 12 refusals, 3 collisions by ephemeral clients, 45210 claims; 0 lost");
	c = (struct pc_counters){ .claims = { [PC_HOW_BIND] = 1 },
				  .refusals = { [PC_CAUSE_EPHEMERAL_CLIENT] = 1 },
				  .lost = { [PC_STAT_CLAIMS_LOST] = 2 },
				  .records_bad = 1 };
	pc_status_text("fentry", &c, text);
	assert_string_equal(text,
			    "fentry: 1 refusal, 1 collision by ephemeral clients, 1 claim; 3 lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages, setup, teardown),
		cmocka_unit_test_setup_teardown(reload_time, setup, teardown),
		cmocka_unit_test_setup_teardown(not_for_children, setup, teardown),
		cmocka_unit_test_setup_teardown(sign_of_life, setup, teardown),
		cmocka_unit_test_setup_teardown(no_watchdog, setup, teardown),
		cmocka_unit_test_setup_teardown(no_manager, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_address, setup, teardown),
		cmocka_unit_test_setup_teardown(manager_does_not_read, setup, teardown),
		cmocka_unit_test(notify_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
