// SPDX-License-Identifier: GPL-2.0-only
/* An address that is refused although a device has it, or that no device can have: the verdict says
 * where it is, and its advice helps. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_rare.h"
#include "stage/device.h"
#include "stage/space.h"

#define PORT 8080
#define V4 "10.9.0.1"
#define V6 "2001:db8::9"

/* The kernel takes up to a second to tell of a carrier, and then sets the addresses up again (linkwatch). */
#define CARRIER_MS 1200

static void address_need(struct test *t, const char *what, int err)
{
	if (err == -EOPNOTSUPP)
		test_skip(t, "no %s in this kernel", what);
	if (err)
		test_abort(t, "stage: %s: %s", what, strerror(-err));
}

static void device_with(struct test *t, const char *name, const char *address)
{
	address_need(t, "dummy or veth devices", device_add(name));
	address_need(t, "addresses",
		     device_add_address(name, address, strchr(address, ':') ? 64 : 24));
}

static void bind_to_device(struct prop *p, const char *device)
{
	struct io_device a = { .fd = p->fd };

	snprintf(a.name, sizeof(a.name), "%s", device);
	puppet_call(p->by, act_to_device, &a, sizeof(a));
	if (a.error)
		test_abort(p->by->t, "stage: SO_BINDTODEVICE: %s", strerror(a.error));
}

/* A pair of devices with a wire, both up, of which v0 looks for no duplicates. */
/* The other end, v1, is down: v0 has no carrier. */
static void half_wired_pair(struct test *t)
{
	address_need(t, "veth devices", device_add_pair("v0", "v1", 0));
	if (space_set("ipv6/conf/v0/accept_dad", "0") ||
	    space_set("ipv6/conf/v0/keep_addr_on_down", "1"))
		test_skip(t, "no IPv6, or none of its settings, here");
	address_need(t, "veth devices", device_set_up("v0", true));
}

static void wired_pair(struct test *t)
{
	half_wired_pair(t);
	address_need(t, "veth devices", device_set_up("v1", true));
}

/* The verdict about a bind() of this address by a socket that is bound to `device` (NULL: to none). */
static json_t *address_refused(struct puppet *web, const char *device, const char *address)
{
	struct prop p = stage_socket(web, strchr(address, ':') ? OPT_V6 : 0);

	if (device)
		bind_to_device(&p, device);
	stage_refused_bind(&p, act_bind, address, PORT, EADDRNOTAVAIL);
	return verdict_take(web);
}

static void check_look(struct test *t, json_t *line, const char *state, const char *device,
		       const char *says)
{
	struct spot s = spot_of(t, line), look = spot_below(&s, "address_look");

	expect_string(&s, "cause", "address-not-local");
	expect_contains(&s, "explanation", says);
	expect_string(&look, "state", state);
	expect_string(&look, "device", device);
}

static void expect_no_nonlocal_bind(struct test *t, json_t *line)
{
	if (fixes_with_command(line, "nonlocal_bind"))
		test_fail(t, "expected no advice of ip_nonlocal_bind");
}

static void put_into_vrf(struct test *t, const char *address)
{
	address_need(t, "VRFs", device_add_vrf("blue", 7));
	address_need(t, "dummy or veth devices", device_add("d0"));
	address_need(t, "VRFs", device_enslave("d0", "blue"));
	address_need(t, "addresses",
		     device_add_address("d0", address, strchr(address, ':') ? 64 : 24));
}

/* Bound to the VRF, as the advice says, the socket has the address. */
static void check_in_vrf(struct test *t, const char *address)
{
	struct puppet *web = puppet_start(t, "web");
	struct prop p;
	json_t *line;

	put_into_vrf(t, address);
	monitor_watch(t, NULL);
	line = address_refused(web, NULL, address);
	check_look(t, line, "other-vrf", "d0", "belongs to the VRF blue");
	expect_no_nonlocal_bind(t, line);
	p = stage_socket(web, strchr(address, ':') ? OPT_V6 : 0);
	bind_to_device(&p, "blue");
	stage_bind(&p, address, PORT);
}

static void scenario_address_in_vrf(struct test *t)
{
	check_in_vrf(t, V4);
}

static void scenario_address_in_vrf_v6(struct test *t)
{
	check_in_vrf(t, V6);
}

static void scenario_address_outside_of_vrf(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");

	put_into_vrf(t, V4);
	device_with(t, "d1", "10.8.0.1");
	monitor_watch(t, NULL);
	check_look(t, address_refused(web, "blue", "10.8.0.1"), "other-vrf", "d1",
		   "belongs to no VRF; the socket is bound to blue");
}

static void scenario_address_other_scope(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");

	device_with(t, "d0", "fe80::9");
	device_with(t, "d1", "fe80::8");
	monitor_watch(t, NULL);
	check_look(t, address_refused(web, "d1", "fe80::9"), "other-device", "d0",
		   "link-local address of d0, but was asked for on d1");
}

/* Only devices with a wire look for duplicates; with so many questions it takes a minute. */
static void scenario_address_tentative(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	json_t *line;

	address_need(t, "veth devices", device_add_pair("v0", "v1", 0));
	address_need(t, "veth devices", device_set_up("v0", true));
	address_need(t, "veth devices", device_set_up("v1", true));
	if (space_set("ipv6/conf/v0/dad_transmits", "60"))
		test_skip(t, "no setting dad_transmits here");
	address_need(t, "addresses", device_add_address("v0", V6, 64));
	monitor_watch(t, NULL);
	line = address_refused(web, NULL, V6);
	check_look(t, line, "tentative", "v0", "still tentative");
	expect_no_nonlocal_bind(t, line);
}

static void act_take_address(void *io)
{
	int *err = io;

	*err = device_set_up("v1", true);
	if (!*err)
		*err = device_add_address("v1", V6, 64);
}

/* The other end of the wire has the address: the kernel sees that and gives up. */
static void scenario_address_dadfailed(struct test *t)
{
	struct puppet *web = puppet_start(t, "web"), *other = puppet_start(t, "other");
	const char *state = "tentative";
	json_t *line = NULL;
	int64_t until;
	int err = 0;

	puppet_go_elsewhere(other);
	address_need(t, "veth devices", device_add_pair("v0", "v1", other->pid));
	address_need(t, "veth devices", device_set_up("v0", true));
	puppet_call(other, act_take_address, &err, sizeof(err));
	address_need(t, "addresses", err);
	sleep_ms(2500); /* until the other one is sure of it */
	address_need(t, "addresses", device_add_address("v0", V6, 64));
	monitor_watch(t, NULL);
	until = deadline_in(t, 8);
	while (state && !strcmp(state, "tentative") && !deadline_over(until)) {
		line = address_refused(web, NULL, V6);
		state = json_string_value(
			json_object_get(json_object_get(line, "address_look"), "state"));
		sleep_ms(200);
	}
	check_look(t, line, "dadfailed", "v0", "another machine on that network has it");
}

static void scenario_address_of_device_down(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	json_t *line;

	wired_pair(t);
	address_need(t, "addresses", device_add_address("v0", V6, 64));
	sleep_ms(CARRIER_MS);
	address_need(t, "veth devices", device_set_up("v0", false));
	monitor_watch(t, NULL);
	line = address_refused(web, NULL, V6);
	check_look(t, line, "down", "v0", "is an address of v0, which is down");
	expect_no_nonlocal_bind(t, line);
	fixes_run(t, line, "ip link set dev v0 up");
	fixes_expect_free(web, OPT_V6, V6, PORT);
}

/* Without that setting the kernel forgets the address, and all that can be told is which device is down. */
static void scenario_address_forgotten(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	json_t *line;

	wired_pair(t);
	space_set("ipv6/conf/v0/keep_addr_on_down", "0");
	address_need(t, "addresses", device_add_address("v0", V6, 64));
	sleep_ms(CARRIER_MS);
	address_need(t, "veth devices", device_set_up("v0", false));
	monitor_watch(t, NULL);
	line = address_refused(web, NULL, V6);
	check_look(t, line, "missing", NULL, "v0 is down");
}

/* The kernel does not even begin to look while nothing is at the other end of the wire. */
static void scenario_address_without_carrier(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");

	half_wired_pair(t);
	space_set("ipv6/conf/v0/accept_dad", "1");
	address_need(t, "addresses", device_add_address("v0", V6, 64));
	monitor_watch(t, NULL);
	check_look(t, address_refused(web, NULL, V6), "tentative", "v0", "v0 has no carrier");
}

static void act_unshare(void *io)
{
	*(int *)io = unshare(CLONE_NEWNET) ? -errno : 0;
}

static void scenario_address_of_lo_down(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	json_t *line;
	int err = 0;

	puppet_call(web, act_unshare, &err, sizeof(err));
	if (err)
		test_skip(t, "no further network namespace here");
	puppet_identify(web);
	monitor_watch(t, NULL);
	line = address_refused(web, NULL, "::1");
	check_look(t, line, "down", "lo", "is an address of lo, which is down");
	fixes_run(t, line, "ip link set dev lo up");
	fixes_expect_free(web, OPT_V6, "::1", PORT);
}

static void scenario_address_v6_off(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	json_t *line;

	if (space_set("ipv6/conf/lo/disable_ipv6", "1"))
		test_skip(t, "no IPv6 here");
	monitor_watch(t, NULL);
	line = address_refused(web, NULL, "::1");
	check_look(t, line, "missing", NULL, "IPv6 is switched off on lo");
	expect_no_nonlocal_bind(t, line);
	fixes_run(t, line, "/disable_ipv6=0");
	fixes_expect_free(web, OPT_V6, "::1", PORT);
}

static void scenario_address_behind_nat(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	json_t *line;

	device_with(t, "d0", V4);
	monitor_watch(t, NULL);
	line = address_refused(web, NULL, "203.0.113.9");
	check_look(t, line, "missing", NULL, "NAT");
	expect_no_nonlocal_bind(t, line);
	stage_bound(web, 0, "0.0.0.0", PORT);
}

/* portclash is in the namespace that has the address, the server in another one. */
static void scenario_address_of_host(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", NULL };
	struct puppet *web = puppet_start(t, "web");
	struct spot s;

	device_with(t, "d0", V4);
	puppet_go_elsewhere(web);
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	s = spot_of(t, address_refused(web, NULL, V4));
	check_look(t, s.json, "missing", "d0", "a container cannot bind its host's address");
	s = spot_below(&s, "address_look");
	expect_int(&s, "other_netns", (long long)space_of(t->monitor->pid));
}

const struct scenario cases_refusal_address[] = {
	{ .name = "address-in-vrf",
	  .run = scenario_address_in_vrf,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-in-vrf-v6",
	  .run = scenario_address_in_vrf_v6,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-outside-of-vrf",
	  .run = scenario_address_outside_of_vrf,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-other-scope",
	  .run = scenario_address_other_scope,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-tentative",
	  .run = scenario_address_tentative,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-dadfailed",
	  .run = scenario_address_dadfailed,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-of-device-down",
	  .run = scenario_address_of_device_down,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-forgotten",
	  .run = scenario_address_forgotten,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-without-carrier",
	  .run = scenario_address_without_carrier,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-of-lo-down",
	  .run = scenario_address_of_lo_down,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-v6-off",
	  .run = scenario_address_v6_off,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-behind-nat",
	  .run = scenario_address_behind_nat,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "address-of-host",
	  .run = scenario_address_of_host,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
