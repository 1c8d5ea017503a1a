// SPDX-License-Identifier: GPL-2.0-only
/* portclash is stopped while an unprivileged user makes more claims than their ring holds. It counts the lost
 * claims, loses no refusal, gives no holder a wrong name, and knows the holders of another user. Only root can send it
 * SIGSTOP: that stands for whatever keeps it from running. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "judge/clashed.h"
#include "judge/verdict.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define NOBODY 65534
#define VICTIM 33 /* www-data, as Debian numbers it */

/* The log of claims holds 4,096 at most, and their ring 13,000. */
#define CLAIMS 30000

#define PER_HOLDER 150

/* The ring of refusals holds so many with sixteen holders each, far more with one; other processes
 * on this machine can be refused at the same time. */
#define RING_LEAST 700

/* The time at which a holder got its ports, and its user, decide what portclash knows of it afterwards: OVERFLOWN is the
 * holder of the user whose claims fill the ring, BESIDE that of another, at the same time. */
enum when { BEFORE, STOPPED, OVERFLOWN, BESIDE, WHENS };

struct io_clashes {
	unsigned first;
	struct clash clashes[PER_HOLDER];
};

struct io_claims {
	unsigned count;
	int error;
};

static void act_hold(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < PER_HOLDER; i++) {
		clash_open(&a->clashes[i], a->first + i);
		clash_claim(&a->clashes[i], a->first + i);
	}
}

static void act_collide(void *io)
{
	struct io_clashes *a = io;

	for (unsigned i = 0; i < PER_HOLDER; i++)
		clash_collide(&a->clashes[i]);
}

/* Connects one socket again and again. Its claims fill the log (bpf/claim_log.bpf.h), and then the ring. */
static void act_claim_many(void *io)
{
	struct io_claims *a = io;

	struct io_socket s = { .options = OPT_UDP };
	struct io_name call = { .to = { "127.0.0.1", 9 } };

	act_socket(&s);
	call.fd = s.fd;
	for (unsigned i = 0; i < a->count && !a->error; i++) {
		act_connect(&call);
		a->error = call.error;
		act_disconnect(&call);
	}
	act_close(&(struct io_close){ .fd = s.fd });
}

static void claim_many(struct test *t, struct puppet *by, unsigned count)
{
	struct io_claims a = { .count = count };

	puppet_begin(by, act_claim_many, &a, sizeof(a));
	puppet_end(by, &a, sizeof(a), 60);
	if (a.error)
		test_abort(t, "stage: connect(): %s", strerror(a.error));
}

/* A verdict must say that the claim was lost; it may name the process that has the socket open. */
static void check_lost_claim(const struct spot *line, const struct spot *holder,
			     const struct clash *want)
{
	struct spot process = spot_below(holder, "process");

	expect_bool(line, "incomplete", true);
	expect_contains(line, "incomplete_reason", "lost");
	expect_null(holder, "since");
	expect_int(&process, "pid", want->holder);
	expect_contains(holder, "process_note", "lost");
}

static void check_stop_line(struct test *t, json_t *line, const struct clash *want, enum when when,
			    unsigned *unknown)
{
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
	struct spot holders = spot_below(&s, "holders"), holder = spot_at(&holders, 0);
	unsigned before = t->report->failures;

	expect_int(&requested, "port", want->port);
	expect_int(&s, "holders_total", 1);
	/* The claim may have found room in the log of another processor; then it is known. */
	if (when == OVERFLOWN && json_is_true(json_object_get(line, "incomplete"))) {
		check_lost_claim(&s, &holder, want);
		++*unknown;
	} else {
		clashed_check_known(&s, &holder, want);
	}
	if (t->report->failures > before)
		note_line(t, line);
}

/* Returns how many verdicts did not come: the last ones, if the ring was full. */
static unsigned check_around_stop(struct test *t, struct puppet *by, const struct io_clashes *io,
				  enum when when)
{
	unsigned unknown = 0;

	for (unsigned i = 0; i < PER_HOLDER; i++) {
		json_t *line = monitor_line(t, "refusal", by->pid, 20);

		if (io->clashes[i].error != EADDRINUSE)
			test_abort(t, "stage: no collision on port %u", io->clashes[i].port);
		if (!line)
			return PER_HOLDER - i;
		check_stop_line(t, line, &io->clashes[i], when, &unknown);
	}
	if (when == OVERFLOWN)
		test_note(t, "of %u claims over the share, %u were lost", PER_HOLDER, unknown);
	return 0;
}

static long long claims_in(struct monitor *m, bool lost)
{
	long long sum = 0;

	for (size_t i = 0; i < m->count; i++) {
		json_t *claims = json_object_get(m->lines[i], "claims");
		json_t *all = json_object_get(m->lines[i], "lost");

		for (void *at = json_object_iter(claims); at && !lost;
		     at = json_object_iter_next(claims, at))
			sum += json_integer_value(json_object_iter_value(at));
		if (lost)
			sum += json_integer_value(json_object_get(all, "claims")) +
			       json_integer_value(json_object_get(all, "over_share"));
	}
	return sum;
}

static void stopped_end(struct test *t, struct monitor *m)
{
	t->monitor = m;
	monitor_finish(t);
	t->monitor = NULL;
}

/* `beside` watched before and after, and was never stopped: it has also counted the claims of other
 * processes on this machine. */
static void check_stop_counted(struct test *t, struct monitor *stopped, struct monitor *beside,
			       long long made)
{
	long long seen = claims_in(stopped, false), lost = claims_in(stopped, true);
	long long all = claims_in(beside, false) + claims_in(beside, true);

	test_note(t, "%lld claims made here, %lld on the machine: %lld seen + %lld counted as lost",
		  made, all, seen, lost);
	if (seen + lost < made || seen + lost > all)
		test_fail(t, "expected %lld to %lld claims, got %lld seen + %lld lost", made, all,
			  seen, lost);
	if (!lost)
		test_fail(t, "expected that claims were lost, got none");
}

/* Only a ring that was full may lose refusals, and counts them. */
static void check_missing(struct test *t, struct monitor *m, unsigned missing)
{
	long long told = 0, lost = 0;

	for (size_t i = 0; i < m->count; i++) {
		json_t *all = json_object_get(m->lines[i], "lost");

		told += json_integer_value(json_object_get(m->lines[i], "verdicts_total"));
		lost += json_integer_value(json_object_get(all, "refusals"));
	}
	test_note(t, "%u refusals made here, %lld told on the machine, %lld counted as lost",
		  WHENS * PER_HOLDER, told, lost);
	if (missing > lost || (missing && told < RING_LEAST))
		test_fail(t, "expected %u refusals told, got %u less, %lld counted as lost",
			  WHENS * PER_HOLDER, missing, lost);
}

static void hold_clashes(struct puppet *by, struct io_clashes *io)
{
	puppet_call(by, act_hold, io, sizeof(*io));
}

static void scenario_stopped(struct test *t)
{
	static struct io_clashes io[WHENS];
	struct puppet *backend = puppet_start(t, "backend");
	struct puppet *many =
		puppet_start_as(t, &(struct puppet_spec){ .name = "many", .uid = NOBODY });
	struct puppet *holders[WHENS], *web[WHENS];
	struct monitor *beside, *m;
	struct prop listener;
	unsigned missing = 0;

	for (unsigned i = 0; i < WHENS; i++) {
		holders[i] = puppet_start_as(
			t, &(struct puppet_spec){ .name = "holder",
						  .uid = i == OVERFLOWN ? NOBODY : VICTIM });
		web[i] = puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = VICTIM });
		io[i].first = i * PER_HOLDER;
	}
	t->retries = true; /* the one beside is not asked about the refusals */
	monitor_watch(t, (const char *const[]){ "--all", "--port", "1", NULL });
	beside = t->monitor;
	monitor_watch(t, (const char *const[]){ "--all", NULL });
	m = t->monitor;
	listener = stage_bound(backend, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&listener, 4096);
	hold_clashes(holders[BEFORE], &io[BEFORE]);
	claim_many(t, many, 1);
	sleep_ms(300); /* three ticks, in which portclash reads them */
	footprint_stop(t, m->pid);
	hold_clashes(holders[STOPPED], &io[STOPPED]);
	claim_many(t, many, CLAIMS);
	hold_clashes(holders[OVERFLOWN], &io[OVERFLOWN]);
	hold_clashes(holders[BESIDE], &io[BESIDE]);
	for (unsigned i = 0; i < WHENS; i++)
		puppet_call(web[i], act_collide, &io[i], sizeof(io[i]));
	kill(m->pid, SIGCONT);
	for (unsigned i = 0; i < WHENS; i++)
		missing += check_around_stop(t, web[i], &io[i], i);
	stopped_end(t, m);
	stopped_end(t, beside);
	check_missing(t, m, missing);
	check_stop_counted(t, m, beside, 1 + CLAIMS + 1 + WHENS * PER_HOLDER);
}

const struct scenario cases_load_stopped[] = {
	{ .name = "stopped",
	  .run = scenario_stopped,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
