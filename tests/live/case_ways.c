// SPDX-License-Identifier: GPL-2.0-only
/* More ways to come by a port: fast open in its lazy form, UDP by sendmsg() and sendmmsg(), a
 * range of the socket's own, an address without a port. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "acts_ways.h"
#include "cases.h"
#include "monitor.h"
#include "space.h"
#include "theft.h"
#include "truth.h"

#ifndef IP_LOCAL_PORT_RANGE /* 6.3+ */
#define IP_LOCAL_PORT_RANGE 51
#endif

static struct theft cast_of(struct test *t, unsigned options, const char *at)
{
	struct theft c = theft_cast(t);

	monitor_watch(t, NULL);
	c.listener = stage_listener(c.backend, strchr(at, ':') ? OPT_V6 : 0, at, SERVER_PORT);
	c.out = stage_socket(c.client, options);
	return c;
}

static void check(struct test *t, struct theft *c, unsigned options, const char *want,
		  const char *state)
{
	struct attempt a = stage_refused(c->web, options, want, c->out.look.local.port, EADDRINUSE);
	struct truth truth = truth_client(&a, &c->out, c->backend);

	truth.says = "not by a listener";
	truth.holders[0].state = state;
	verdict_check(t, &truth);
}

/* 0, or ENOPROTOOPT: the kernel does not know the option. */
static int set_option(struct prop *p, int level, int option, unsigned value)
{
	struct io_option a = { p->fd, level, option, value, 0 };

	puppet_call(p->by, act_set_option, &a, sizeof(a));
	if (a.error && a.error != ENOPROTOOPT)
		test_abort(p->by->t, "stage: setsockopt(): %s", strerror(a.error));
	return a.error;
}

/* TCP_FASTOPEN_CONNECT: connect() takes the port and returns, the first write() sends the SYN. */
static void fast_open_lazy(struct test *t)
{
	struct theft c = cast_of(t, 0, "127.0.0.1");
	struct io_name text = { .fd = c.out.fd };

	/* 1: for clients; 4: without a cookie from an earlier connection */
	if (space_set("ipv4/tcp_fastopen", "5"))
		test_skip(t, "tcp_fastopen cannot be set here");
	if (set_option(&c.out, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1))
		test_skip(t, "no TCP_FASTOPEN_CONNECT in this kernel");
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	c.out.look.remote = (struct end){ "127.0.0.1", SERVER_PORT };
	check(t, &c, 0, "0.0.0.0", "SYN_SENT");
	puppet_call(c.client, act_write, &text, sizeof(text));
	if (text.error)
		test_abort(t, "stage: write(): %s", strerror(text.error));
	stage_accepted(&c.listener, c.backend);
	stage_look(&c.out);
	check(t, &c, 0, "0.0.0.0", "ESTABLISHED");
}

/* The kernel chooses, but only from what the client asked for. */
static void own_range_of(struct test *t, unsigned options, const char *address, const char *want)
{
	struct theft c = cast_of(t, options, address);

	if (set_option(&c.out, IPPROTO_IP, IP_LOCAL_PORT_RANGE, 45000u << 16 | 45000))
		test_skip(t, "no IP_LOCAL_PORT_RANGE in this kernel");
	stage_connect(&c.out, address, SERVER_PORT);
	if (c.out.look.local.port != 45000)
		test_abort(t, "stage: the port is %u in spite of IP_LOCAL_PORT_RANGE",
			   c.out.look.local.port);
	stage_accepted(&c.listener, c.backend);
	check(t, &c, options, want, "ESTABLISHED");
}

static void own_range(struct test *t)
{
	own_range_of(t, 0, "127.0.0.1", "0.0.0.0");
}

static void own_range_v6(struct test *t)
{
	own_range_of(t, OPT_V6, "::1", "::");
}

/* The same by bind() to port 0, for TCP and UDP. */
static void own_range_bind(struct test *t, unsigned options)
{
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_socket(holder, options);
	if (set_option(&p, IPPROTO_IP, IP_LOCAL_PORT_RANGE, 45001u << 16 | 45001))
		test_skip(t, "no IP_LOCAL_PORT_RANGE in this kernel");
	stage_bind(&p, "127.0.0.1", 0);
	if (p.look.local.port != 45001)
		test_abort(t, "stage: the port is %u in spite of IP_LOCAL_PORT_RANGE",
			   p.look.local.port);
	a = stage_refused(web, options, "127.0.0.1", 45001, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "bind-zero");
	verdict_check(t, &truth);
}

static void own_range_bind_tcp(struct test *t)
{
	own_range_bind(t, 0);
}

static void own_range_bind_udp(struct test *t)
{
	own_range_bind(t, OPT_UDP);
}

/* bind() takes a source address and no port, connect() chooses it. */
static void source_address(struct test *t, unsigned options, const char *source, const char *to,
			   const char *want)
{
	struct theft c = cast_of(t, options | OPT_NO_PORT, to);

	stage_bind(&c.out, source, 0);
	if (c.out.look.local.port)
		test_skip(t, "this kernel gives a port in spite of IP_BIND_ADDRESS_NO_PORT");
	c.out.before = 0;
	sleep_ms(60);
	stage_connect(&c.out, to, SERVER_PORT);
	stage_accepted(&c.listener, c.backend);
	if (strcmp(c.out.look.local.address, source))
		test_abort(t, "stage: the source is %s", c.out.look.local.address);
	check(t, &c, options & OPT_V6, want, "ESTABLISHED");
}

static void source_v4(struct test *t)
{
	source_address(t, 0, "127.0.0.2", "127.0.0.1", "0.0.0.0");
}

static void source_v4_specific(struct test *t)
{
	source_address(t, 0, "127.0.0.2", "127.0.0.1", "127.0.0.2");
}

static void source_v6(struct test *t)
{
	source_address(t, OPT_V6, "::1", "::1", "::");
}

static void udp_of(struct test *t, unsigned options, puppet_fn fn, const char *to, unsigned server,
		   const char *want)
{
	struct puppet *client = puppet_start(t, "client"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_socket(client, OPT_UDP | options);
	stage_call(&p, fn, "sending", to, SERVER_PORT);
	a = stage_refused(web, OPT_UDP | server, want, p.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "autobind");
	truth.says = "not a server";
	if (fn == act_connect)
		truth.holders[0].state = "ESTABLISHED";
	verdict_check(t, &truth);
}

static void udp_message(struct test *t)
{
	udp_of(t, 0, act_send_message, "127.0.0.1", 0, "0.0.0.0");
}

static void udp_message_v6(struct test *t)
{
	udp_of(t, OPT_V6, act_send_message, "::1", OPT_V6, "::");
}

static void udp_messages(struct test *t)
{
	udp_of(t, 0, act_send_messages, "127.0.0.1", 0, "127.0.0.1");
}

static void udp_mapped_connect(struct test *t)
{
	udp_of(t, OPT_V6, act_connect, "::ffff:127.0.0.1", 0, "0.0.0.0");
}

static void udp_mapped_server(struct test *t)
{
	udp_of(t, 0, act_connect, "127.0.0.1", OPT_V6, "::ffff:127.0.0.1");
}

/* As with TCP: ip6_datagram_connect() writes 127.0.0.6 as the IPv4 address of such a client. */
static void udp_v6_wildcard_v4(struct test *t)
{
	udp_of(t, OPT_V6, act_connect, "::1", 0, "0.0.0.0");
}

static void udp_dual_stack_server(struct test *t)
{
	udp_of(t, 0, act_connect, "127.0.0.1", OPT_V6, "::");
}

const struct scenario cases_ways[] = {
	{ .name = "fast-open-lazy", .run = fast_open_lazy },
	{ .name = "own-port-range", .run = own_range },
	{ .name = "own-port-range-v6", .run = own_range_v6 },
	{ .name = "own-port-range-bind-zero", .run = own_range_bind_tcp },
	{ .name = "own-port-range-bind-zero-udp", .run = own_range_bind_udp },
	{ .name = "source-without-port", .run = source_v4 },
	{ .name = "source-without-port-specific", .run = source_v4_specific },
	{ .name = "source-without-port-v6", .run = source_v6 },
	{ .name = "udp-sendmsg", .run = udp_message },
	{ .name = "udp-sendmsg-v6", .run = udp_message_v6 },
	{ .name = "udp-sendmmsg", .run = udp_messages },
	{ .name = "udp-mapped-client", .run = udp_mapped_connect },
	{ .name = "udp-mapped-server", .run = udp_mapped_server },
	{ .name = "udp-v6-client-wildcard-v4", .run = udp_v6_wildcard_v4 },
	{ .name = "udp-dual-stack-server", .run = udp_dual_stack_server },
	{ 0 },
};
