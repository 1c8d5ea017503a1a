// SPDX-License-Identifier: GPL-2.0-only
/* Servers in the way, each for a reason of its own: a second instance, a socket that lives on in
 * another process, receivers that do not all share; and UDP clients known by their other end. */
#include <errno.h>
#include <unistd.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/binary.h"
#include "stage/group.h"
#include "stage/heir.h"

#define PORT 8080
#define FIX_PLAIN (FIX_STOP | FIX_REUSEPORT)

struct cast {
	struct puppet *first;
	struct puppet *web;
	struct prop listener;
};

/* Starts a program from another file than the runner's. Two of them with one parent, the runner,
 * are then two instances and not workers of one server. */
static struct puppet *instance(struct test *t, const char *argument)
{
	static char path[256];

	return puppet_start_as(
		t, &(struct puppet_spec){ .name = "orders",
					  .argument = argument,
					  .exe = binary_copy(t, "orders", path, sizeof(path)) });
}

static void check_server_cause(struct test *t, struct cast *c, const char *cause, const char *says,
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

static void scenario_duplicate_instance(struct test *t)
{
	struct cast c = { .first = instance(t, NULL), .web = instance(t, NULL) };

	listen_first(t, &c);
	check_server_cause(t, &c, "duplicate-instance", "with the same arguments",
			   FIX_PLAIN | FIX_ONCE);
}

static void scenario_listener_same_program_other_arguments(struct test *t)
{
	struct cast c = { .first = instance(t, "--a"), .web = instance(t, "--b") };

	listen_first(t, &c);
	check_server_cause(t, &c, "listener", "with different arguments", FIX_PLAIN);
}

/* Two processes started by one parent that runs the same file are workers of one server. */
static void scenario_listener_of_sister_process(struct test *t)
{
	struct cast c = { .first = puppet_start(t, "worker"), .web = puppet_start(t, "worker") };

	listen_first(t, &c);
	check_server_cause(t, &c, "listener", "processes of one running instance", FIX_PLAIN);
}

static void check_of_unit(struct test *t, const char *argument, const char *cause,
			  const char *says, unsigned fixes)
{
	static const char path[] = "/" GROUP_ROOT "/orders.service";
	struct cast c = { .first = instance(t, "--a"), .web = instance(t, argument) };

	group_move(t, path, c.first);
	group_move(t, path, c.web);
	/* Reads again the control group that the person was moved to. */
	puppet_identify(c.first);
	puppet_identify(c.web);
	listen_first(t, &c);
	check_server_cause(t, &c, cause, says, fixes);
	puppet_exit(c.first);
	puppet_exit(c.web);
	group_remove(path);
}

/* systemd stops and starts a unit whose first process stays behind. */
static void scenario_duplicate_instance_of_unit(struct test *t)
{
	check_of_unit(t, "--a", "duplicate-instance", "both belong to orders.service",
		      FIX_PLAIN | FIX_ONCE);
}

/* A supervisor in one unit runs two servers of one executable. */
static void scenario_listener_of_unit_other_arguments(struct test *t)
{
	check_of_unit(t, "--b", "listener", "with different arguments", FIX_PLAIN);
}

/* Runs in the puppet. The path becomes empty where it could not go. */
static void enter(void *path)
{
	if (chdir(path))
		*(char *)path = '\0';
}

static void puppet_enter(struct test *t, struct puppet *p, const char *path)
{
	char io[16];

	snprintf(io, sizeof(io), "%s", path);
	puppet_call(p, enter, io, sizeof(io));
	if (!*io)
		test_fail(t, "cannot go to %s", path);
}

/* Two projects are started by the same words, each in its own directory. */
static void scenario_listener_of_other_directory(struct test *t)
{
	struct cast c = { .first = instance(t, "a.conf"), .web = instance(t, "a.conf") };

	puppet_enter(t, c.first, "/proc");
	puppet_enter(t, c.web, "/dev");
	listen_first(t, &c);
	check_server_cause(t, &c, "listener", "in different working directories, /proc and /dev",
			   FIX_PLAIN);
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

static void check_forked_listener(struct test *t, bool own_session, struct truth truth)
{
	struct cast c = { .first = puppet_start(t, "api"), .web = puppet_start(t, "web") };
	struct puppet heir;

	listen_first(t, &c);
	heir = heir_fork(c.first, own_session);
	puppet_exit(c.first);
	check_heir(t, &c, truth, &heir, c.listener.fd);
}

/* A worker of a server that was killed still has the listening socket. */
static void scenario_inherited_listener_forked(struct test *t)
{
	check_forked_listener(t, false,
			      (struct truth){ .cause = "inherited-listener",
					      .says = "which has exited, but it lives on in heir[",
					      .fixes = FIX_STOP | FIX_CHILDREN });
}

/* With daemon(3) after bind() the child is the server, and nothing was left behind. */
static void scenario_listener_of_daemon(struct test *t)
{
	check_forked_listener(
		t, true,
		(struct truth){ .cause = "listener", .says = "listens on", .fixes = FIX_PLAIN });
}

/* A server that is killed leaves a child in a session of its own, which looks like a daemon, and a child
 * of that one. The restarted server is told of both, and gets the port when it takes the advice. */
static void scenario_inherited_listener_own_session(struct test *t)
{
	struct cast c = { .first = puppet_start(t, "api"), .web = puppet_start(t, "api") };
	struct puppet heir, second;
	struct attempt a;
	struct truth truth;
	char says[64];
	json_t *line;

	listen_first(t, &c);
	heir_fork_two(c.first, &heir, &second);
	puppet_kill(c.first);
	a = stage_refused(c.web, 0, "0.0.0.0", PORT, EADDRINUSE);
	truth = (struct truth){ .attempt = &a,
				.cause = "inherited-listener",
				.fixes = FIX_STOP | FIX_CHILDREN,
				.stop_too = &second };
	truth.holders[0] = truth_holder(&c.listener, "LISTEN", "bind");
	truth_inherited(&truth, &heir, c.listener.fd);
	truth.holders[0].owners[1] = (struct true_owner){ &second, c.listener.fd };
	snprintf(says, sizeof(says), "second[%d] (started by heir[%d])", second.pid, heir.pid);
	truth.says = says;
	line = verdict_check(t, &truth);
	if (line && fixes_run_now(t, line))
		fixes_expect_free(c.web, 0, "0.0.0.0", PORT);
}

/* Another program received the descriptor, by exec() or in a message, and the server is gone. */
static void scenario_inherited_listener_leaked(struct test *t)
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
static void scenario_inherited_listener_closed_by_claimer(struct test *t)
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

static void check_udp_sharing(struct test *t, unsigned held, unsigned wanted, const char *says,
			      unsigned fixes)
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
static void scenario_udp_multicast_without_reuseaddr(struct test *t)
{
	check_udp_sharing(t, OPT_REUSEADDR, 0, "but the refused socket did not", FIX_REUSEADDR);
}

static void scenario_udp_multicast_holder_without_reuseaddr(struct test *t)
{
	check_udp_sharing(t, 0, OPT_REUSEADDR, "but the holder did not", 0);
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

static void scenario_udp_quic_client(struct test *t)
{
	udp_client(t, 443, "so it speaks QUIC");
}

static void scenario_udp_dns_client(struct test *t)
{
	udp_client(t, 53, "so it speaks DNS");
}

const struct scenario cases_cause_server[] = {
	{ .name = "duplicate-instance", .run = scenario_duplicate_instance, .where = EACH_KERNEL },
	{ .name = "duplicate-instance-of-unit",
	  .run = scenario_duplicate_instance_of_unit,
	  .where = EACH_KERNEL },
	{ .name = "listener-of-unit-other-arguments",
	  .run = scenario_listener_of_unit_other_arguments,
	  .where = EACH_KERNEL },
	{ .name = "listener-of-other-directory",
	  .run = scenario_listener_of_other_directory,
	  .where = EACH_KERNEL },
	{ .name = "listener-same-program-other-arguments",
	  .run = scenario_listener_same_program_other_arguments,
	  .where = EACH_KERNEL },
	{ .name = "listener-of-sister-process",
	  .run = scenario_listener_of_sister_process,
	  .where = EACH_KERNEL },
	{ .name = "inherited-listener-forked",
	  .run = scenario_inherited_listener_forked,
	  .where = EACH_KERNEL },
	{ .name = "inherited-listener-own-session",
	  .run = scenario_inherited_listener_own_session,
	  .where = EACH_KERNEL },
	{ .name = "inherited-listener-leaked",
	  .run = scenario_inherited_listener_leaked,
	  .where = EACH_KERNEL },
	{ .name = "inherited-listener-closed-by-claimer",
	  .run = scenario_inherited_listener_closed_by_claimer,
	  .where = EACH_KERNEL },
	{ .name = "listener-of-daemon", .run = scenario_listener_of_daemon, .where = EACH_KERNEL },
	{ .name = "udp-multicast-without-reuseaddr",
	  .run = scenario_udp_multicast_without_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "udp-multicast-holder-without-reuseaddr",
	  .run = scenario_udp_multicast_holder_without_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "udp-quic-client", .run = scenario_udp_quic_client, .where = EACH_KERNEL },
	{ .name = "udp-dns-client", .run = scenario_udp_dns_client, .where = EACH_KERNEL },
	{ 0 },
};
