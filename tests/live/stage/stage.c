// SPDX-License-Identifier: GPL-2.0-only
/* Staging: sockets of puppets, and refused calls. */
#include "stage/stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stage/acts_rare.h"

static void must_stage(struct puppet *by, const char *what, int error)
{
	if (error)
		test_abort(by->t, "stage: %s of %s: %s", what, by->who.comm, strerror(error));
}

struct prop stage_socket(struct puppet *by, unsigned options)
{
	struct io_socket a = { .options = options };

	puppet_call(by, act_socket, &a, sizeof(a));
	must_stage(by, "socket()", a.error);
	return (struct prop){ .by = by, .fd = a.fd };
}

int stage_set_option(struct prop *p, int level, int option, unsigned value)
{
	struct io_option a = { p->fd, level, option, value, 0 };

	puppet_call(p->by, act_set_option, &a, sizeof(a));
	must_stage(p->by, "setsockopt()", a.error == ENOPROTOOPT ? 0 : a.error);
	return a.error;
}

void stage_look(struct prop *p)
{
	uint64_t cookie = p->look.cookie;

	p->look = (struct io_look){ .fd = p->fd, .with_cookie = cookie != 0 };
	puppet_call(p->by, act_look, &p->look, sizeof(p->look));
	must_stage(p->by, "looking at a socket", p->look.error);
}

static struct io_name stage_name_call(struct prop *p, puppet_fn fn, const char *address,
				      uint16_t port)
{
	struct io_name a = { .fd = p->fd, .to.port = port };

	snprintf(a.to.address, sizeof(a.to.address), "%s", address);
	puppet_call(p->by, fn, &a, sizeof(a));
	return a;
}

/* Records the claim: the first call that gave the socket its port. The cookie is asked for
 * afterwards, because the test must not be what gave the socket a cookie. */
static void stage_claimed(struct prop *p, int64_t before, int64_t after)
{
	if (!p->before) {
		p->before = before;
		p->after = after;
	}
	p->look.cookie = 1;
	stage_look(p);
}

void stage_call(struct prop *p, puppet_fn fn, const char *what, const char *address, uint16_t port)
{
	struct io_name a = stage_name_call(p, fn, address, port);

	must_stage(p->by, what, a.error);
	stage_claimed(p, a.before, a.after);
}

void stage_bind(struct prop *p, const char *address, uint16_t port)
{
	stage_call(p, act_bind, "bind()", address, port);
}

void stage_connect(struct prop *p, const char *address, uint16_t port)
{
	stage_call(p, act_connect, "connect()", address, port);
}

void stage_try_connect(struct prop *p, const char *address, uint16_t port)
{
	struct io_name a = stage_name_call(p, act_try_connect, address, port);

	must_stage(p->by, "connect()", a.error == EINPROGRESS ? 0 : a.error);
	stage_claimed(p, a.before, a.after);
}

void stage_send(struct prop *p, const char *address, uint16_t port)
{
	stage_call(p, act_send_to, "sendto()", address, port);
}

void stage_fast_open(struct prop *p, const char *address, uint16_t port)
{
	stage_call(p, act_fast_open, "sendto()", address, port);
}

void stage_failed_connect(struct prop *p, const char *address, uint16_t port, int error)
{
	struct io_name a = stage_name_call(p, act_connect, address, port);

	if (a.error != error)
		test_abort(p->by->t, "stage: connect() ended with \"%s\", not with \"%s\"",
			   strerror(a.error), strerror(error));
}

void stage_disconnect(struct prop *p)
{
	struct io_close a = { .fd = p->fd };

	puppet_call(p->by, act_disconnect, &a, sizeof(a));
	p->before = 0;
}

void stage_listen_by(struct prop *p, puppet_fn fn, int backlog)
{
	struct io_listen a = { .fd = p->fd, .backlog = backlog };

	puppet_call(p->by, fn, &a, sizeof(a));
	must_stage(p->by, "listen()", a.error);
	stage_claimed(p, a.before, a.after);
}

void stage_listen(struct prop *p, int backlog)
{
	stage_listen_by(p, act_listen, backlog);
}

struct prop stage_bound(struct puppet *by, unsigned options, const char *address, uint16_t port)
{
	struct prop p = stage_socket(by, options);

	stage_bind(&p, address, port);
	return p;
}

struct prop stage_listener(struct puppet *by, unsigned options, const char *address, uint16_t port)
{
	struct prop p = stage_bound(by, options, address, port);

	stage_listen(&p, 64);
	return p;
}

struct prop stage_client(struct puppet *by, unsigned options, const char *address, uint16_t port)
{
	struct prop p = stage_socket(by, options);

	stage_connect(&p, address, port);
	return p;
}

struct prop stage_accepted(struct prop *listener, struct puppet *by)
{
	struct io_accept a = { .fd = listener->fd };
	struct prop p = { .by = by };

	puppet_call(by, act_accept, &a, sizeof(a));
	must_stage(by, "accept()", a.error);
	p.fd = a.accepted;
	stage_look(&p);
	return p;
}

void stage_close(struct prop *p)
{
	struct io_close a = { .fd = p->fd };

	puppet_call(p->by, act_close, &a, sizeof(a));
	p->fd = -1;
}

void stage_shut(struct prop *p)
{
	struct io_close a = { .fd = p->fd };

	puppet_call(p->by, act_shut, &a, sizeof(a));
}

void stage_fill(struct prop *p)
{
	struct io_close a = { .fd = p->fd };

	puppet_call(p->by, act_fill, &a, sizeof(a));
}

struct prop stage_pass(struct prop *p, struct puppet *to)
{
	struct prop copy = *p;

	copy.fd = puppet_pass(p->by, p->fd, to);
	copy.by = to;
	return copy;
}

static struct attempt attempt_by(struct prop *p, const char *op)
{
	struct attempt a = { .by = p->by, .op = op, .who = p->by->who };

	stage_look(p);
	a.socket = p->look;
	return a;
}

static void must_refuse(const struct attempt *a, int error)
{
	if (a->error != error)
		test_abort(a->by->t, "stage: %s() of %s:%u ended with \"%s\", not with \"%s\"",
			   a->op, a->wanted.address, a->wanted.port, strerror(a->error),
			   strerror(error));
}

struct attempt stage_refused_bind(struct prop *p, puppet_fn fn, const char *address, uint16_t port,
				  int error)
{
	return stage_refused_connect(p, fn, "bind", address, port, error);
}

struct attempt stage_refused_connect(struct prop *p, puppet_fn fn, const char *op,
				     const char *address, uint16_t port, int error)
{
	struct attempt a = attempt_by(p, op);
	struct io_name call = stage_name_call(p, fn, address, port);

	a.wanted = call.to;
	a.before = call.before;
	a.after = call.after;
	a.error = call.error;
	must_refuse(&a, error);
	return a;
}

struct attempt stage_refused(struct puppet *by, unsigned options, const char *address,
			     uint16_t port, int error)
{
	struct prop p = stage_socket(by, options);
	struct attempt a = stage_refused_bind(&p, act_bind, address, port, error);

	stage_close(&p);
	return a;
}

struct attempt stage_refused_listen_by(struct prop *p, puppet_fn fn, int error)
{
	struct attempt a = attempt_by(p, "listen");
	struct io_listen call = { .fd = p->fd, .backlog = 64 };

	puppet_call(p->by, fn, &call, sizeof(call));
	a.wanted = p->look.local;
	a.before = call.before;
	a.after = call.after;
	a.error = call.error;
	must_refuse(&a, error);
	return a;
}

struct attempt stage_refused_listen(struct prop *p, int error)
{
	return stage_refused_listen_by(p, act_listen, error);
}
