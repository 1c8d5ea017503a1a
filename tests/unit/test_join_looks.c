// SPDX-License-Identifier: GPL-2.0-only
/* Looks at the host for what strangers ask for: how much time they may take, and what is said where none was left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/base/time.h"
#include "core/memory/look_shares.h"
#include "core/verdict/stopping.h"
#include "theft.h"

/* A port that this process holds is refused. */
static void put_robbery_by(struct fake *f, const struct fake_process *server,
			   const struct fake_process *thief, unsigned n)
{
	struct pc_refusal_record r = fake_refusal(server, (uint16_t)(8000 + n));
	struct pc_socket_record *s = fake_holder(&r, 10000 + n, PC_STATE_ESTABLISHED);
	struct pc_claim_record claim =
		fake_claim(thief, 10000 + n, (uint16_t)(8000 + n), PC_HOW_CONNECT);

	fake_put_process(f, thief);
	fake_put(f, &claim);
	fake_open(f, thief, s, 3);
	fake_put(f, &r);
}

/* A port that a process of its own holds is refused. */
static void put_robbery(struct fake *f, const struct fake_process *server, unsigned n)
{
	put_robbery_by(f, server, fake_process(f, 1000 + n, "thief"), n);
}

static enum pc_means join_looks_means(const struct pc_verdict *v)
{
	struct pc_stopping how;

	assert_non_null(v->holders[0].claimer.who);
	pc_stopping_of(&v->holders[0].claimer, NULL, &how);
	return how.means;
}

/* Places that take long to find, as below a unit with thousands of processes, take a share of the time; no
 * process is to be killed of which nothing could be found out. */
static void test_slow_places(void **state)
{
	struct theft x = theft_after_start();
	unsigned unseen = 0;

	(void)state;
	x.f->place_took_ns = 400 * PC_NS_PER_MS;
	for (unsigned n = 0; n < 20; n++)
		put_robbery(x.f, x.server, n);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 20);
	assert_in_range(x.f->calls[FAKE_PLACE], 2, 4);
	for (unsigned n = 0; n < 20; n++) {
		const struct pc_verdict *v = &x.f->verdicts[n];

		unseen += v->holders[0].claimer.place.unseen;
		assert_int_equal(join_looks_means(v), v->holders[0].claimer.place.unseen ?
							      PC_MEANS_UNSEEN :
							      PC_MEANS_PROCESS);
	}
	assert_int_equal(unseen, 20 - x.f->calls[FAKE_PLACE]);
	fake_free(x.f);
}

/* The place of a process is kept for a second. */
static void test_kept_place(void **state)
{
	struct theft x = theft_after_start();
	struct fake_process *thief = fake_process(x.f, 1000, "thief");
	unsigned asked;

	(void)state;
	put_robbery_by(x.f, x.server, thief, 1);
	fake_round(x.f);
	asked = x.f->calls[FAKE_PLACE];
	assert_true(asked > 0);
	for (unsigned n = 0; n < 5; n++) {
		put_robbery_by(x.f, x.server, thief, 1);
		fake_round(x.f);
	}
	assert_int_equal(x.f->calls[FAKE_PLACE], asked);
	thief->place.leads_session = true;
	x.f->now_ns += PC_NS_PER_SECOND;
	put_robbery_by(x.f, x.server, thief, 1);
	fake_round(x.f);
	assert_true(x.f->calls[FAKE_PLACE] > asked);
	assert_true(x.f->verdicts[6].holders[0].claimer.place.leads_session);
	fake_free(x.f);
}

/* A process of the same id that comes after has no place of the first. */
static void test_place_of_successor(void **state)
{
	struct theft x = theft_after_start();
	struct fake_process *thief = fake_process(x.f, 1000, "thief");

	(void)state;
	thief->place.leads_session = true;
	put_robbery_by(x.f, x.server, thief, 1);
	fake_round(x.f);
	assert_true(x.f->verdicts[0].holders[0].claimer.place.leads_session);
	x.f->owners_count = 0;
	thief->key.start_ns += 1000;
	thief->place.leads_session = false;
	put_robbery_by(x.f, x.server, thief, 2);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 2);
	assert_false(x.f->verdicts[1].holders[0].claimer.place.leads_session);
	fake_free(x.f);
}

/* Addresses that take long to look for, as in a namespace with thousands of devices. */
static void test_slow_addresses(void **state)
{
	struct theft x = theft_after_start();

	(void)state;
	x.f->address_took_ns = 100 * PC_NS_PER_MS;
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned n = 0; n < 8; n++) {
			struct pc_refusal_record r = fake_refusal(x.server, 8080);

			r.error = EADDRNOTAVAIL;
			r.wanted[0] = 10;
			r.wanted[1] = (uint8_t)round;
			r.wanted[3] = (uint8_t)n;
			fake_put(x.f, &r);
		}
		fake_round(x.f);
	}
	assert_int_equal(x.f->verdicts_count, 80);
	assert_in_range(x.f->calls[FAKE_ADDRESS], 2, 5);
	fake_free(x.f);
}

/* Refusals in ever new namespaces on a machine with thousands of processes. */
static void test_slow_spaces(void **state)
{
	struct theft x = theft_after_start();
	unsigned found;

	(void)state;
	x.f->space_took_ns = 20 * PC_NS_PER_MS;
	x.server->netns = 5000; /* it is in the last of them */
	for (unsigned n = 0; n < 40; n++) {
		struct pc_refusal_record r = fake_refusal(x.thief, 8080);

		r.netns = r.socket.netns = 4000 + n;
		fake_put(x.f, &r);
		fake_round(x.f);
	}
	assert_in_range(x.f->calls[FAKE_NETNS_PID], 2, 32);
	found = x.f->calls[FAKE_NETNS_PID];
	for (unsigned n = 0; n < 4; n++) {
		struct pc_refusal_record r = fake_refusal(x.server, 8080);

		r.netns = r.socket.netns = 5000;
		r.marks |= n == 3 ? PC_MARK_IN_NETNS : 0;
		fake_put(x.f, &r);
	}
	x.f->space_took_ns = 0;
	fake_round(x.f);
	assert_true(x.f->calls[FAKE_NETNS_PID] <= found + 1);
	assert_int_equal(x.f->verdicts[x.f->verdicts_count - 2].netns_pid, 0); /* it has left */
	assert_int_equal(x.f->verdicts[x.f->verdicts_count - 1].netns_pid, x.server->key.tgid);
	fake_free(x.f);
}

/* The attack: one user's refusals use up a kind of look, and the refusal of another user comes after. */
struct looks_attack {
	enum pc_look kind;
	enum fake_op op;
	const char *said;
	void (*refuse)(struct theft *x, const struct fake_process *by, unsigned n);
};

static void refuse_address(struct theft *x, const struct fake_process *by, unsigned n)
{
	struct pc_refusal_record r = fake_refusal(by, 8080);

	r.error = EADDRNOTAVAIL;
	r.wanted[0] = 10;
	r.wanted[3] = (uint8_t)n;
	fake_put(x->f, &r);
}

static void refuse_in_space(struct theft *x, const struct fake_process *by, unsigned n)
{
	struct pc_refusal_record r = fake_refusal(by, 8080);

	r.netns = r.socket.netns = 4000 + n;
	fake_put(x->f, &r);
}

static void refuse_path(struct theft *x, const struct fake_process *by, unsigned n)
{
	struct pc_foreign_record r = {
		.header = { PC_RECORD_FOREIGN, sizeof(r) },
		.time_ns = x->f->now_ns,
		.process = by->key,
		.uid = by->uid,
		.netns = FAKE_NETNS,
		.error = EADDRINUSE,
		.op = PC_OP_BIND,
		.family = PC_FAMILY_UNIX,
		.address_len = 10,
		.paths_known = 1,
		.address = "\1\0/run/00",
	};

	r.address[8] = (uint8_t)('0' + n % 10);
	fake_put(x->f, &r);
}

static void refuse_tunnel(struct theft *x, const struct fake_process *by, unsigned n)
{
	struct pc_refusal_record r = fake_refusal(by, (uint16_t)(4000 + n));

	r.proto = r.socket.proto = PC_PROTO_UDP;
	r.socket.flags |= PC_SOCKET_NO_FILE;
	fake_put(x->f, &r);
}

static void refuse_range(struct theft *x, const struct fake_process *by, unsigned n)
{
	struct pc_refusal_record r = fake_refusal(by, 0);

	r.netns_key = 70 + n;
	r.range_low = 40000;
	r.range_high = 40003;
	fake_put(x->f, &r);
}

static void refuse_place(struct theft *x, const struct fake_process *by, unsigned n)
{
	put_robbery(x->f, by, n);
}

static const struct looks_attack attacks[] = {
	{ PC_LOOK_PATH, FAKE_SITE, "the path was not looked at", refuse_path },
	{ PC_LOOK_TUNNELS, FAKE_TUNNELS, "the tunnels were not looked at", refuse_tunnel },
	{ PC_LOOK_PLACE, FAKE_PLACE, "the units of processes were not looked at", refuse_place },
	{ PC_LOOK_ADDRESS, FAKE_ADDRESS, "the addresses were not looked at", refuse_address },
	{ PC_LOOK_NETNS, FAKE_NETNS_PID, "no process of the network namespace", refuse_in_space },
	{ PC_LOOK_RANGE, FAKE_LOOK, "who uses up the range", refuse_range },
};

static struct theft looks_stage(void)
{
	struct theft x = theft_after_start();

	x.f->site_took_ns = x.f->tunnels_took_ns = x.f->address_took_ns = 100 * PC_NS_PER_MS;
	x.f->space_took_ns = x.f->look.took_ns = 20 * PC_NS_PER_MS;
	x.f->place_took_ns = 400 * PC_NS_PER_MS;
	x.f->netns_pid = 0;
	x.thief->uid = 65534;
	x.server->uid = 33;
	fake_put_process(x.f, x.thief);
	fake_put_process(x.f, x.server);
	return x;
}

/* The victim's refusal is in one batch with the flood, or in a later one. */
static void attack_looks(const struct looks_attack *a, bool with_flood)
{
	struct theft x = looks_stage();
	const struct pc_verdict *v;
	unsigned looks;

	for (unsigned n = 0; n < 20; n++)
		a->refuse(&x, x.thief, n);
	if (!with_flood)
		fake_round(x.f);
	a->refuse(&x, x.server, 21);
	looks = x.f->calls[a->op];
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 21);
	assert_true(x.f->calls[a->op] > looks);
	v = &x.f->verdicts[20];
	assert_int_equal(v->request.uid, 33);
	assert_int_equal(v->looks_missed, 0);
	assert_false(v->incomplete && strstr(v->incomplete, a->said));
	v = &x.f->verdicts[19];
	assert_int_equal(v->request.uid, 65534);
	assert_int_equal(v->looks_missed, PC_LOOK_BIT(a->kind));
	assert_non_null(v->incomplete);
	assert_non_null(strstr(v->incomplete, a->said));
	fake_free(x.f);
}

static void test_looks_used_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		attack_looks(&attacks[i], false);
		attack_looks(&attacks[i], true);
	}
}

/* Another user asks the same as the flood in the same batch: a look that the flood had no time for is made. */
static void test_same_question(void **state)
{
	struct theft x = looks_stage();

	(void)state;
	for (unsigned n = 0; n < 20; n++)
		refuse_address(&x, x.thief, n);
	refuse_address(&x, x.server, 19);
	for (unsigned n = 0; n < 20; n++)
		refuse_in_space(&x, x.thief, n);
	refuse_in_space(&x, x.server, 19);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts[19].address.state, PC_ADDRESS_UNKNOWN);
	assert_int_equal(x.f->verdicts[20].address.state, PC_ADDRESS_MISSING);
	assert_int_equal(x.f->verdicts[40].looks_missed, PC_LOOK_BIT(PC_LOOK_NETNS));
	assert_int_equal(x.f->verdicts[41].looks_missed, 0);
	fake_free(x.f);
}

/* A process that has ended, and whose record has not come, can have been root of any container: its looks are not those
 * of the machine's root. */
static void test_unknown_root(void **state)
{
	struct theft x = looks_stage();
	struct fake_process *stranger = fake_process(x.f, 900, "stranger");

	(void)state;
	stranger->uid = x.server->uid = 0;
	stranger->running = false;
	for (unsigned n = 0; n < 20; n++)
		refuse_path(&x, stranger, n);
	refuse_path(&x, x.server, 21);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 21);
	assert_true(x.f->verdicts[19].looks_missed & PC_LOOK_BIT(PC_LOOK_PATH));
	assert_int_equal(x.f->verdicts[20].looks_missed, 0);
	fake_free(x.f);
}

/* All looks together keep to their part of the time, however many users take part. */
static void test_shares_in_all(void **state)
{
	static const struct pc_look_limit limit = { 20, 50 * PC_NS_PER_MS };
	const uint64_t hour_ns = 3600 * PC_NS_PER_SECOND;
	struct pc_look_shares s = { 0 };
	struct pc_family family = { 0 };
	uint64_t took_ns = 0, took_by[40] = { 0 };

	(void)state;
	for (uint64_t now_ns = 0; now_ns < hour_ns; now_ns += 10 * PC_NS_PER_MS) {
		family.users = (uint32_t)(now_ns / (10 * PC_NS_PER_MS) % 40);
		if (!pc_look_shares_may(&s, &limit, &family, now_ns))
			continue;
		pc_look_shares_took(&s, &family, 2 * PC_NS_PER_MS);
		took_ns += 2 * PC_NS_PER_MS;
		took_by[family.users] += 2 * PC_NS_PER_MS;
	}
	assert_in_range(took_ns, hour_ns / 20 - PC_NS_PER_SECOND,
			hour_ns / 20 + PC_LOOK_FAMILIES * 52 * PC_NS_PER_MS);
	for (unsigned i = 0; i < 40; i++)
		assert_true(took_by[i] > 0);
}

/* At once, families take no more together than four times what one may; and each has a part. */
static void test_shares_at_once(void **state)
{
	static const struct pc_look_limit limit = { 4, PC_NS_PER_SECOND };
	struct pc_look_shares s = { 0 };
	uint64_t sum_ns = 0, took_ns;

	(void)state;
	for (struct pc_family f = { 0 }; f.users < PC_LOOK_FAMILIES; f.users++) {
		for (took_ns = 0; pc_look_shares_may(&s, &limit, &f, 0); took_ns += 5000000)
			pc_look_shares_took(&s, &f, 5000000);
		assert_in_range(took_ns, PC_NS_PER_SECOND / 8, PC_NS_PER_SECOND);
		sum_ns += took_ns;
	}
	assert_in_range(sum_ns, 2 * PC_NS_PER_SECOND, 4 * PC_NS_PER_SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_places),	   cmocka_unit_test(test_kept_place),
		cmocka_unit_test(test_place_of_successor), cmocka_unit_test(test_slow_addresses),
		cmocka_unit_test(test_slow_spaces),	   cmocka_unit_test(test_looks_used_up),
		cmocka_unit_test(test_same_question),	   cmocka_unit_test(test_unknown_root),
		cmocka_unit_test(test_shares_in_all),	   cmocka_unit_test(test_shares_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
