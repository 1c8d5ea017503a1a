// SPDX-License-Identifier: GPL-2.0-only
/* Servers that share a port: which places several have, and who is a stranger there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/shared.h"

#define SERVERS 5
#define TOLD_APART 16

static struct pc_identity people[SERVERS];

struct place {
	struct pc_listed_socket list[SERVERS];
	bool shared[SERVERS];
	struct pc_netns_audit a;
	unsigned kin; /* processes up to this one are kin of the first */
};

static struct place *shared_place(uint8_t proto, uint16_t port)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	memset(people, 0, sizeof(people));
	p->a.entries = calloc(SERVERS, sizeof(*p->a.entries));
	p->a.entries_count = SERVERS;
	for (unsigned i = 0; i < SERVERS; i++) {
		struct pc_audit_entry *e = &p->a.entries[i];

		p->list[i].socket = (struct pc_socket){
			.proto = proto,
			.family = PC_FAMILY_V4,
			.lport = port,
			.state = proto == PC_PROTO_TCP ? PC_STATE_LISTEN : PC_STATE_CLOSE,
		};
		people[i].key = (struct pc_process_key){ .tgid = 10 + i, .start_ns = 1 };
		e->s = p->list[i];
		e->shared = e->only_shared = true;
		e->owners[0].who = &people[i];
		e->owners_count = 1;
	}
	return p;
}

static void place_free(struct place *p)
{
	pc_audit_free(&p->a);
	free(p);
}

static bool is_kin_in_place(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	struct place *p = context;

	return a - people <= p->kin && b - people <= p->kin;
}

static unsigned count_shared(struct place *p)
{
	struct pc_socket_list sockets = { .list = p->list, .count = SERVERS };
	unsigned count = 0;

	memset(p->shared, 0, sizeof(p->shared));
	assert_int_equal(pc_audit_find_shared(&sockets, p->shared), 0);
	for (unsigned i = 0; i < SERVERS; i++)
		count += p->shared[i];
	return count;
}

static void places_with_several(void **state)
{
	struct place *p = shared_place(PC_PROTO_TCP, 8080);

	(void)state;
	assert_int_equal(count_shared(p), SERVERS);
	p->list[0].socket.local[3] = 1; /* another address */
	p->list[1].socket.ifindex = 2;	/* another device */
	p->list[2].socket.state = PC_STATE_ESTABLISHED;
	assert_int_equal(count_shared(p), 2);
	p->list[3].socket.lport++;
	assert_int_equal(count_shared(p), 0);
	place_free(p);
}

static void on_purpose(void **state)
{
	struct place *p = shared_place(PC_PROTO_UDP, 53);

	(void)state;
	assert_int_equal(count_shared(p), SERVERS);
	for (unsigned i = 0; i < SERVERS; i++)
		p->list[i].socket.local[0] = 239;
	assert_int_equal(count_shared(p), 0);
	place_free(p);
	p = shared_place(PC_PROTO_UDP, 5353);
	assert_int_equal(count_shared(p), 0);
	place_free(p);
}

static void judge_families(struct place *p, unsigned families)
{
	pc_audit_judge_shared(&p->a, is_kin_in_place, p);
	assert_int_equal(p->a.shared, families > 1);
	assert_int_equal(p->a.entries_count, families > 1 ? SERVERS : 0);
	for (unsigned i = 0; i < p->a.entries_count; i++)
		assert_int_equal(p->a.entries[i].families, families);
	place_free(p);
}

static void families_apart(void **state)
{
	struct place *p = shared_place(PC_PROTO_TCP, 8080);

	(void)state;
	p->kin = 3;
	judge_families(p, 2);

	p = shared_place(PC_PROTO_TCP, 8080);
	p->kin = SERVERS;
	judge_families(p, 1);

	p = shared_place(PC_PROTO_TCP, 8080);
	judge_families(p, SERVERS);
}

static bool is_no_kin(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	(void)context, (void)a, (void)b;
	return false;
}

/* More strangers than are told apart: the number is a lower limit, and is said to be that. */
static void too_many(void **state)
{
	struct place *p = shared_place(PC_PROTO_TCP, 8080);
	static struct pc_identity crowd[TOLD_APART + 1];

	(void)state;
	free(p->a.entries);
	p->a.entries_count = TOLD_APART;
	p->a.entries = calloc(TOLD_APART + 1, sizeof(*p->a.entries));
	for (unsigned i = 0; i <= TOLD_APART; i++) {
		crowd[i].key = (struct pc_process_key){ .tgid = 100 + i, .start_ns = 1 };
		p->a.entries[i].s = p->list[0];
		p->a.entries[i].shared = true;
		p->a.entries[i].owners[0].who = &crowd[i];
		p->a.entries[i].owners_count = 1;
	}
	pc_audit_judge_shared(&p->a, is_no_kin, NULL);
	assert_int_equal(p->a.entries[0].families, TOLD_APART);
	assert_false(p->a.entries[0].families_cut);
	p->a.entries_count++;
	for (unsigned i = 0; i <= TOLD_APART; i++)
		p->a.entries[i].judged = false;
	pc_audit_judge_shared(&p->a, is_no_kin, NULL);
	assert_int_equal(p->a.entries[0].families, TOLD_APART);
	assert_true(p->a.entries[0].families_cut);
	place_free(p);
}

/* The old and the new processes of a reload have no parent in common, but their service. */
static void services(void **state)
{
	struct place *p = shared_place(PC_PROTO_TCP, 8080);

	(void)state;
	for (unsigned i = 0; i < SERVERS; i++)
		people[i].unit = "haproxy.service";
	judge_families(p, 1);

	p = shared_place(PC_PROTO_TCP, 8080);
	for (unsigned i = 0; i < SERVERS; i++)
		people[i].unit = "session-3.scope";
	judge_families(p, SERVERS);
}

/* The last one has the sockets of all others open, too, and so makes one family of them. */
static void common_owner(void **state)
{
	struct place *p = shared_place(PC_PROTO_TCP, 8080);

	(void)state;
	for (unsigned i = 0; i + 1 < SERVERS; i++)
		p->a.entries[SERVERS - 1].owners[i + 1].who = &people[i];
	p->a.entries[SERVERS - 1].owners_count = SERVERS;
	judge_families(p, 1);
}

static void not_known(void **state)
{
	struct place *p = shared_place(PC_PROTO_TCP, 8080);

	(void)state;
	for (unsigned i = 1; i < SERVERS; i++)
		p->a.entries[i].owners_count = 0;
	judge_families(p, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_with_several),
		cmocka_unit_test(on_purpose),
		cmocka_unit_test(families_apart),
		cmocka_unit_test(too_many),
		cmocka_unit_test(services),
		cmocka_unit_test(common_owner),
		cmocka_unit_test(not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
