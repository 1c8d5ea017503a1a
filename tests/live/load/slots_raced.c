// SPDX-License-Identifier: GPL-2.0-only
/* Two processes, each on a processor of its own, bind and close UDP sockets as fast as they can. Their claims fight for
 * one place in the table that finds a claim in the log (bpf/claim_log.bpf.h): each waits until its next socket's place is
 * the other's. Their calls and those of the
 * victim fight for one slot of the checks under way (bpf/check_slot.bpf.h). Nothing else on the machine may make very many
 * claims as root: the racers' claims would be over the share of that user, and the verdicts would say that they are
 * incomplete because records were lost. Once in a while both keep some sockets, and
 * the victim is refused their ports. Each verdict names the socket that has the port, and its process, and nothing of
 * the many closed sockets that had the port before. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

/* PC_LOG_CLAIMS and PC_CHECK_SLOTS of include/portclash/record.h, or multiples */
#define CLAIM_SLOTS 4096
#define CHECK_SLOTS 1024

#define RACERS 2
#define RACE_PORTS 64 /* of each racer; the first of them are kept */
#define RACE_KEPT 16
#define RACE_FIRST_PORT 12000
#define RACE_STRIDE 20 /* ports nearer to each other are taken for the steps of a hunt */

/* Claims go into the log only if nobody was refused for ten seconds. */
#define RACE_SECONDS 10.5

/* --churn divided by this number is the number of rounds. */
#define CHURN_OF_ROUND 200000
#define ROUNDS_MAX 16

/* Long enough for some of the sockets to be closed before the reader takes their claims */
#define VICTIM_WAITS_US 5000

/* A user who shares no quota of refusals with other programs of this machine */
#define VICTIM_UID 33

/* A racer looks at its place among the slots so often. */
#define LOOK_EVERY 32
#define SLOT_SPINS 20000

/* The racers and the victim share this page. */
struct race {
	atomic_uint slot[RACERS]; /* of the latest socket */
	atomic_uint half[RACERS]; /* the round of which a half is over */
	atomic_uint kept[RACERS]; /* the round whose sockets for the victim are there */
	atomic_uint over;	  /* the round that is over */
};

struct race_socket {
	uint16_t port;
	uint64_t cookie;
	uint64_t inode;
	int64_t before;
	int64_t after;
};

struct io_race {
	int page; /* the descriptor of a struct race */
	unsigned round;
	unsigned number;
	unsigned long made; /* sockets */
	int error;
	struct race_socket kept[RACE_KEPT];
};

struct io_race_victim {
	int page;
	unsigned round;
	int errors[RACERS * RACE_KEPT];
};

struct io_page {
	int fd;
};

/* Each round has ports of its own: claims of a port that was refused to somebody do not wait. */
static uint16_t race_port(unsigned round, unsigned range, unsigned offset)
{
	unsigned number = (round % ROUNDS_MAX * RACERS + range) * RACE_PORTS + offset;

	return (uint16_t)(RACE_FIRST_PORT + number * RACE_STRIDE);
}

static void act_make_page(void *io)
{
	int fd = memfd_create("race", MFD_CLOEXEC);

	((struct io_page *)io)->fd = ftruncate(fd, sizeof(struct race)) ? -1 : fd;
}

static struct race *race_page(int fd)
{
	void *page = mmap(NULL, sizeof(struct race), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* The racer that is ahead waits for the other one. So the two often want the same slot at the same time. */
static void race_side_by_side(struct race *r, unsigned number, int fd)
{
	unsigned slot, other;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len))
		return;
	slot = (unsigned)cookie % CLAIM_SLOTS;
	atomic_store(&r->slot[number], slot);
	for (unsigned spins = 0; spins < SLOT_SPINS; spins++) {
		other = atomic_load(&r->slot[!number]);
		if ((slot - other) % CLAIM_SLOTS - 1 >= CLAIM_SLOTS / 2)
			return;
	}
}

static int race_bind(const struct io_race *a, unsigned range, unsigned offset, struct io_name *call)
{
	struct io_socket s = { .options = OPT_UDP };

	*call = (struct io_name){ .to = { "127.0.0.1", race_port(a->round, range, offset) } };
	act_socket(&s);
	call->fd = s.fd;
	if (!s.error)
		act_bind(call);
	return s.error ? s.error : call->error;
}

static void race_once(struct io_race *a, struct race *r, unsigned range, unsigned offset)
{
	struct io_name call;

	a->error = race_bind(a, range, offset, &call);
	if (a->made++ % LOOK_EVERY == 0)
		race_side_by_side(r, a->number, call.fd);
	close(call.fd);
}

static void race_keep(struct io_race *a, unsigned i)
{
	struct io_look look = { .with_cookie = true };
	struct io_name call;

	a->error = race_bind(a, !a->number, i, &call);
	look.fd = call.fd;
	act_look(&look);
	a->kept[i] = (struct race_socket){ look.local.port, look.cookie, look.inode, call.before,
					   call.after };
}

static void race_for_half(struct io_race *a, struct race *r, unsigned range)
{
	int64_t until = wall_ns() + (int64_t)(RACE_SECONDS / 2 * 1e9);

	while (!a->error && wall_ns() < until)
		race_once(a, r, range, (unsigned)a->made % RACE_PORTS);
}

/* For the second half, each racer has the ports that the other one had. */
static void race_round_of(struct io_race *a, struct race *r)
{
	race_for_half(a, r, a->number);
	atomic_store(&r->half[a->number], a->round);
	while (atomic_load(&r->half[!a->number]) != a->round)
		usleep(100);
	race_for_half(a, r, !a->number);
	for (unsigned i = 0; i < RACE_KEPT && !a->error; i++)
		race_keep(a, i);
	atomic_store(&r->kept[a->number], a->round);
	while (!a->error && atomic_load(&r->over) != a->round)
		race_once(a, r, !a->number,
			  RACE_KEPT + (unsigned)a->made % (RACE_PORTS - RACE_KEPT));
}

/* The descriptors above the page's are what the last round has kept. */
static void act_close_kept(void *io)
{
	close_range((unsigned)((struct io_race *)io)->page + 1, ~0U, 0);
}

static void act_race(void *io)
{
	struct io_race *a = io;
	struct race *r = race_page(a->page);
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(a->number, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	if (r)
		race_round_of(a, r);
	else
		a->error = ENOMEM;
}

static int race_refused(uint16_t port)
{
	struct io_socket s = { .options = OPT_UDP };
	struct io_name call = { .to = { "0.0.0.0", port } };

	act_socket(&s);
	call.fd = s.fd;
	act_bind(&call);
	close(s.fd);
	return call.error;
}

static void act_race_victim(void *io)
{
	struct io_race_victim *a = io;
	struct race *r = race_page(a->page);

	while (r && !(atomic_load(&r->kept[0]) == a->round && atomic_load(&r->kept[1]) == a->round))
		usleep(100);
	usleep(VICTIM_WAITS_US);
	for (unsigned i = 0; i < RACERS * RACE_KEPT; i++)
		a->errors[i] = race_refused(race_port(a->round, i / RACE_KEPT, i % RACE_KEPT));
	if (r)
		atomic_store(&r->over, a->round);
}

/* Starts a puppet whose calls have the same slot of checks. */
static struct puppet *start_rival(struct test *t, const char *name, uid_t uid,
				  const struct puppet *of)
{
	pid_t pid = of->pid;

	do
		pid = pid > CHECK_SLOTS + 300 ? pid - CHECK_SLOTS : of->pid + 32 * CHECK_SLOTS;
	while (!kill(pid, 0) || errno != ESRCH);
	return puppet_start_as(t, &(struct puppet_spec){ .name = name, .pid = pid, .uid = uid });
}

static void check_raced(struct test *t, struct puppet *victim, const struct puppet *holder,
			const struct race_socket *want)
{
	json_t *line = monitor_line(t, "refusal", victim->pid, 10);
	struct spot s = spot_of(t, line), requested = spot_below(&s, "requested");
	struct spot holders = spot_below(&s, "holders"), h = spot_at(&holders, 0);
	struct spot process = spot_below(&h, "process");
	unsigned before = t->report->failures;

	if (!line)
		test_abort(t, "expected a refusal of port %u told, got none", want->port);
	expect_bool(&s, "late", false);
	expect_complete(&s);
	expect_string(&s, "cause", "wildcard-overlap");
	expect_int(&requested, "port", want->port);
	expect_int(&s, "holders_total", 1);
	expect_int(&h, "cookie", (long long)want->cookie);
	expect_int(&h, "inode", (long long)want->inode);
	expect_string(&h, "how", "bind");
	expect_bool(&h, "how_inferred", false);
	expect_time(&h, "since", want->before, want->after);
	expect_int(&process, "pid", holder->pid);
	if (t->report->failures > before)
		note_line(t, line);
}

static void check_round(struct test *t, struct puppet *victim, const struct io_race_victim *refused,
			struct puppet *racers[RACERS], const struct io_race io[RACERS])
{
	for (int i = 0; i < RACERS; i++)
		if (io[i].error)
			test_abort(t, "stage: a racer: %s", strerror(io[i].error));
	for (int i = 0; i < RACERS * RACE_KEPT; i++)
		if (refused->errors[i] != EADDRINUSE)
			test_abort(t, "stage: the victim: %s", strerror(refused->errors[i]));
	test_note(t, "%lu and %lu sockets", io[0].made, io[1].made);
	for (unsigned i = 0; i < RACERS * RACE_KEPT; i++) {
		unsigned by = !(i / RACE_KEPT); /* the other one had the range first */

		check_raced(t, victim, racers[by], &io[by].kept[i % RACE_KEPT]);
	}
}

static void race_round(struct test *t, struct puppet *racers[RACERS], const int pages[RACERS],
		       struct puppet *victim, struct io_race_victim refused)
{
	struct io_race io[RACERS] = { 0 };

	for (unsigned i = 0; i < RACERS; i++) {
		io[i] = (struct io_race){ .page = pages[i], .round = refused.round, .number = i };
		puppet_call(racers[i], act_close_kept, &io[i], sizeof(io[i]));
	}
	for (unsigned i = 0; i < RACERS; i++)
		puppet_begin(racers[i], act_race, &io[i], sizeof(io[i]));
	puppet_begin(victim, act_race_victim, &refused, sizeof(refused));
	puppet_end(victim, &refused, sizeof(refused), 60);
	for (unsigned i = 0; i < RACERS; i++)
		puppet_end(racers[i], &io[i], sizeof(io[i]), 10);
	check_round(t, victim, &refused, racers, io);
}

static void scenario_slots_raced(struct test *t)
{
	unsigned rounds = (unsigned)(t->settings->churn / CHURN_OF_ROUND);
	struct puppet *racers[RACERS], *victim;
	struct io_race_victim refused = { 0 };
	int pages[RACERS];
	struct io_page page;

	if (sysconf(_SC_NPROCESSORS_ONLN) < RACERS)
		test_skip(t, "there is one processor only");
	t->lossless = true;
	/* For ten seconds after a round, the flood's claims go to the ring, and so does what describes its user's processes. */
	t->forgiven = "over_share processes";
	racers[0] = puppet_start(t, "racer");
	racers[1] = start_rival(t, "racer", 0, racers[0]);
	victim = start_rival(t, "victim", VICTIM_UID, racers[1]);
	puppet_call(racers[0], act_make_page, &page, sizeof(page));
	pages[0] = page.fd;
	pages[1] = puppet_pass(racers[0], page.fd, racers[1]);
	refused.page = puppet_pass(racers[0], page.fd, victim);
	monitor_watch(t, NULL);
	for (unsigned round = 1; round == 1 || (round <= rounds && round < ROUNDS_MAX); round++) {
		refused.round = round;
		race_round(t, racers, pages, victim, refused);
	}
}

const struct scenario cases_load_slots_raced[] = {
	{ .name = "slots-raced",
	  .run = scenario_slots_raced,
	  .seconds = 180,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ 0 },
};
