// SPDX-License-Identifier: GPL-2.0-only
/* Other ways for a socket to come by its port: MPTCP, fast open, a bind() that takes only the
 * address, a socket that is used for one connection after the other. */
#include <errno.h>

#include "cases.h"
#include "monitor.h"
#include "theft.h"
#include "truth.h"

static struct theft cast_of(struct test *t, unsigned options)
{
	struct theft c = theft_cast(t);

	monitor_watch(t, NULL);
	theft_listen(&c, 0);
	c.out = stage_socket(c.client, options);
	return c;
}

static void check(struct test *t, struct theft *c)
{
	stage_accepted(&c->listener, c->backend);
	theft_refuse(c);
	truth_check_client(t, &c->attempt, &c->out, c->backend);
}

/* The port is chosen inside sendto(): no connect() is ever called. */
static void fast_open(struct test *t)
{
	struct theft c = cast_of(t, 0);

	stage_fast_open(&c.out, "127.0.0.1", SERVER_PORT);
	/* The first time there is no cookie yet, and the answer is not waited for. */
	sleep_ms(50);
	stage_look(&c.out);
	check(t, &c);
}

/* IP_BIND_ADDRESS_NO_PORT: bind() takes the address only, connect() the port. */
static void no_port(struct test *t)
{
	struct theft c = cast_of(t, OPT_NO_PORT);

	stage_bind(&c.out, "127.0.0.1", 0);
	if (c.out.look.local.port)
		test_skip(t, "this kernel gives a port in spite of IP_BIND_ADDRESS_NO_PORT");
	c.out.before = 0;
	sleep_ms(60);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	check(t, &c);
}

/* After a refused connect() the socket still shows the dead port: the next claim is another. */
static void connect_again(struct test *t)
{
	struct theft c = cast_of(t, 0);

	stage_failed_connect(&c.out, "127.0.0.1", 9, ECONNREFUSED);
	sleep_ms(60);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	check(t, &c);
}

static void disconnect(struct test *t)
{
	struct theft c = cast_of(t, 0);

	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	stage_accepted(&c.listener, c.backend);
	stage_disconnect(&c.out);
	sleep_ms(60);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	check(t, &c);
}

static void mptcp_or_skip(struct test *t, struct puppet *p)
{
	struct io_socket a = { .options = OPT_MPTCP };

	puppet_call(p, act_socket, &a, sizeof(a));
	if (a.error)
		test_skip(t, "no MPTCP in this kernel");
}

static void check_listener(struct test *t, struct puppet *web, const struct prop *listener,
			   unsigned options)
{
	struct attempt a = stage_refused(web, options, "0.0.0.0", 8080, EADDRINUSE);

	a.socket.tcp_state = 7; /* TCP_INFO says nothing of an MPTCP socket that is idle */
	truth_check_listener(t, &a, listener);
}

static void mptcp_requester(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;

	mptcp_or_skip(t, web);
	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", 8080);
	check_listener(t, web, &listener, OPT_MPTCP);
}

/* In the bind table stands the subflow that the kernel made; its cookie is its own. */
static void mptcp_holder(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;

	mptcp_or_skip(t, api);
	monitor_watch(t, NULL);
	listener = stage_listener(api, OPT_MPTCP, "0.0.0.0", 8080);
	listener.look.cookie = 0;
	check_listener(t, web, &listener, 0);
}

static void mptcp_client(struct test *t)
{
	struct theft c = cast_of(t, 0);

	mptcp_or_skip(t, c.client);
	c.out = stage_client(c.client, OPT_MPTCP, "127.0.0.1", SERVER_PORT);
	c.out.look.cookie = 0;
	check(t, &c);
}

const struct scenario cases_socket[] = {
	{ .name = "fast-open-client", .run = fast_open },
	{ .name = "bind-address-no-port", .run = no_port },
	{ .name = "connect-again", .run = connect_again },
	{ .name = "disconnect-and-connect", .run = disconnect },
	{ .name = "mptcp-requester", .run = mptcp_requester },
	{ .name = "mptcp-holder", .run = mptcp_holder },
	{ .name = "mptcp-client", .run = mptcp_client },
	{ 0 },
};
