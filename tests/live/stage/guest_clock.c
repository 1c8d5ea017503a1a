// SPDX-License-Identifier: GPL-2.0-only
/* Setting the wall clock of a guest. */
#include "stage/guest_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NS 1000000000LL

int64_t guest_clock_now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS + ts.tv_nsec;
}

bool guest_file_has(const char *path, const char *what)
{
	char text[4096] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strstr(text, what);
}

/* tests/kernels/guest.sh puts this word on the kernel's command line. */
void guest_clock_need(struct test *t)
{
	if (!guest_file_has("/proc/cmdline", "portclash.guest"))
		test_skip(
			t,
			"it changes the whole machine's clock: run in the guests of `make check-kernels` only");
}

void guest_clock_jump(struct test *t, int64_t seconds)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += seconds;
	if (clock_settime(CLOCK_REALTIME, &ts))
		test_abort(t, "stage: clock_settime(): %s", strerror(errno));
}
