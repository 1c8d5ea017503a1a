// SPDX-License-Identifier: GPL-2.0-only
/* --claims: sockets that look as if they took a port, and do not; and a port that is taken elsewhere than
 * the process is. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "judge/expect.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

/* Everything that a raw socket can do with an address, by protocol and family. */
struct io_raw {
	int protocol;
	bool v6;
	int error;
};

static void act_use_raw(void *io)
{
	struct io_raw *a = io;
	struct end end = { .port = SERVER_PORT };
	struct sockaddr_storage to;
	socklen_t len;
	int fd = socket(a->v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, a->protocol);

	strcpy(end.address, a->v6 ? "::1" : "127.0.0.1");
	len = end_to_sockaddr(&end, &to);
	if (fd < 0 || bind(fd, (void *)&to, len) || connect(fd, (void *)&to, len)) {
		a->error = errno;
		return;
	}
	if (!a->v6)
		sendto(fd, "12345678", 8, 0, (void *)&to, len);
	send(fd, "12345678", 8, 0);
	close(fd);
}

/* A raw socket has the number of its protocol where others have their port. */
static void scenario_claims_raw(struct test *t)
{
	struct puppet *ping = puppet_start(t, "ping");
	struct prop last;
	json_t *line;
	struct spot s;

	monitor_watch(t, (const char *const[]){ "--claims", NULL });
	for (int i = 0; i < 4; i++) {
		struct io_raw a = { i & 1 ? IPPROTO_UDP : IPPROTO_TCP, i & 2, 0 };

		puppet_call(ping, act_use_raw, &a, sizeof(a));
		if (a.error)
			test_abort(t, "stage: a raw socket: %s", strerror(a.error));
	}
	last = stage_bound(ping, 0, "127.0.0.1", SERVER_PORT);
	line = monitor_line(t, "claim", ping->pid, 5);
	s = spot_of(t, line);
	expect_int(&s, "port", SERVER_PORT);
	expect_int(&s, "cookie", (long long)last.look.cookie);
	monitor_no_line(t, "claim", ping->pid, QUIET_SECONDS);
}

static void check_moved(struct test *t, const struct prop *p, uint64_t netns)
{
	json_t *line = monitor_line(t, "claim", p->by->pid, 5);
	struct spot s = spot_of(t, line);

	expect_string(&s, "proto", "udp");
	expect_int(&s, "port", p->look.local.port);
	expect_int(&s, "cookie", (long long)p->look.cookie);
	expect_int(&s, "netns", (long long)netns);
	expect_person(&s, "process", &p->by->who);
}

/* A process makes its sockets, moves to another network namespace, and uses them there: a proxy for
 * containers. The port is one of the namespace where the socket was made. */
static void moved(struct test *t, unsigned options, const char *address)
{
	struct puppet *proxy = puppet_start(t, "proxy");
	uint64_t home = proxy->who.netns;
	struct prop bound, connected, sent;

	monitor_watch(t, (const char *const[]){ "--claims", NULL });
	bound = stage_socket(proxy, OPT_UDP | options);
	connected = stage_socket(proxy, OPT_UDP | options);
	sent = stage_socket(proxy, OPT_UDP | options);
	puppet_go_elsewhere(proxy);
	stage_bind(&bound, address, SERVER_PORT);
	check_moved(t, &bound, home);
	stage_connect(&connected, address, SERVER_PORT);
	check_moved(t, &connected, home);
	stage_send(&sent, address, SERVER_PORT);
	check_moved(t, &sent, home);
}

static void scenario_claims_moved(struct test *t)
{
	moved(t, 0, "127.0.0.1");
}

static void scenario_claims_moved_v6(struct test *t)
{
	moved(t, OPT_V6, "::1");
}

/* The same socket is in the way of a server at home, and its process is named. */
static void scenario_udp_moved_holder(struct test *t)
{
	struct puppet *proxy = puppet_start(t, "proxy"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_socket(proxy, OPT_UDP);
	puppet_go_elsewhere(proxy);
	stage_send(&p, "127.0.0.1", SERVER_PORT);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "autobind");
	truth.says = "not a server";
	verdict_check(t, &truth);
}

const struct scenario cases_output_claims_odd[] = {
	{ .name = "claims-raw", .run = scenario_claims_raw, .watch = WATCH_CLAIMS },
	{ .name = "claims-moved", .run = scenario_claims_moved, .watch = WATCH_CLAIMS },
	{ .name = "claims-moved-v6", .run = scenario_claims_moved_v6, .watch = WATCH_CLAIMS },
	{ .name = "udp-moved-holder", .run = scenario_udp_moved_holder },
	{ 0 },
};
