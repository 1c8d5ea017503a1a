// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that only an io_uring's table of fixed files refers to: open, with a process behind them,
 * and without a descriptor. portclash knows that process from its claim. */
#include <errno.h>
#include <string.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_uring.h"
#include "stage/theft.h"

static struct theft fixed_file_cast(struct test *t, int operation, const char *name)
{
	struct theft c = theft_cast(t);

	uring_or_skip(c.client, operation, name);
	monitor_watch(t, NULL);
	theft_listen(&c, 0);
	return c;
}

static void keep_as_fixed_file(struct prop *p)
{
	struct io_close a = { .fd = p->fd };

	puppet_call(p->by, act_uring_keep, &a, sizeof(a));
	if (a.fd < 0)
		test_skip(p->by->t, "this kernel's io_uring keeps no sockets");
	p->fd = -1;
}

/* No process has a descriptor of the socket. */
static void check_kept(struct test *t, struct truth truth)
{
	truth.holders[0].no_fd = true;
	truth.holders[0].owners[0] = (struct true_owner){ 0 };
	verdict_check(t, &truth);
}

static void check_fixed_file_client(struct test *t, struct theft *c)
{
	struct truth truth;

	theft_refuse(c);
	truth = truth_client(&c->attempt, &c->out, c->backend);
	truth.says = "not by a listener";
	check_kept(t, truth);
}

/* A client that hands its connection to the ring. */
static void scenario_fixed_file_client(struct test *t)
{
	struct theft c = fixed_file_cast(t, URING_CONNECT, "IORING_OP_CONNECT");

	theft_connect(&c, 0);
	keep_as_fixed_file(&c.out);
	check_fixed_file_client(t, &c);
}

/* A server's listener, likewise. */
static void scenario_fixed_file_listener(struct test *t)
{
	struct theft c = fixed_file_cast(t, URING_CONNECT, "IORING_OP_CONNECT");
	struct attempt a;

	c.out = stage_listener(c.client, 0, "0.0.0.0", 8080);
	keep_as_fixed_file(&c.out);
	a = stage_refused(c.web, 0, "127.0.0.1", 8080, EADDRINUSE);
	check_kept(t, truth_held(&a, "wildcard-overlap", FIX_STOP | FIX_REUSEPORT | FIX_SPECIFIC,
				 &c.out, "LISTEN", "bind"));
}

/* The socket never had a descriptor. Its peer and the kernel's table know what getsockopt() would
 * tell. */
static void scenario_fixed_file_never_had_descriptor(struct test *t)
{
	struct theft c = fixed_file_cast(t, URING_SOCKET, "IORING_OP_SOCKET");
	struct io_name call = { .to = { "127.0.0.1", SERVER_PORT } };
	struct io_socket a = { 0 };
	struct prop in;

	puppet_call(c.client, act_uring_socket, &a, sizeof(a));
	if (a.error)
		test_abort(t, "stage: IORING_OP_SOCKET: %s", strerror(a.error));
	puppet_call(c.client, act_uring_connect_fixed, &call, sizeof(call));
	if (call.error)
		test_abort(t, "stage: IORING_OP_CONNECT: %s", strerror(call.error));
	in = stage_accepted(&c.listener, c.backend);
	c.out = (struct prop){ .by = c.client, .before = call.before, .after = call.after };
	c.out.look.local = in.look.remote;
	c.out.look.remote = in.look.local;
	proc_net_socket(t, "tcp", c.out.look.local.port, SERVER_PORT, &c.out.look.inode,
			&c.out.look.uid);
	check_fixed_file_client(t, &c);
}

const struct scenario cases_way_uring_fixed_file[] = {
	{ .name = "fixed-file-client", .run = scenario_fixed_file_client, .where = EACH_KERNEL },
	{ .name = "fixed-file-listener",
	  .run = scenario_fixed_file_listener,
	  .where = EACH_KERNEL },
	{ .name = "fixed-file-never-had-descriptor",
	  .run = scenario_fixed_file_never_had_descriptor,
	  .where = EACH_KERNEL },
	{ 0 },
};
