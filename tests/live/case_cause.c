// SPDX-License-Identifier: GPL-2.0-only
/* Servers in the way, each for a reason of its own: a second instance, a socket that lives on in
 * another process, receivers that do not all share; and UDP clients known by their other end. */
#include <errno.h>

#include "binary.h"
#include "cases.h"
#include "group.h"
#include "heir.h"
#include "monitor.h"
#include "truth.h"

#define PORT 8080
#define FIX_PLAIN (FIX_STOP | FIX_REUSEPORT)

struct cast {
	struct puppet *first;
	struct puppet *web;
	struct prop listener;
};

/* A program of another file than the runner's, so that what the runner starts twice are two
 * instances, and not two processes of its own. */
static struct puppet *instance(struct test *t, const char *argument)
{
	static char path[256];

	return puppet_start_as(
		t, &(struct puppet_spec){ .name = "orders",
					  .argument = argument,
					  .exe = binary_copy(t, "orders", path, sizeof(path)) });
}

static void check(struct test *t, struct cast *c, const char *cause, const char *says,
		  unsigned fixes)
{
	struct attempt a = stage_refused(c->web, 0, "0.0.0.0", PORT, EADDRINUSE);
	struct truth truth = truth_held(&a, cause, fixes, &c->listener, "LISTEN", "bind");

	truth.says = says;
	verdict_check(t, &truth);
}

static void listen_first(struct test *t, struct cast *c)
{
	monitor_watch(t, NULL);
	c->listener = stage_listener(c->first, 0, "0.0.0.0", PORT);
}

static void duplicate(struct test *t)
{
	struct cast c = { .first = instance(t, NULL), .web = instance(t, NULL) };

	listen_first(t, &c);
	check(t, &c, "duplicate-instance", "with the same arguments", FIX_PLAIN | FIX_ONCE);
}

static void other_arguments(struct test *t)
{
	struct cast c = { .first = instance(t, "--a"), .web = instance(t, "--b") };

	listen_first(t, &c);
	check(t, &c, "listener", "with different arguments", FIX_PLAIN);
}

/* Started by one parent that runs the same file: workers of one server. */
static void sisters(struct test *t)
{
	struct cast c = { .first = puppet_start(t, "worker"), .web = puppet_start(t, "worker") };

	listen_first(t, &c);
	check(t, &c, "listener", "processes of one running instance", FIX_PLAIN);
}

/* systemd stops and starts a unit whose first process stays behind: other options since. */
static void unit(struct test *t)
{
	static const char path[] = "/" GROUP_ROOT "/orders.service";
	struct cast c = { .first = instance(t, "--a"), .web = instance(t, "--b") };

	group_move(t, path, c.first);
	group_move(t, path, c.web);
	/* Where the person was moved to is read again. */
	puppet_identify(c.first);
	puppet_identify(c.web);
	listen_first(t, &c);
	check(t, &c, "duplicate-instance", "both belong to orders.service", FIX_PLAIN | FIX_ONCE);
	puppet_exit(c.first);
	puppet_exit(c.web);
	group_remove(path);
}

static void check_heir(struct test *t, struct cast *c, struct truth truth,
		       const struct puppet *heir, int fd)
{
	struct attempt a = stage_refused(c->web, 0, "0.0.0.0", PORT, EADDRINUSE);

	truth.attempt = &a;
	truth.holders[0] = truth_holder(&c->listener, "LISTEN", "bind");
	truth_inherited(&truth, heir, fd);
	verdict_check(t, &truth);
}

static void forked(struct test *t, bool own_session, struct truth truth)
{
	struct cast c = { .first = puppet_start(t, "api"), .web = puppet_start(t, "web") };
	struct puppet heir;

	listen_first(t, &c);
	heir = heir_fork(c.first, own_session);
	puppet_exit(c.first);
	check_heir(t, &c, truth, &heir, c.listener.fd);
}

/* A worker of the server that was killed: it still has the listening socket. */
static void forked_child(struct test *t)
{
	forked(t, false,
	       (struct truth){ .cause = "inherited-listener",
			       .says = "which has exited, but it lives on in heir[",
			       .fixes = FIX_STOP | FIX_CHILDREN });
}

/* daemon(3) after bind(): the child is the server, and nothing was left behind. */
static void daemonized(struct test *t)
{
	forked(t, true,
	       (struct truth){ .cause = "listener", .says = "listens on", .fixes = FIX_PLAIN });
}

/* Another program has got the descriptor, by exec() or in a message, and the server is gone. */
static void leaked(struct test *t)
{
	struct cast c = { .first = puppet_start(t, "api"), .web = puppet_start(t, "web") };
	struct puppet *cgi = instance(t, NULL);
	struct prop copy;

	listen_first(t, &c);
	copy = stage_pass(&c.listener, cgi);
	puppet_exit(c.first);
	check_heir(t, &c,
		   (struct truth){ .cause = "inherited-listener",
				   .says = "it lives on in orders[",
				   .fixes = FIX_STOP | FIX_CLOEXEC },
		   cgi, copy.fd);
}

/* The server still runs, but has closed the socket; the other has not. */
static void closed_by_maker(struct test *t)
{
	struct cast c = { .first = puppet_start(t, "api"), .web = puppet_start(t, "web") };
	struct puppet *cgi = instance(t, NULL);
	struct truth truth;
	struct attempt a;
	struct prop copy;

	listen_first(t, &c);
	copy = stage_pass(&c.listener, cgi);
	stage_close(&c.listener);
	a = stage_refused(c.web, 0, "0.0.0.0", PORT, EADDRINUSE);
	truth = truth_held(&a, "inherited-listener", FIX_STOP | FIX_CLOEXEC, &c.listener, "LISTEN",
			   "bind");
	truth.says = "which has closed it, but it lives on in orders[";
	truth_passed(&truth, cgi, copy.fd);
	verdict_check(t, &truth);
}

static void udp(struct test *t, unsigned held, unsigned wanted, const char *says, unsigned fixes)
{
	struct puppet *holder = puppet_start(t, "receiver"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_bound(holder, OPT_UDP | held, "0.0.0.0", 5353);
	a = stage_refused(web, OPT_UDP | wanted, "0.0.0.0", 5353, EADDRINUSE);
	truth = truth_held(&a, "listener", FIX_PLAIN | fixes, &p, "CLOSE", "bind");
	truth.says = says;
	verdict_check(t, &truth);
}

/* mDNS, SSDP: all receivers of a group share the port, but for one that does not play along. */
static void multicast_refused_plain(struct test *t)
{
	udp(t, OPT_REUSEADDR, 0, "but the refused socket did not", FIX_REUSEADDR);
}

static void multicast_holder_plain(struct test *t)
{
	udp(t, 0, OPT_REUSEADDR, "but the holder did not", 0);
}

static void udp_client(struct test *t, uint16_t port, const char *says)
{
	struct puppet *holder = puppet_start(t, "browser"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	p = stage_client(holder, OPT_UDP, "127.0.0.1", port);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &p, "autobind");
	truth.says = says;
	truth.holders[0].state = "ESTABLISHED";
	verdict_check(t, &truth);
}

static void quic_client(struct test *t)
{
	udp_client(t, 443, "so it speaks QUIC");
}

static void dns_client(struct test *t)
{
	udp_client(t, 53, "so it speaks DNS");
}

const struct scenario cases_cause[] = {
	{ .name = "duplicate-instance", .run = duplicate, .where = EACH_KERNEL },
	{ .name = "duplicate-instance-of-unit", .run = unit, .where = EACH_KERNEL },
	{ .name = "listener-same-program-other-arguments",
	  .run = other_arguments,
	  .where = EACH_KERNEL },
	{ .name = "listener-of-sister-process", .run = sisters, .where = EACH_KERNEL },
	{ .name = "inherited-listener-forked", .run = forked_child, .where = EACH_KERNEL },
	{ .name = "inherited-listener-leaked", .run = leaked, .where = EACH_KERNEL },
	{ .name = "inherited-listener-closed-by-maker",
	  .run = closed_by_maker,
	  .where = EACH_KERNEL },
	{ .name = "listener-of-daemon", .run = daemonized, .where = EACH_KERNEL },
	{ .name = "udp-multicast-without-reuseaddr",
	  .run = multicast_refused_plain,
	  .where = EACH_KERNEL },
	{ .name = "udp-multicast-holder-without-reuseaddr",
	  .run = multicast_holder_plain,
	  .where = EACH_KERNEL },
	{ .name = "udp-quic-client", .run = quic_client, .where = EACH_KERNEL },
	{ .name = "udp-dns-client", .run = dns_client, .where = EACH_KERNEL },
	{ 0 },
};
