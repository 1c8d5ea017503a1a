// SPDX-License-Identifier: GPL-2.0-only
/* TCP clients that get their port in another way than by a plain connect(): fast open, a bind() that
 * takes only the address, a socket that is used for one connection after the other. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_rare.h"
#include "stage/space.h"
#include "stage/theft.h"

static struct theft tcp_cast(struct test *t, unsigned options)
{
	struct theft c = theft_cast(t);

	monitor_watch(t, NULL);
	theft_listen(&c, options & OPT_V6);
	c.out = stage_socket(c.client, options);
	return c;
}

static void check_tcp_client(struct test *t, struct theft *c, unsigned options, const char *want,
			     const char *state)
{
	struct attempt a = stage_refused(c->web, options, want, c->out.look.local.port, EADDRINUSE);
	struct truth truth = truth_client(&a, &c->out, c->backend);

	truth.says = "not by a listener";
	truth.holders[0].state = state;
	verdict_check(t, &truth);
}

static void check_established(struct test *t, struct theft *c)
{
	stage_accepted(&c->listener, c->backend);
	check_tcp_client(t, c, 0, "0.0.0.0", "ESTABLISHED");
}

/* The port is chosen inside sendto(): no connect() is ever called. */
static void scenario_fast_open_client(struct test *t)
{
	struct theft c = tcp_cast(t, 0);

	stage_fast_open(&c.out, "127.0.0.1", SERVER_PORT);
	/* At the first connection there is no cookie of TCP fast open yet, and the answer is not
	 * waited for. */
	sleep_ms(50);
	stage_look(&c.out);
	check_established(t, &c);
}

/* IP_BIND_ADDRESS_NO_PORT: bind() takes the address only, connect() the port. */
static void scenario_bind_address_no_port(struct test *t)
{
	struct theft c = tcp_cast(t, OPT_NO_PORT);

	stage_bind(&c.out, "127.0.0.1", 0);
	if (c.out.look.local.port)
		test_skip(t, "this kernel gives a port in spite of IP_BIND_ADDRESS_NO_PORT");
	c.out.before = 0;
	sleep_ms(60);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	check_established(t, &c);
}

/* After a refused connect() the socket still shows the dead port: the next connect() is another
 * claim. */
static void scenario_connect_again(struct test *t)
{
	struct theft c = tcp_cast(t, 0);

	stage_failed_connect(&c.out, "127.0.0.1", 9, ECONNREFUSED);
	sleep_ms(60);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	check_established(t, &c);
}

static void scenario_disconnect_and_connect(struct test *t)
{
	struct theft c = tcp_cast(t, 0);

	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	stage_accepted(&c.listener, c.backend);
	stage_disconnect(&c.out);
	sleep_ms(60);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	check_established(t, &c);
}

/* TCP_FASTOPEN_CONNECT: connect() takes the port and returns, the first write() sends the SYN. */
static void scenario_fast_open_lazy(struct test *t)
{
	struct theft c = tcp_cast(t, 0);
	struct io_name text = { .fd = c.out.fd };

	/* 1: for clients; 4: without a cookie from an earlier connection */
	if (space_set("ipv4/tcp_fastopen", "5"))
		test_skip(t, "tcp_fastopen cannot be set here");
	if (stage_set_option(&c.out, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1))
		test_skip(t, "no TCP_FASTOPEN_CONNECT in this kernel");
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	c.out.look.remote = (struct end){ "127.0.0.1", SERVER_PORT };
	check_tcp_client(t, &c, 0, "0.0.0.0", "SYN_SENT");
	puppet_call(c.client, act_write, &text, sizeof(text));
	if (text.error)
		test_abort(t, "stage: write(): %s", strerror(text.error));
	stage_look(&c.out);
	check_established(t, &c);
}

/* bind() takes a source address and no port, connect() chooses it. */
static void source_address(struct test *t, unsigned options, const char *source, const char *to,
			   const char *want)
{
	struct theft c = tcp_cast(t, options | OPT_NO_PORT);

	stage_bind(&c.out, source, 0);
	if (c.out.look.local.port)
		test_skip(t, "this kernel gives a port in spite of IP_BIND_ADDRESS_NO_PORT");
	c.out.before = 0;
	sleep_ms(60);
	stage_connect(&c.out, to, SERVER_PORT);
	stage_accepted(&c.listener, c.backend);
	if (strcmp(c.out.look.local.address, source))
		test_abort(t, "stage: the source is %s", c.out.look.local.address);
	check_tcp_client(t, &c, options & OPT_V6, want, "ESTABLISHED");
}

static void scenario_source_without_port(struct test *t)
{
	source_address(t, 0, "127.0.0.2", "127.0.0.1", "0.0.0.0");
}

static void scenario_source_without_port_specific(struct test *t)
{
	source_address(t, 0, "127.0.0.2", "127.0.0.1", "127.0.0.2");
}

static void scenario_source_without_port_v6(struct test *t)
{
	source_address(t, OPT_V6, "::1", "::1", "::");
}

const struct scenario cases_way_tcp[] = {
	{ .name = "fast-open-client", .run = scenario_fast_open_client },
	{ .name = "bind-address-no-port", .run = scenario_bind_address_no_port },
	{ .name = "connect-again", .run = scenario_connect_again },
	{ .name = "disconnect-and-connect", .run = scenario_disconnect_and_connect },
	{ .name = "fast-open-lazy", .run = scenario_fast_open_lazy },
	{ .name = "source-without-port", .run = scenario_source_without_port },
	{ .name = "source-without-port-specific", .run = scenario_source_without_port_specific },
	{ .name = "source-without-port-v6", .run = scenario_source_without_port_v6 },
	{ 0 },
};
