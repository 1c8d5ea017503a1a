// SPDX-License-Identifier: GPL-2.0-only
/* Thousands of sockets of an unprivileged user on one port. */
#include "stage/crowd.h"

#include <stdio.h>
#include <sys/resource.h>

#include "stage/acts.h"

#define NOBODY 65534

struct io_crowd {
	unsigned count;
	unsigned options;
	struct end end;
	unsigned made;
};

static void act_crowd(void *io)
{
	struct io_crowd *a = io;
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	while (a->made < a->count && open_bound(a->options, &a->end) >= 0)
		a->made++;
}

void crowd_stage(struct test *t, unsigned count, unsigned options, const char *address,
		 uint16_t port)
{
	struct puppet *by =
		puppet_start_as(t, &(struct puppet_spec){ .name = "crowd", .uid = NOBODY });
	struct io_crowd io = { .count = count, .options = options, .end.port = port };

	snprintf(io.end.address, sizeof(io.end.address), "%s", address);
	puppet_begin(by, act_crowd, &io, sizeof(io));
	puppet_end(by, &io, sizeof(io), 60);
	if (io.made != count)
		test_abort(t, "stage: only %u sockets", io.made);
}
