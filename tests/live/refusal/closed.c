// SPDX-License-Identifier: GPL-2.0-only
/* Refusals are known by the state of a closed socket, if no program saw them. Sockets that were refused
 * nothing, or before portclash began, or whose refusal was told, bring no line at their close. */
#include <errno.h>
#include <string.h>

#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/stage.h"

/* Bits of what a socket lives through. */
enum life {
	LIFE_LISTENS = 1 << 0,
	LIFE_SHUTS = 1 << 1,
	LIFE_CONNECTS = 1 << 2, /* to nobody */
	LIFE_SENDS = 1 << 3,
	LIFE_DISCONNECTS = 1 << 4,
	LIFE_BINDS = 1 << 5,
};

struct io_life {
	unsigned options;
	unsigned life;
	int error; /* of the last call */
	int fd;
	bool stays; /* open */
};

static void act_life(void *io)
{
	struct io_life *a = io;
	struct io_socket s = { .options = a->options };
	const char *to = a->options & OPT_V6 ? "::1" : "127.0.0.1";
	struct io_name call = { .to.port = 9 };
	struct io_listen listening = { .backlog = 4 };

	act_socket(&s);
	call.fd = listening.fd = a->fd = s.fd;
	strcpy(call.to.address, to);
	if (a->life & LIFE_BINDS)
		act_bind(&(struct io_name){ .fd = s.fd });
	if (a->life & LIFE_LISTENS)
		act_listen(&listening);
	if (a->life & LIFE_SHUTS)
		shutdown(s.fd, SHUT_RDWR);
	if (a->life & LIFE_CONNECTS)
		act_connect(&call);
	if (a->life & LIFE_SENDS)
		act_send_to(&call);
	a->error = call.error + listening.error;
	if (a->life & LIFE_DISCONNECTS)
		act_disconnect(&call);
	if (!a->stays)
		act_close(&(struct io_close){ .fd = s.fd });
}

static int life_live(struct puppet *by, struct io_life *io)
{
	puppet_call(by, act_life, io, sizeof(*io));
	return io->error;
}

static const struct io_life peaceful_lives[] = {
	{ 0 },
	{ .life = LIFE_BINDS },
	{ .life = LIFE_LISTENS },
	{ .life = LIFE_LISTENS | LIFE_SHUTS },
	{ .life = LIFE_BINDS | LIFE_LISTENS | LIFE_SHUTS },
	{ .life = LIFE_CONNECTS },
	{ .life = LIFE_CONNECTS | LIFE_DISCONNECTS },
	{ .life = LIFE_BINDS | LIFE_CONNECTS },
	{ .life = LIFE_CONNECTS, .options = OPT_V6 },
	{ .options = OPT_UDP },
	{ .options = OPT_UDP, .life = LIFE_BINDS },
	{ .options = OPT_UDP, .life = LIFE_CONNECTS },
	{ .options = OPT_UDP, .life = LIFE_CONNECTS | LIFE_DISCONNECTS },
	{ .options = OPT_UDP, .life = LIFE_SENDS },
	{ .options = OPT_UDP | OPT_V6, .life = LIFE_CONNECTS },
	{ .options = OPT_UDP | OPT_V6, .life = LIFE_SENDS },
};

static void scenario_closed_in_peace(struct test *t)
{
	struct puppet *by = puppet_start(t, "peaceful");

	monitor_watch(t, (const char *[]){ "--all", NULL });
	for (size_t i = 0; i < sizeof(peaceful_lives) / sizeof(peaceful_lives[0]); i++) {
		struct io_life io = peaceful_lives[i];
		int error = life_live(by, &io);

		if (error && (error != ECONNREFUSED || !(io.life & LIFE_CONNECTS)))
			test_abort(t, "stage: life %zu ended with %s", i, strerror(error));
	}
	monitor_no_line(t, "refusal", by->pid, QUIET_SECONDS);
}

/* These are refused in a range that is used up. */
static const struct io_life refused_lives[] = {
	{ .life = LIFE_LISTENS, .error = EADDRINUSE },
	{ .life = LIFE_CONNECTS, .error = EADDRNOTAVAIL },
	{ .life = LIFE_CONNECTS, .error = EADDRNOTAVAIL, .options = OPT_V6 },
	{ .life = LIFE_CONNECTS, .error = EAGAIN, .options = OPT_UDP },
	{ .life = LIFE_SENDS, .error = EAGAIN, .options = OPT_UDP },
	{ .life = LIFE_SENDS, .error = EAGAIN, .options = OPT_UDP | OPT_V6 },
};

#define REFUSED_LIVES (sizeof(refused_lives) / sizeof(refused_lives[0]))

static void closed_stage(struct test *t)
{
	struct puppet *holder = puppet_start(t, "holder");

	space_set("ipv4/ip_local_port_range", "50000 50000");
	stage_bound(holder, 0, "0.0.0.0", 50000);
	stage_bound(holder, OPT_UDP, "0.0.0.0", 50000);
	stage_bound(holder, OPT_UDP | OPT_V6 | OPT_V6ONLY, "::", 50000);
	stage_bound(holder, OPT_V6 | OPT_V6ONLY, "::", 50000);
}

static void closed_refuse(struct test *t, struct puppet *by, struct io_life *io)
{
	int expected = io->error, error = life_live(by, io);

	if (error != expected)
		test_abort(t, "stage: expected %s, got %s", strerror(expected), strerror(error));
}

static void scenario_closed_after_telling(struct test *t)
{
	struct puppet *by = puppet_start(t, "refused");

	closed_stage(t);
	monitor_watch(t, (const char *[]){ "--all", NULL });
	for (size_t i = 0; i < REFUSED_LIVES; i++) {
		struct io_life io = refused_lives[i];

		closed_refuse(t, by, &io);
		if (!monitor_line(t, "refusal", by->pid, 5))
			test_fail(t, "expected a refusal in life %zu", i);
	}
	monitor_no_line(t, "refusal", by->pid, QUIET_SECONDS);
}

static void scenario_closed_refused_before(struct test *t)
{
	struct puppet *by = puppet_start(t, "refused");
	struct io_life lives[REFUSED_LIVES];

	closed_stage(t);
	memcpy(lives, refused_lives, sizeof(lives));
	for (size_t i = 0; i < REFUSED_LIVES; i++) {
		lives[i].stays = true;
		closed_refuse(t, by, &lives[i]);
	}
	monitor_watch(t, (const char *[]){ "--all", NULL });
	for (size_t i = 0; i < REFUSED_LIVES; i++)
		puppet_call(by, act_close, &(struct io_close){ .fd = lives[i].fd },
			    sizeof(struct io_close));
	monitor_no_line(t, "refusal", by->pid, QUIET_SECONDS);
}

const struct scenario cases_refusal_closed[] = {
	{ .name = "closed-in-peace", .run = scenario_closed_in_peace, .watch = WATCH_OWN },
	{ .name = "closed-after-telling",
	  .run = scenario_closed_after_telling,
	  .watch = WATCH_OWN },
	{ .name = "closed-refused-before",
	  .run = scenario_closed_refused_before,
	  .watch = WATCH_OWN },
	{ 0 },
};
