// SPDX-License-Identifier: GPL-2.0-only
/* Claims by an unprivileged user, faster than portclash can print them: the driver still sees a signal
 * and ends, because one reading of a ring ends where the ring ended when the reading began. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts.h"
#include "stage/puppet.h"

#define NOBODY 65534
#define THREADS 2
#define FLOOD_SECONDS 12
#define BEFORE_MS 1500

/* A ring of a MiB has some 20,000 claims, whose lines are printed before the signal is seen. */
#define END_SECONDS 5

struct io_claims {
	double seconds;
	unsigned long made;
	int error;
};

/* A datagram socket has no state after it: no TIME_WAIT slows the loop. */
static void *claim_and_close(void *context)
{
	struct io_claims *a = context;
	int64_t until = wall_ns() + (int64_t)(a->seconds * 1e9);

	while (!a->error && wall_ns() < until) {
		int fd = open_bound(OPT_UDP, &(struct end){ "127.0.0.1", 0 });

		if (fd < 0)
			a->error = -fd;
		else
			close(fd);
		a->made++;
	}
	return NULL;
}

static void act_claim_and_close(void *io)
{
	struct io_claims *a = io, parts[THREADS];
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++) {
		parts[i] = *a;
		a->error |= pthread_create(&ids[i], NULL, claim_and_close, &parts[i]);
	}
	for (int i = 0; i < THREADS && !a->error; i++) {
		pthread_join(ids[i], NULL);
		a->made += parts[i].made;
		a->error |= parts[i].error;
	}
}

static void scenario_claims_flood_and_sigterm(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", "--claims", NULL };
	struct puppet *nobody =
		puppet_start_as(t, &(struct puppet_spec){ .name = "nobody", .uid = NOBODY });
	struct io_claims io = { .seconds = FLOOD_SECONDS };
	int64_t before;

	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv });
	puppet_begin(nobody, act_claim_and_close, &io, sizeof(io));
	sleep_ms(BEFORE_MS);
	before = wall_ns();
	if (monitor_stop(t, t->monitor, SIGTERM, END_SECONDS))
		test_fail(t, "expected 0, got %#x as exit status", t->monitor->status);
	test_note(t, "ended %.0f ms after SIGTERM", (double)(wall_ns() - before) / 1e6);
	puppet_end(nobody, &io, sizeof(io), 60);
	if (io.error)
		test_abort(t, "stage: %s", strerror(io.error));
	test_note(t, "%lu claims in %d s", io.made, FLOOD_SECONDS);
	t->monitor = NULL;
}

const struct scenario cases_load_claims_flood[] = {
	{ .name = "claims-flood-and-sigterm",
	  .run = scenario_claims_flood_and_sigterm,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
