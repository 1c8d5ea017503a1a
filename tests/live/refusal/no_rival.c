// SPDX-License-Identifier: GPL-2.0-only
/* Refusals without a rival: a connection to itself, a privileged port, an address of no
 * interface; and a refused thread. */
#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

#define NOBODY 65534

/* A retrying client connects to a server that is down, until the kernel gives it the server's own
 * port as its source: here at once, because the range has no other port. */
static void self_connect_of(struct test *t, unsigned options, const char *address)
{
	struct puppet *client = puppet_start(t, "retrier"), *web = puppet_start(t, "web");
	struct truth truth;
	struct attempt a;
	struct prop p;

	monitor_watch(t, NULL);
	space_set("ipv4/ip_local_port_range", "35000 35000");
	p = stage_client(client, options, address, 35000);
	a = stage_refused(web, options | OPT_REUSEADDR, address, 35000, EADDRINUSE);
	truth = truth_held(&a, "self-connect", FIX_CLIENT, &p, "ESTABLISHED", "connect");
	truth.says = "connected to itself";
	fixes_run_reserve(t, verdict_check(t, &truth), "", 35000);
}

static void scenario_self_connect(struct test *t)
{
	self_connect_of(t, 0, "127.0.0.1");
}

static void scenario_self_connect_v6(struct test *t)
{
	self_connect_of(t, OPT_V6, "::1");
}

static void privileged_of(struct test *t, unsigned options, const char *address)
{
	struct puppet *web =
		puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = NOBODY });
	struct attempt a;
	char now[16] = "";

	monitor_watch(t, NULL);
	if (!space_get("ipv4/ip_unprivileged_port_start", now, sizeof(now)))
		space_set("ipv4/ip_unprivileged_port_start", "1000");
	a = stage_refused(web, options, address, 80, EACCES);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "privileged-port",
				 .says = "ports below 1000 need CAP_NET_BIND_SERVICE",
			 });
}

static void scenario_privileged_port(struct test *t)
{
	privileged_of(t, 0, "0.0.0.0");
}

static void scenario_privileged_port_v6(struct test *t)
{
	privileged_of(t, OPT_V6, "::");
}

static void scenario_privileged_port_udp(struct test *t)
{
	privileged_of(t, OPT_UDP, "127.0.0.1");
}

static void not_local_of(struct test *t, unsigned options, const char *address)
{
	struct puppet *web = puppet_start(t, "web");
	struct attempt a;

	monitor_watch(t, NULL);
	a = stage_refused(web, options, address, 8080, EADDRNOTAVAIL);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "address-not-local",
				 .says = address,
			 });
}

static void scenario_address_not_local(struct test *t)
{
	not_local_of(t, 0, "192.0.2.7");
}

static void scenario_address_not_local_v6(struct test *t)
{
	not_local_of(t, OPT_V6, "2001:db8::7");
}

static void scenario_address_not_local_udp(struct test *t)
{
	not_local_of(t, OPT_UDP, "192.0.2.7");
}

struct io_thread {
	struct io_socket socket;
	struct io_name name;
	struct io_look look;
	struct person who;
};

static void *refused_thread(void *argument)
{
	struct io_thread *a = argument;

	prctl(PR_SET_NAME, "web-worker-7");
	person_self(&a->who);
	act_socket(&a->socket);
	a->name.fd = a->look.fd = a->socket.fd;
	act_look(&a->look);
	act_bind(&a->name);
	return NULL;
}

static void act_thread(void *io)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, refused_thread, io))
		pthread_join(thread, NULL);
}

/* The thread that called has a name and an id of its own. */
static void scenario_refused_thread(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct io_thread io = { .name.to = { "0.0.0.0", 8080 } };
	struct prop listener;
	struct attempt a = { .by = web, .op = "bind" };

	monitor_watch(t, NULL);
	listener = stage_listener(api, 0, "0.0.0.0", 8080);
	puppet_call(web, act_thread, &io, sizeof(io));
	io.who.born_after = web->who.born_after;
	io.who.born_before = web->who.born_before;
	a.who = io.who;
	a.socket = io.look;
	a.wanted = io.name.to;
	a.error = io.name.error;
	a.before = io.name.before;
	a.after = io.name.after;
	truth_check_listener(t, &a, &listener);
}

const struct scenario cases_refusal_no_rival[] = {
	{ .name = "self-connect", .run = scenario_self_connect, .where = EACH_KERNEL },
	{ .name = "self-connect-v6", .run = scenario_self_connect_v6, .where = EACH_KERNEL },
	{ .name = "privileged-port", .run = scenario_privileged_port, .where = EACH_KERNEL },
	{ .name = "privileged-port-v6", .run = scenario_privileged_port_v6, .where = EACH_KERNEL },
	{ .name = "privileged-port-udp",
	  .run = scenario_privileged_port_udp,
	  .where = EACH_KERNEL },
	{ .name = "address-not-local", .run = scenario_address_not_local, .where = EACH_KERNEL },
	{ .name = "address-not-local-v6",
	  .run = scenario_address_not_local_v6,
	  .where = EACH_KERNEL },
	{ .name = "address-not-local-udp",
	  .run = scenario_address_not_local_udp,
	  .where = EACH_KERNEL },
	{ .name = "refused-thread", .run = scenario_refused_thread, .where = EACH_KERNEL },
	{ 0 },
};
