// SPDX-License-Identifier: GPL-2.0-only
/* Many small collisions of mixed kinds. */
#include "stage/clash.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "monitor/monitor.h"

const struct clash_truth clash_truths[CLASH_KINDS] = {
	[CLASH_CLIENT] = { "ephemeral-client", "connect" },
	[CLASH_EXPLICIT] = { "explicit-client", "bind" },
	[CLASH_IDLE_ZERO] = { "ephemeral-bind", "bind-zero" },
	[CLASH_IDLE] = { "bound-not-listening", "bind" },
	[CLASH_LISTENER] = { "wildcard-overlap", "bind" },
	[CLASH_UDP_SEND] = { "ephemeral-bind", "autobind" },
	[CLASH_UDP_SERVER] = { "wildcard-overlap", "bind" },
	[CLASH_UDP_ZERO] = { "ephemeral-bind", "bind-zero" },
};

bool clash_is_udp(uint8_t kind)
{
	return kind >= CLASH_UDP_SEND;
}

static bool clash_bind(int fd, const char *address, unsigned port)
{
	struct io_name a = { .fd = fd, .to.port = (uint16_t)port };

	strcpy(a.to.address, address);
	act_bind(&a);
	return !a.error;
}

static bool reach_server(int fd, puppet_fn call)
{
	struct io_name a = { .fd = fd, .to = { "127.0.0.1", SERVER_PORT } };

	call(&a);
	return !a.error;
}

static bool obtain(struct clash *c, unsigned number)
{
	static const bool by_number[CLASH_KINDS] = {
		[CLASH_EXPLICIT] = true,
		[CLASH_IDLE] = true,
		[CLASH_LISTENER] = true,
		[CLASH_UDP_SERVER] = true,
	};
	struct io_listen listening = { .fd = c->fd, .backlog = 1 };

	if (by_number[c->kind] && !clash_bind(c->fd, "127.0.0.1", CLASH_BY_NUMBER + number))
		return false;
	switch (c->kind) {
	case CLASH_CLIENT:
	case CLASH_EXPLICIT:
		return reach_server(c->fd, act_connect);
	case CLASH_UDP_SEND:
		return reach_server(c->fd, act_send_to);
	case CLASH_IDLE_ZERO:
	case CLASH_UDP_ZERO:
		return clash_bind(c->fd, "127.0.0.1", 0);
	case CLASH_LISTENER:
		act_listen(&listening);
		return !listening.error;
	default:
		return true;
	}
}

void clash_open(struct clash *c, unsigned number)
{
	struct io_socket s = { .options = clash_is_udp(number % CLASH_KINDS) ? OPT_UDP : 0 };

	act_socket(&s);
	c->fd = s.fd;
	c->kind = (uint8_t)(number % CLASH_KINDS);
	c->holder = getpid();
}

void clash_claim(struct clash *c, unsigned number)
{
	struct io_look look = { .fd = c->fd };

	c->before = wall_ns();
	if (!obtain(c, number))
		return;
	c->after = wall_ns();
	act_look(&look);
	c->port = look.local.port;
}

void clash_collide(struct clash *c)
{
	struct io_socket s = { .options = clash_is_udp(c->kind) ? OPT_UDP : 0 };
	struct io_name a = { .to = { "0.0.0.0", c->port } };

	act_socket(&s);
	a.fd = s.fd;
	act_bind(&a);
	c->error = (uint8_t)a.error;
	c->refused = (struct clash_call){ a.before, a.after };
	close(s.fd);
}

void clash_check_missing(struct test *t, unsigned missing)
{
	struct monitor *m = t->monitor;
	json_t *lost = NULL;

	if (!missing)
		return;
	monitor_stop(t, m, SIGTERM, 20);
	monitor_read(t, m);
	/* The last line is compared when the scenario is over. */
	if (m->count)
		lost = json_object_get(json_object_get(m->lines[m->count - 1], "lost"), "not_run");
	test_note(t, "%u refusals not told or not wholly, %lld programs not run by the kernel",
		  missing, (long long)json_integer_value(lost));
	/* One claim that is missing can be that of several refusals. */
	if (!json_integer_value(lost))
		test_fail(t, "expected all refusals told, got %u missing", missing);
}
