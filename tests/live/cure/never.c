// SPDX-License-Identifier: GPL-2.0-only
/* `portclash free`: the sockets that it never ends, and the processes that --stop stops. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "judge/free.h"
#include "run/cases.h"
#include "stage/device.h"
#include "stage/group.h"
#include "stage/manager.h"
#include "stage/terminal.h"

#define PORT 35000
#define TUNNEL_PORT 4789
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DOCKER "/" GROUP_ROOT "/docker-" ID ".scope"
#define SERVICE "/" GROUP_ROOT "/orders.service"

static const char *const stop[] = { "--stop", NULL };

/* A robbery by something that is not to be ended. */
static struct robbery bound_by(struct test *t, const char *name, unsigned options,
			       const char *address, bool listens)
{
	struct robbery r = { .t = t, .options = options & (OPT_UDP | OPT_V6), .any = "0.0.0.0" };
	struct prop p;

	r.client = puppet_start(t, name);
	r.backend = puppet_start(t, "caller");
	r.web = puppet_start(t, "web");
	p = stage_bound(r.client, options, address, PORT);
	if (listens)
		stage_listen(&p, 8);
	robbery_of(&r, &p);
	return r;
}

static void check_held(struct robbery *r, const char *const *more, const char *kind,
		       const char *state, const struct puppet *by)
{
	struct freed f = free_robbed(r, more, 3);

	free_expect_socket(&f, r, kind, state, by);
	free_expect_result(&f, "held", 0);
	expect_int(&f.line, "stopped", 0);
	expect_null(&f.line, "reserved");
}

static void check_still_listens(struct robbery *r)
{
	struct prop out = stage_client(r->backend, 0, "127.0.0.1", PORT), in;

	in = stage_accepted(&r->out, r->client);
	robbery_expect_word(r->t, &out, &in, "a connection to the listener");
}

static void scenario_free_listener(struct test *t)
{
	struct robbery r = bound_by(t, "server", 0, "0.0.0.0", true);

	check_held(&r, NULL, "server", "LISTEN", r.client);
	check_held(&r, (const char *const[]){ "--way", "destroy", NULL }, "server", "LISTEN",
		   r.client);
	check_held(&r, (const char *const[]){ "--way", "descriptor", NULL }, "server", "LISTEN",
		   r.client);
	check_still_listens(&r);
}

/* A listener whose port the kernel chose is one all the same. */
static void scenario_free_listener_kernel_chose(struct test *t)
{
	struct robbery r = { .t = t, .any = "0.0.0.0" };
	struct prop p;

	r.client = puppet_start(t, "server");
	p = stage_listener(r.client, 0, "127.0.0.1", 0);
	robbery_of(&r, &p);
	check_held(&r, NULL, "server", "LISTEN", r.client);
}

/* With a listener in the way nothing else is ended, neither: not the connections that it accepted. */
static void scenario_free_listener_and_connections(struct test *t)
{
	struct robbery r = bound_by(t, "server", 0, "127.0.0.1", true);
	struct prop out = stage_client(r.backend, 0, "127.0.0.1", PORT), in, waiting;
	struct freed f;

	in = stage_accepted(&r.out, r.client);
	waiting = stage_client(r.backend, 0, "127.0.0.1", PORT);
	f = free_robbed(&r, NULL, 3);
	free_expect_result(&f, "held", 0);
	robbery_expect_word(t, &out, &in, "a connection of the server");
	in = stage_accepted(&r.out, r.client);
	robbery_expect_word(t, &waiting, &in, "a connection that waited for accept()");
}

/* At another address than the server's, nothing is in its way, and nothing is touched. */
static void scenario_free_other_address(struct test *t)
{
	static const char *const there[] = { "--address", "127.0.0.2", NULL };
	struct robbery r = bound_by(t, "server", 0, "127.0.0.1", true);
	struct freed f = free_robbed(&r, there, 4);

	expect_string(&f.line, "address", "127.0.0.2");
	free_expect_result(&f, "nothing", 0);
	stage_listener(r.web, 0, "127.0.0.2", PORT);
	check_still_listens(&r);
}

/* A client that asked for the port by number keeps it, whatever becomes of the connection. */
static void scenario_free_bound_client(struct test *t)
{
	struct robbery r = bound_by(t, "client", 0, "127.0.0.1", false);
	struct prop in;

	r.listener = stage_listener(r.backend, 0, "127.0.0.1", SERVER_PORT);
	stage_connect(&r.out, "127.0.0.1", SERVER_PORT);
	in = stage_accepted(&r.listener, r.backend);
	check_held(&r, NULL, "bound", "ESTABLISHED", r.client);
	robbery_expect_word(t, &r.out, &in, "the connection");
}

static void scenario_free_bound_idle(struct test *t)
{
	struct robbery r = bound_by(t, "idle", 0, "127.0.0.1", false);

	check_held(&r, NULL, "bound", "CLOSE", r.client);
	stage_listen(&r.out, 8);
	check_still_listens(&r);
}

static void scenario_free_udp_server(struct test *t)
{
	struct robbery r = bound_by(t, "resolver", OPT_UDP, "0.0.0.0", false);
	struct prop sender;

	check_held(&r, NULL, "server", "CLOSE", r.client);
	sender = stage_client(r.backend, OPT_UDP, "127.0.0.1", PORT);
	robbery_expect_word(t, &sender, &r.out, "the UDP server");
}

struct io_tunnel {
	int error;
};

static void act_tunnel(void *io)
{
	((struct io_tunnel *)io)->error = device_add_vxlan("vxlan7", TUNNEL_PORT);
}

/* A tunnel's port: no process has it, and none can be stopped for it. */
static void scenario_free_kernel_socket(struct test *t)
{
	struct puppet *admin = puppet_start(t, "admin");
	struct io_tunnel a = { 0 };
	struct freed f;
	struct spot s;

	puppet_call(admin, act_tunnel, &a, sizeof(a));
	if (a.error == -EOPNOTSUPP)
		test_skip(t, "no vxlan in this kernel");
	if (a.error)
		test_abort(t, "stage: vxlan: %s", strerror(-a.error));
	f = free_run(t, "4789/udp", stop, 3);
	s = spot_below(&f.plan, "sockets");
	s = spot_at(&s, 0);
	expect_string(&s, "kind", "kernel");
	free_expect_result(&f, "held", 0);
}

/* Waits for the end of a puppet that portclash stopped. */
static void expect_stopped(struct robbery *r, const struct freed *f)
{
	free_expect_result(f, "freed", 0);
	expect_int(&f->line, "stopped", 1);
	stage_listener(r->web, 0, "0.0.0.0", PORT);
}

static void scenario_free_stop_process(struct test *t)
{
	struct robbery r = bound_by(t, "server", 0, "0.0.0.0", true);
	struct freed f = free_robbed(&r, stop, 0);
	struct spot s = spot_below(&f.plan, "stops");

	s = spot_at(&s, 0);
	expect_string(&s, "way", "process");
	free_expect_socket(&f, &r, "server", "LISTEN", r.client);
	expect_stopped(&r, &f);
}

/* Nobody asks for the cookie of this socket: the test does not look at it, and before Linux 6.8 only the kernel's own
 * tables show it. */
static void scenario_free_stop_bound(struct test *t)
{
	struct robbery r = { .t = t, .port = PORT, .text = "35000" };
	struct io_name bind = { .to = { .address = "127.0.0.1", .port = PORT } };
	struct freed f;
	struct spot s;

	r.client = puppet_start(t, "idle");
	r.web = puppet_start(t, "web");
	bind.fd = stage_socket(r.client, 0).fd;
	puppet_call(r.client, act_bind, &bind, sizeof(bind));
	if (bind.error)
		test_abort(t, "stage: bind(): %s", strerror(bind.error));
	f = free_robbed(&r, stop, 0);
	s = spot_below(&f.plan, "sockets");
	s = spot_at(&s, 0);
	expect_string(&s, "kind", "bound");
	expect_string(&s, "state", "CLOSE");
	expect_stopped(&r, &f);
}

/* Never: each of these is alive and serves afterwards. */
static void check_spared(struct robbery *r, const char *why)
{
	struct freed f = free_robbed(r, stop, 3);
	struct spot s = spot_below(&f.plan, "stops");

	s = spot_at(&s, 0);
	expect_string(&s, "way", "never");
	expect_contains(&s, "why", why);
	free_expect_result(&f, "held", 0);
	expect_int(&f.line, "stopped", 0);
	check_still_listens(r);
}

static void scenario_free_stop_runtime(struct test *t)
{
	struct robbery r = bound_by(t, "docker-proxy", 0, "0.0.0.0", true);

	check_spared(&r, "holds ports for other programs");
}

static void scenario_free_stop_session(struct test *t)
{
	struct robbery r = bound_by(t, "shell", 0, "0.0.0.0", true);

	terminal_lead(r.client);
	check_spared(&r, "login or shell session would end");
}

static void scenario_free_stop_container(struct test *t)
{
	struct robbery r = bound_by(t, "server", 0, "0.0.0.0", true);

	group_move(t, DOCKER, r.client);
	check_spared(&r, "runs in a container");
	puppet_exit(r.client);
	group_remove(DOCKER);
}

/* Two have the port, and one of them cannot be stopped: none is. */
static void scenario_free_stop_all_or_none(struct test *t)
{
	struct robbery r = bound_by(t, "server", OPT_REUSEPORT, "127.0.0.1", true);
	struct puppet *proxy = puppet_start(t, "docker-proxy");
	struct prop p = stage_bound(proxy, OPT_REUSEPORT, "127.0.0.1", PORT);
	struct freed f;

	f = free_robbed(&r, stop, 3);
	free_expect_result(&f, "held", 0);
	expect_int(&f.line, "stopped", 0);
	stage_close(&p);
	check_still_listens(&r);
}

static void scenario_free_stop_unit(struct test *t)
{
	struct robbery r = bound_by(t, "orders", 0, "0.0.0.0", true);
	char asked[512];
	struct freed f;
	struct spot s;

	group_move(t, SERVICE, r.client);
	manager_make(t, r.client->pid);
	f = free_robbed(&r, NULL, 3);
	f = free_robbed(&r, stop, 0);
	s = spot_below(&f.plan, "stops");
	s = spot_at(&s, 0);
	expect_string(&s, "way", "unit");
	expect_string(&s, "name", "orders.service");
	manager_asked(t, asked, sizeof(asked));
	if (!strstr(asked, "stop -- orders.service"))
		test_fail(t, "expected that systemctl stops the unit, got \"%s\"", asked);
	expect_stopped(&r, &f);
	sleep_ms(100);
	group_remove(SERVICE);
}

/* A process of a unit that is not its main process: the unit is somebody else's to judge. */
static void scenario_free_stop_not_main(struct test *t)
{
	struct robbery r = bound_by(t, "worker", 0, "0.0.0.0", true);

	group_move(t, SERVICE, r.client);
	manager_make(t, r.backend->pid);
	check_spared(&r, "not its main process");
	puppet_exit(r.client);
	group_remove(SERVICE);
}

const struct scenario cases_cure_never[] = {
	{ .name = "free-listener", .run = scenario_free_listener, .where = EACH_KERNEL },
	{ .name = "free-listener-kernel-chose",
	  .run = scenario_free_listener_kernel_chose,
	  .where = EACH_KERNEL },
	{ .name = "free-listener-and-connections",
	  .run = scenario_free_listener_and_connections,
	  .where = EACH_KERNEL },
	{ .name = "free-other-address", .run = scenario_free_other_address, .where = EACH_KERNEL },
	{ .name = "free-bound-client", .run = scenario_free_bound_client, .where = EACH_KERNEL },
	{ .name = "free-bound-idle", .run = scenario_free_bound_idle, .where = EACH_KERNEL },
	{ .name = "free-udp-server", .run = scenario_free_udp_server, .where = EACH_KERNEL },
	{ .name = "free-kernel-socket", .run = scenario_free_kernel_socket, .where = EACH_KERNEL },
	{ .name = "free-stop-process", .run = scenario_free_stop_process, .where = EACH_KERNEL },
	{ .name = "free-stop-bound",
	  .run = scenario_free_stop_bound,
	  .watch = WATCH_OWN, /* a running monitor gives each new socket a cookie */
	  .where = EACH_KERNEL },
	{ .name = "free-stop-runtime", .run = scenario_free_stop_runtime, .where = ONCE },
	{ .name = "free-stop-session", .run = scenario_free_stop_session, .where = ONCE },
	{ .name = "free-stop-container", .run = scenario_free_stop_container, .where = ONCE },
	{ .name = "free-stop-all-or-none", .run = scenario_free_stop_all_or_none, .where = ONCE },
	{ .name = "free-stop-unit", .run = scenario_free_stop_unit, .where = ONCE },
	{ .name = "free-stop-not-main", .run = scenario_free_stop_not_main, .where = ONCE },
	{ 0 },
};
