// SPDX-License-Identifier: GPL-2.0-only
/* Pseudo-terminals. */
#define _XOPEN_SOURCE 600
#include "stage/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct io_terminal {
	int error;
};

/* Returns both ends, or a negative errno. */
static int terminal_pair(int ends[2])
{
	ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ends[0] < 0)
		return -errno;
	if (grantpt(ends[0]) || unlockpt(ends[0]))
		return -errno;
	ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	return ends[1] < 0 ? -errno : 0;
}

int terminal_open(struct test *t)
{
	int ends[2] = { -1, -1 }, err = terminal_pair(ends);

	if (err)
		test_skip(t, "there are no terminals here: %s", strerror(-err));
	if (dup2(ends[1], STDIN_FILENO) < 0)
		test_abort(t, "stage: no terminal as standard input");
	close(ends[1]);
	return ends[0];
}

void terminal_type(struct test *t, int terminal, const char *text)
{
	if (write(terminal, text, strlen(text)) != (ssize_t)strlen(text))
		test_abort(t, "stage: cannot type at the terminal");
}

static void act_lead(void *io)
{
	struct io_terminal *a = io;
	int ends[2] = { -1, -1 }, err = terminal_pair(ends);

	setsid();
	if (!err && ioctl(ends[1], TIOCSCTTY, 0))
		err = -errno;
	a->error = -err;
}

void terminal_lead(struct puppet *p)
{
	struct io_terminal a = { 0 };

	puppet_call(p, act_lead, &a, sizeof(a));
	if (a.error)
		test_skip(p->t, "no session can be led here: %s", strerror(a.error));
}
