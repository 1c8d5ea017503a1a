// SPDX-License-Identifier: GPL-2.0-only
/* connect() to an IPv6 address on a machine that has a route there, and no address to come from. The
 * error is that of a range that is used up, which it is not. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/device.h"
#include "stage/space.h"

#define FAR "2001:db8::1"

/* A way to FAR, and not one IPv6 address. */
static void go_without_address(struct test *t)
{
	int err = space_set("ipv6/conf/default/addr_gen_mode", "1");

	if (!err)
		err = space_set("ipv6/conf/lo/disable_ipv6", "1");
	if (!err)
		err = device_add("way0");
	if (!err)
		err = device_route6("way0");
	if (err)
		test_skip(t, "no IPv6 route without an address here: %s", strerror(-err));
}

/* Only system calls show this refusal: the other back ends watch the choice of a port, to which the
 * connect() does not get. */
static void check_no_source(struct test *t, const struct attempt *a)
{
	if (strcmp(monitor_backend(t), "tracepoint")) {
		monitor_no_line(t, "refusal", a->by->pid, QUIET_SECONDS);
		return;
	}
	verdict_check(t, &(struct truth){
				 .attempt = a,
				 .cause = "no-source-address",
				 .says = "no usable IPv6 address from which to reach " FAR,
			 });
}

static void skip_without(struct puppet *p, unsigned options)
{
	struct io_socket a = { .options = options };

	puppet_call(p, act_socket, &a, sizeof(a));
	if (a.error)
		test_skip(p->t, "no such socket in this kernel: %s", strerror(a.error));
}

static void no_source_of(struct test *t, unsigned options, bool bound)
{
	struct puppet *client = puppet_start(t, "client");
	struct attempt a;
	struct prop p;

	skip_without(client, options);
	monitor_watch(t, NULL);
	go_without_address(t);
	p = stage_socket(client, options);
	if (bound)
		stage_bind(&p, "::", 40000);
	a = stage_refused_connect(&p, act_connect, "connect", FAR, 443, EADDRNOTAVAIL);
	check_no_source(t, &a);
}

static void scenario_no_source_address(struct test *t)
{
	no_source_of(t, OPT_V6, false);
}

static void scenario_no_source_address_bound(struct test *t)
{
	no_source_of(t, OPT_V6, true);
}

static void scenario_no_source_address_mptcp(struct test *t)
{
	no_source_of(t, OPT_V6 | OPT_MPTCP, false);
}

/* The thread has to change the address in the middle of a call: both ends are tried this often. */
#define TRIES_MAX 3000
#define ENOUGH 150

/* The address moves between one without a source, ::127.0.0.1, and one that answers, ::ffff:127.0.0.1. */
struct io_moving_to {
	int without_source;
	int others; /* refused by the other side */
	int error;  /* the last other error */
};

struct to_mover {
	struct sockaddr_in6 to;
	atomic_bool stop;
};

static void *move_destination(void *argument)
{
	struct to_mover *m = argument;
	volatile uint32_t *word = &m->to.sin6_addr.s6_addr32[2];

	while (!m->stop)
		for (int i = 0; i < 64; i++)
			*word = i & 1 ? htonl(0xffff) : 0;
	return NULL;
}

static bool tried_enough(const struct io_moving_to *a)
{
	return a->without_source >= ENOUGH && a->others >= ENOUGH;
}

static void connect_to_mover(struct io_moving_to *a, const struct sockaddr_in6 *to)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = connect(fd, (const void *)to, sizeof(*to)) ? errno : 0;

	a->without_source += error == EADDRNOTAVAIL;
	a->others += error == ECONNREFUSED;
	if (error != EADDRNOTAVAIL && error != ECONNREFUSED)
		a->error = error ? error : EISCONN;
	close(fd);
}

static void act_connect_moving(void *io)
{
	struct to_mover m = { .to = { .sin6_family = AF_INET6, .sin6_port = htons(9) } };
	struct io_moving_to *a = io;
	pthread_t thread;

	m.to.sin6_addr.s6_addr32[3] = htonl(INADDR_LOOPBACK);
	a->error = pthread_create(&thread, NULL, move_destination, &m);
	for (int i = 0; i < TRIES_MAX && !a->error && !tried_enough(a); i++)
		connect_to_mover(a, &m.to);
	m.stop = true;
	pthread_join(thread, NULL);
}

/* An alert is for a range that is used up. No user may bring it about by changing an argument. */
static void scenario_moving_destination(struct test *t)
{
	struct puppet *evil = puppet_start(t, "evil");
	struct io_moving_to a = { 0 };
	int have = 0;
	json_t *line;

	monitor_watch(t, (const char *const[]){ "--all", NULL });
	go_without_address(t);
	t->retries = true;
	puppet_call(evil, act_connect_moving, &a, sizeof(a));
	if (a.error)
		test_abort(t, "stage: connect(): %s", strerror(a.error));
	test_note(t, "%d without a source, %d others", a.without_source, a.others);
	if (strcmp(monitor_backend(t), "tracepoint")) {
		monitor_no_line(t, "refusal", evil->pid, QUIET_SECONDS);
		return;
	}
	while (have < a.without_source && (line = monitor_line(t, "refusal", evil->pid, 5))) {
		struct spot s = spot_of(t, line);

		expect_string(&s, "cause", "no-source-address");
		expect_end(&s, "requested", &(struct end){ "::127.0.0.1", 9 });
		have++;
	}
	if (have != a.without_source)
		test_fail(t, "expected %d refusals, got %d", a.without_source, have);
}

const struct scenario cases_refusal_no_source[] = {
	{ .name = "moving-destination",
	  .run = scenario_moving_destination,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "no-source-address", .run = scenario_no_source_address, .where = EACH_KERNEL },
	{ .name = "no-source-address-bound",
	  .run = scenario_no_source_address_bound,
	  .where = EACH_KERNEL },
	{ .name = "no-source-address-mptcp",
	  .run = scenario_no_source_address_mptcp,
	  .where = EACH_KERNEL },
	{ 0 },
};
