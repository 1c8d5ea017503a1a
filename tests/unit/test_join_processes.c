// SPDX-License-Identifier: GPL-2.0-only
/* The join's sweeps: which claims and which processes are forgotten, and which are described anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/memory/ledger.h"
#include "core/memory/processes.h"
#include "theft.h"

#define SECOND 1000000000ULL

/* Records of processes that claim nothing. */
static void put_processes(struct fake *f, uint32_t first, unsigned count)
{
	struct fake_process p = { .comm = "x", .exe = "x", .netns = FAKE_NETNS };

	for (unsigned i = 0; i < count; i++) {
		p.key = (struct pc_process_key){ .start_ns = 5000 + i, .tgid = first + i };
		fake_put_process(f, &p);
		if (i % 256 == 255)
			pc_join_read(f->join, f->now_ns);
	}
	fake_round(f);
}

/* One sweep, because so many processes are new. */
static void sweep_processes(struct theft *t, uint32_t first)
{
	uint64_t sweeps = pc_join_counters(t->f->join)->ledger_sweeps;

	put_processes(t->f, first, PC_PROCESSES_SWEEP_MIN);
	assert_int_equal(pc_join_counters(t->f->join)->ledger_sweeps, sweeps + 1);
}

/* A process without a claim: the first sweep has the kernel side describe it anew, the second one drops
 * it. */
static void test_process_forgotten(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put_process(t.f, t.server);
	fake_round(t.f);
	t.server->running = false;
	assert_int_equal(t.f->calls[FAKE_FORGET_PROCESSES], 0);
	sweep_processes(&t, 10000);
	assert_int_equal(t.f->calls[FAKE_FORGET_PROCESSES], 1);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert_process(&t.f->verdicts[0].requester, 200, "server");
	sweep_processes(&t, 20000);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	assert_null(t.f->verdicts[1].requester.who);
	assert_string_equal(t.f->verdicts[1].requester.comm, "server");
	fake_put_process(t.f, t.server); /* as the kernel side does at its next refusal */
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert_process(&t.f->verdicts[2].requester, 200, "server");
	fake_free(t.f);
}

/* A process whose claim stays is kept, however many sweeps there are. */
static void test_claimer_kept(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	fake_put_process(t.f, t.server);
	fake_round(t.f);
	t.thief->running = false;
	t.f->alive[t.f->alive_count++] = t.claim.cookie;
	for (uint32_t i = 1; i <= 3; i++)
		sweep_processes(&t, 10000 * i);
	t.f->owners_count = 0;
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert(&t);
	fake_free(t.f);
}

/* A process that was described anew between two sweeps is kept by the second. */
static void test_described_anew(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put_process(t.f, t.server);
	fake_round(t.f);
	t.server->running = false;
	sweep_processes(&t, 10000);
	fake_put_process(t.f, t.server);
	sweep_processes(&t, 20000);
	fake_put(t.f, &t.refusal);
	fake_round(t.f);
	theft_assert_process(&t.f->verdicts[0].requester, 200, "server");
	fake_free(t.f);
}

static void put_old_claims(struct theft *t, uint64_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pc_claim_record c = fake_claim(t->thief, first + i, 0, PC_HOW_CONNECT);

		fake_put(t->f, &c);
		if (i % 8192 == 8191)
			pc_join_read(t->f->join, t->f->now_ns);
	}
}

/* The kernel side is not asked to describe anybody anew where nobody is forgotten. */
static void test_nobody_forgotten(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->alive[t.f->alive_count++] = 1000;
	fake_put_process(t.f, t.thief);
	put_old_claims(&t, 1000, PC_LEDGER_SWEEP_MIN);
	fake_round(t.f);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_sweeps, 1);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_forgotten, PC_LEDGER_SWEEP_MIN - 1);
	assert_int_equal(t.f->calls[FAKE_FORGET_PROCESSES], 0);
	fake_free(t.f);
}

/* A connect() of this second may not be in the kernel's table yet. */
static void test_young_claims(void **state)
{
	struct theft t = theft_after_start();
	struct pc_claim_record c = fake_claim(t.thief, 1, 0, PC_HOW_CONNECT);

	(void)state;
	put_old_claims(&t, 1000, PC_LEDGER_SWEEP_MIN);
	pc_join_read(t.f->join, t.f->now_ns);
	for (uint64_t age = 0; age <= 2; age++) {
		c.cookie = 1 + age;
		c.time_ns = t.f->now_ns - SECOND + 1 - age;
		fake_put(t.f, &c);
	}
	pc_join_read(t.f->join, t.f->now_ns);
	pc_join_tidy(t.f->join, t.f->now_ns);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_claims, 2);
	fake_free(t.f);
}

/* Within a second of the boot all claims are young. */
static void test_young_machine(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	t.f->now_ns = SECOND / 2;
	put_old_claims(&t, 1000, PC_LEDGER_SWEEP_MIN);
	fake_round(t.f);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_sweeps, 1);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_forgotten, 0);
	fake_free(t.f);
}

/* A socket that only a process's descriptor shows, as a bound one of UDP, is alive, too. */
static void test_alive_by_file(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put_process(t.f, t.thief);
	put_old_claims(&t, 1000, PC_LEDGER_SWEEP_MIN - 1);
	fake_put(t.f, &t.claim); /* which the thief has open */
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_SWEEP_FILES], 1);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_claims, 1);
	fake_free(t.f);
}

/* The second half of a sweep fails: nothing is forgotten, nobody described anew; marks do not stay. */
static void test_second_half_fails(void **state)
{
	struct theft t = theft_after_start();
	const struct pc_counters *c;

	(void)state;
	t.f->sweep_files_error = -75;
	t.f->alive[t.f->alive_count++] = 1;
	fake_put_process(t.f, t.server);
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	put_processes(t.f, 10000, PC_PROCESSES_SWEEP_MIN);
	c = pc_join_counters(t.f->join);
	assert_int_equal(c->ledger_sweeps, 0);
	assert_int_equal(c->ledger_sweeps_failed, 1);
	assert_int_equal(t.f->calls[FAKE_FORGET_PROCESSES], 0);
	fake_round(t.f); /* not tried again at once */
	assert_int_equal(pc_join_counters(t.f->join)->ledger_sweeps_failed, 1);
	t.f->sweep_files_error = 0;
	t.f->alive_count = t.f->owners_count = 0;
	sweep_processes(&t, 20000);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_claims, 0);
	fake_free(t.f);
}

/* A refusal in the backlog will ask for its requester and its holders' claims: both stay. */
static void test_backlog_kept(void **state)
{
	struct theft t = theft_after_start();

	(void)state;
	fake_put_process(t.f, t.server);
	fake_put_process(t.f, t.thief);
	fake_put(t.f, &t.claim);
	t.f->owners_count = 0;
	for (unsigned i = 0; i < 65; i++)
		fake_put(t.f, &t.refusal);
	pc_join_read(t.f->join, t.f->now_ns);
	pc_join_finish(t.f->join, t.f->now_ns);
	t.server->running = t.thief->running = false;
	for (uint32_t i = 1; i <= 3; i++) {
		for (unsigned k = 0; k < PC_PROCESSES_SWEEP_MIN; k += 256) {
			for (unsigned n = 0; n < 256; n++) {
				struct fake_process p = {
					.key = { .start_ns = 5, .tgid = 10000 * i + k + n },
					.comm = "x",
					.exe = "x",
				};

				fake_put_process(t.f, &p);
			}
			pc_join_read(t.f->join, t.f->now_ns);
		}
		pc_join_tidy(t.f->join, t.f->now_ns);
	}
	assert_int_equal(pc_join_counters(t.f->join)->ledger_sweeps, 3);
	pc_join_finish(t.f->join, t.f->now_ns);
	assert_int_equal(t.f->verdicts_count, 65);
	theft_assert_process(&t.f->verdicts[64].requester, 200, "server");
	theft_assert_process(&theft_holder(t.f, 64)->claimer, 100, "thief");
	assert_int_equal(theft_holder(t.f, 64)->since_ns, t.claim.time_ns);
	fake_free(t.f);
}

/* Refusals are read once in a sweep; those that came in it are the last that it waits for. */
static void test_reads_once(void **state)
{
	struct theft t = theft_after_start();
	unsigned reads = t.f->calls[FAKE_READ_REFUSALS];

	(void)state;
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_READ_REFUSALS], reads + 1);
	put_old_claims(&t, 1000, PC_LEDGER_SWEEP_MIN);
	reads = t.f->calls[FAKE_READ_REFUSALS];
	fake_round(t.f);
	assert_int_equal(t.f->calls[FAKE_READ_REFUSALS], reads + 2);
	fake_put(t.f, &t.refusal);
	pc_join_read(t.f->join, t.f->now_ns);
	assert_true(pc_join_waits(t.f->join));
	assert_false(pc_join_finish(t.f->join, t.f->now_ns));
	fake_free(t.f);
}

/* No process has room any more. The claim is counted as lost, and the verdict about its port says so: the port is not
 * said to be nobody's. */
static void test_no_room_for_the_claimer(void **state)
{
	struct theft t = theft_with(&(struct pc_join_options){ .processes_max = 4 });

	(void)state;
	put_processes(t.f, 10000, 3);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_refused, 0);
	theft_put(&t);
	fake_round(t.f);
	assert_int_equal(pc_join_counters(t.f->join)->ledger_refused, 1);
	assert_int_equal(t.f->verdicts_count, 1);
	assert_null(theft_holder(t.f, 0)->claimer.who);
	assert_int_equal(theft_holder(t.f, 0)->since_ns, 0);
	assert_string_equal(
		t.f->verdicts[0].incomplete,
		"records were lost or could not be read, and the holder's claim may be among them");
	assert_string_equal(t.f->verdicts[0].requester.comm, "server");
	fake_free(t.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_forgotten),
		cmocka_unit_test(test_no_room_for_the_claimer),
		cmocka_unit_test(test_claimer_kept),
		cmocka_unit_test(test_described_anew),
		cmocka_unit_test(test_nobody_forgotten),
		cmocka_unit_test(test_young_claims),
		cmocka_unit_test(test_young_machine),
		cmocka_unit_test(test_alive_by_file),
		cmocka_unit_test(test_second_half_fails),
		cmocka_unit_test(test_backlog_kept),
		cmocka_unit_test(test_reads_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
