// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that are bound to a network device, and to a VRF. The kernel decides which of several
 * holders of one port stands in the way; the scenario learns it by who may bind and who may not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_rare.h"
#include "stage/device.h"
#include "stage/space.h"

#define PORT 8080

static void need(struct test *t, const char *what, int err)
{
	if (err == -EOPNOTSUPP)
		test_skip(t, "no %s in this kernel", what);
	if (err)
		test_abort(t, "stage: %s: %s", what, strerror(-err));
}

/* NULL: no device. */
static struct prop socket_at(struct puppet *by, unsigned options, const char *device)
{
	struct prop p = stage_socket(by, options);
	struct io_device a = { .fd = p.fd };

	if (!device)
		return p;
	snprintf(a.name, sizeof(a.name), "%s", device);
	puppet_call(by, act_to_device, &a, sizeof(a));
	if (a.error)
		test_abort(by->t, "stage: SO_BINDTODEVICE: %s", strerror(a.error));
	return p;
}

static struct prop server_at(struct puppet *by, unsigned options, const char *device)
{
	struct prop p = socket_at(by, options, device);

	stage_bind(&p, options & OPT_V6 ? "::" : "0.0.0.0", PORT);
	if (!(options & OPT_UDP))
		stage_listen(&p, 8);
	return p;
}

static struct attempt refused_at(struct puppet *by, unsigned options, const char *device)
{
	struct prop p = socket_at(by, options, device);

	return stage_refused_bind(&p, act_bind, options & OPT_V6 ? "::" : "0.0.0.0", PORT,
				  EADDRINUSE);
}

static struct true_holder holder_of(const struct prop *p)
{
	return truth_holder(p, p->look.tcp_state ? "LISTEN" : "CLOSE", "bind");
}

/* Compares the verdict: `blocking` is in the way, `beside` (NULL: none) has the port as well, and
 * is not. */
static void check_device_holder(struct test *t, const struct attempt *a,
				const struct prop *blocking, const struct prop *beside)
{
	struct truth truth = truth_listener(a, blocking);

	truth.holders[0] = holder_of(blocking);
	if (beside) {
		truth.holders[1] = holder_of(beside);
		truth.holders[1].not_blocking = true;
	}
	verdict_check(t, &truth);
}

/* Stages one holder at `held` and a refusal at `wanted`. */
static void check_device_in_the_way(struct test *t, unsigned options, const char *held,
				    const char *wanted)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop p;
	struct attempt a;

	need(t, "network device of its own", device_add("eth7"));
	monitor_watch(t, NULL);
	p = server_at(api, options, held);
	a = refused_at(web, options, wanted);
	check_device_holder(t, &a, &p, NULL);
}

static void scenario_device_same(struct test *t)
{
	check_device_in_the_way(t, 0, "eth7", "eth7");
}

static void scenario_device_same_v6(struct test *t)
{
	check_device_in_the_way(t, OPT_V6, "eth7", "eth7");
}

static void scenario_device_of_holder_only(struct test *t)
{
	check_device_in_the_way(t, 0, "eth7", NULL);
}

static void scenario_device_of_requester_only(struct test *t)
{
	check_device_in_the_way(t, 0, NULL, "eth7");
}

static void scenario_device_same_udp(struct test *t)
{
	check_device_in_the_way(t, OPT_UDP, "eth7", "eth7");
}

static void scenario_device_of_holder_only_udp(struct test *t)
{
	check_device_in_the_way(t, OPT_UDP, "eth7", NULL);
}

/* Two sockets at two devices may have one port. A third socket at one of the devices is refused
 * because of the first there, not because of the other. */
static void two_devices_of(struct test *t, unsigned options)
{
	struct puppet *api = puppet_start(t, "api"), *other = puppet_start(t, "other");
	struct puppet *web = puppet_start(t, "web");
	struct prop here, there;
	struct attempt a;

	need(t, "network device of its own", device_add("eth7"));
	monitor_watch(t, NULL);
	here = server_at(api, options, "eth7");
	there = server_at(other, options, "lo");
	a = refused_at(web, options, "eth7");
	check_device_holder(t, &a, &here, &there);
	a = refused_at(web, options, "lo");
	check_device_holder(t, &a, &there, &here);
}

static void scenario_device_two(struct test *t)
{
	two_devices_of(t, 0);
}

static void scenario_device_two_udp(struct test *t)
{
	two_devices_of(t, OPT_UDP);
}

/* A client's connection over one device stands in the way there, and in no server's way at another
 * device. */
static void scenario_device_of_client(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener, out, beside, p;
	struct attempt a;
	struct truth truth;

	need(t, "network device of its own", device_add("eth7"));
	monitor_watch(t, NULL);
	listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	out = socket_at(client, 0, "lo");
	stage_connect(&out, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, backend);
	beside = socket_at(api, 0, "eth7");
	stage_bind(&beside, "0.0.0.0", out.look.local.port);
	stage_listen(&beside, 8);
	p = socket_at(web, 0, "lo");
	a = stage_refused_bind(&p, act_bind, "0.0.0.0", out.look.local.port, EADDRINUSE);
	truth = truth_client(&a, &out, backend);
	truth.holders[1] = holder_of(&beside);
	truth.holders[1].not_blocking = true;
	verdict_check(t, &truth);
}

/* inside: bound to a VRF; outside: to no device. */
struct vrf_cast {
	struct puppet *inside;
	struct puppet *outside;
	struct puppet *web;
	struct prop in;
	struct prop out;
};

static struct vrf_cast vrf_cast_of(struct test *t, const char *accept)
{
	struct vrf_cast c = {
		.inside = puppet_start(t, "inside"),
		.outside = puppet_start(t, "outside"),
		.web = puppet_start(t, "web"),
	};

	need(t, "VRF", device_add_vrf("blue", 10));
	need(t, "tcp_l3mdev_accept", space_set("ipv4/tcp_l3mdev_accept", accept));
	monitor_watch(t, NULL);
	return c;
}

/* With tcp_l3mdev_accept = 0 each VRF has ports of its own: both may listen, and a socket in the
 * other VRF is no holder of this port. */
static void vrf_apart(struct test *t, const char *wanted)
{
	struct vrf_cast c = vrf_cast_of(t, "0");
	struct attempt a;

	c.in = server_at(c.inside, 0, "blue");
	c.out = server_at(c.outside, 0, NULL);
	a = refused_at(c.web, 0, wanted);
	check_device_holder(t, &a, wanted ? &c.in : &c.out, NULL);
}

static void scenario_vrf_apart_refused_outside(struct test *t)
{
	vrf_apart(t, NULL);
}

static void scenario_vrf_apart_refused_inside(struct test *t)
{
	vrf_apart(t, "blue");
}

/* With tcp_l3mdev_accept = 1 all share one space of ports, and a server outside is a server
 * everywhere. */
static void vrf_shared_from(struct test *t, const char *held, const char *wanted)
{
	struct vrf_cast c = vrf_cast_of(t, "1");
	struct attempt a;

	c.in = server_at(c.inside, 0, held);
	a = refused_at(c.web, 0, wanted);
	check_device_holder(t, &a, &c.in, NULL);
}

static void scenario_vrf_shared(struct test *t)
{
	vrf_shared_from(t, "blue", NULL);
}

static void scenario_vrf_shared_refused_inside(struct test *t)
{
	vrf_shared_from(t, NULL, "blue");
}

/* Two VRFs have ports of their own, whatever the setting is. */
static void scenario_vrf_two(struct test *t)
{
	struct vrf_cast c = vrf_cast_of(t, "1");
	struct attempt a;

	need(t, "VRF", device_add_vrf("red", 11));
	c.in = server_at(c.inside, 0, "blue");
	c.out = server_at(c.outside, 0, "red");
	a = refused_at(c.web, 0, "red");
	check_device_holder(t, &a, &c.out, &c.in);
}

/* A device that belongs to a VRF counts as that VRF: its bucket is the master's. */
static void scenario_vrf_member_device(struct test *t)
{
	struct vrf_cast c = vrf_cast_of(t, "0");
	struct attempt a;

	need(t, "network device of its own", device_add("eth7"));
	need(t, "device in a VRF", device_enslave("eth7", "blue"));
	c.in = server_at(c.inside, 0, "eth7");
	c.out = server_at(c.outside, 0, NULL);
	a = refused_at(c.web, 0, "eth7");
	check_device_holder(t, &a, &c.in, NULL);
	a = refused_at(c.web, 0, NULL);
	check_device_holder(t, &a, &c.out, NULL);
}

/* UDP's rule knows no VRFs (udp_lib_lport_inuse), only devices. */
static void scenario_vrf_udp(struct test *t)
{
	struct vrf_cast c = vrf_cast_of(t, "0");
	struct attempt a;

	c.in = server_at(c.inside, OPT_UDP, "blue");
	a = refused_at(c.web, OPT_UDP, NULL);
	check_device_holder(t, &a, &c.in, NULL);
}

const struct scenario cases_refusal_device[] = {
	{ .name = "device-same", .run = scenario_device_same, .where = EACH_KERNEL },
	{ .name = "device-same-v6", .run = scenario_device_same_v6, .where = EACH_KERNEL },
	{ .name = "device-same-udp", .run = scenario_device_same_udp, .where = EACH_KERNEL },
	{ .name = "device-of-holder-only",
	  .run = scenario_device_of_holder_only,
	  .where = EACH_KERNEL },
	{ .name = "device-of-holder-only-udp",
	  .run = scenario_device_of_holder_only_udp,
	  .where = EACH_KERNEL },
	{ .name = "device-of-requester-only",
	  .run = scenario_device_of_requester_only,
	  .where = EACH_KERNEL },
	{ .name = "device-two", .run = scenario_device_two, .where = EACH_KERNEL },
	{ .name = "device-two-udp", .run = scenario_device_two_udp, .where = EACH_KERNEL },
	{ .name = "device-of-client", .run = scenario_device_of_client, .where = EACH_KERNEL },
	{ .name = "vrf-apart-refused-outside",
	  .run = scenario_vrf_apart_refused_outside,
	  .where = EACH_KERNEL },
	{ .name = "vrf-apart-refused-inside",
	  .run = scenario_vrf_apart_refused_inside,
	  .where = EACH_KERNEL },
	{ .name = "vrf-member-device", .run = scenario_vrf_member_device, .where = EACH_KERNEL },
	{ .name = "vrf-two", .run = scenario_vrf_two, .where = EACH_KERNEL },
	{ .name = "vrf-shared", .run = scenario_vrf_shared, .where = EACH_KERNEL },
	{ .name = "vrf-shared-refused-inside",
	  .run = scenario_vrf_shared_refused_inside,
	  .where = EACH_KERNEL },
	{ .name = "vrf-udp", .run = scenario_vrf_udp, .where = EACH_KERNEL },
	{ 0 },
};
