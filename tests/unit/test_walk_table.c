// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the walk over TCP's port table (bpf/walk_table.bpf.h), which is plain C over the kernel's structs: each socket
 * is visited once, from any list on, and a walk stops where a bucket has gone to another list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_side.h"

#define PORTCLASH_SOCKET_BPF_H

/* The kernel's structs, as far as the walk knows them. */
struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct inet_bind_hashbucket {
	__u32 lock;
	struct hlist_head chain;
};

struct udp_hslot {
	struct hlist_head head;
	__u32 count, lock;
};

struct inet_hashinfo {
	struct inet_bind_hashbucket *bhash;
	unsigned bhash_size;
};

struct netns_ports {
	const struct net *net;
};

struct net {
	__u32 hash_mix;
	struct {
		struct {
			struct inet_hashinfo *hashinfo;
		} tcp_death_row;
	} ipv4;
};

struct inet_bind_bucket {
	struct netns_ports ib_net;
	__u16 port;
	__u8 fastreuse, fastreuseport;
	struct hlist_node node;
	struct hlist_head owners;
};

struct inet_bind2_bucket___6_8 {
	struct netns_ports ib_net;
	__u16 port;
	struct hlist_node node, bhash_node;
	struct hlist_head owners;
};

struct sock {
	struct {
		struct hlist_node skc_bind_node, skc_node;
		struct netns_ports skc_net;
		__u16 skc_num;
	} __sk_common;
};

struct udp_table {
	struct udp_hslot *hash;
	unsigned mask;
};

static unsigned reads;

static long test_read(void *to, size_t size, const void *from)
{
	reads++;
	memcpy(to, from, size);
	return 0;
}

#define bpf_probe_read_kernel test_read
#define BPF_CORE_READ(from, member) (reads++, (from)->member)
#define bpf_core_type_size(type) sizeof(type)
#define bpf_core_field_offset(type, member) offsetof(type, member)
#define compat_has_bhash2() false
#define compat_first_bind2(tb) NULL
#define compat_first_socket(tb) BPF_CORE_READ(tb, owners.first)
#define compat_udp_table(net, sk) ((struct udp_table *)((void)(net), (void)(sk), NULL))

#include "../../bpf/walk_table.bpf.h"

#define LISTS 256
#define SOCKETS 600

struct table_test {
	struct table_walk walk; /* first: the functions of the walk get it */
	struct inet_bind_hashbucket lists[LISTS];
	struct inet_hashinfo info;
	struct net nets[3];
	struct inet_bind_bucket buckets[SOCKETS];
	struct sock sockets[SOCKETS];
	unsigned visits[SOCKETS];
	unsigned count;
};

static unsigned list_of_bucket(const struct inet_bind_bucket *b)
{
	return (b->port + b->ib_net.net->hash_mix) & (LISTS - 1);
}

static void node_add(struct hlist_head *head, struct hlist_node *node)
{
	node->next = head->first;
	head->first = node;
}

/* A socket with a port of its own, or one that another has. */
static void add_to_table(struct table_test *t, unsigned density)
{
	unsigned i = t->count++;
	struct inet_bind_bucket *b = &t->buckets[i];
	struct sock *sk = &t->sockets[i];

	if (i && rand() % 4 == 0) {
		b = &t->buckets[(unsigned)rand() % i];
		while (!b->port)
			b--;
	} else {
		b->ib_net.net = &t->nets[rand() % 3];
		b->port = (uint16_t)(1 + (unsigned)rand() % density);
		node_add(&t->lists[list_of_bucket(b)].chain, &b->node);
	}
	sk->__sk_common.skc_num = b->port;
	sk->__sk_common.skc_net.net = b->ib_net.net;
	node_add(&b->owners, &sk->__sk_common.skc_bind_node);
}

static struct table_test *table_new(unsigned sockets, unsigned density)
{
	struct table_test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->info = (struct inet_hashinfo){ t->lists, LISTS };
	for (unsigned i = 0; i < 3; i++) {
		t->nets[i].hash_mix = (uint32_t)rand();
		t->nets[i].ipv4.tcp_death_row.hashinfo = &t->info;
	}
	while (t->count < sockets)
		add_to_table(t, density);
	return t;
}

static bool enter_all(void *walk, const struct inet_bind_bucket *tb)
{
	const struct table_test *t = walk;

	return t->walk.cursor.list == list_of_bucket(tb);
}

static bool count_visit(void *walk, const struct sock *sk)
{
	struct table_test *t = walk;

	t->visits[sk - t->sockets]++;
	return true;
}

static void walk_to_end(struct table_test *t)
{
	while (table_walk_advance(&t->walk, t, enter_all, count_visit, true))
		;
}

/* Each socket of a list from `start` up to, not including, `end` was visited once; no other. */
static void expect_visits(const struct table_test *t, unsigned start, unsigned end)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct sock *sk = &t->sockets[i];
		struct inet_bind_bucket b = { .ib_net = sk->__sk_common.skc_net,
					      .port = sk->__sk_common.skc_num };
		unsigned list = list_of_bucket(&b);

		assert_int_equal(t->visits[i], list >= start && list < end);
	}
}

static void each_socket_once(void **state)
{
	(void)state;
	srand(11);
	for (unsigned round = 0; round < 300; round++) {
		struct table_test *t =
			table_new((unsigned)rand() % SOCKETS, 1 + (unsigned)rand() % 4000);
		unsigned start = round % 3 ? (unsigned)rand() % LISTS : 0;

		table_walk_begin_tcp(&t->walk, &t->nets[0], start);
		walk_to_end(t);
		assert_true(t->walk.done);
		expect_visits(t, start, LISTS);
		free(t);
	}
}

/* A sweep of one list ends behind that list. */
static void one_list(void **state)
{
	struct table_test *t = table_new(SOCKETS, 4000);

	(void)state;
	for (unsigned list = 0; list < LISTS; list++) {
		memset(t->visits, 0, sizeof(t->visits));
		table_walk_begin_tcp(&t->walk, &t->nets[0], list);
		t->walk.size = list + 1;
		walk_to_end(t);
		expect_visits(t, list, list + 1);
	}
	free(t);
}

/* The walk stops inside the list of a bucket that has gone to another one, and a later walk begins there again. */
static void bucket_in_another_list(void **state)
{
	struct table_test *t = table_new(1, 4000);
	unsigned list = list_of_bucket(&t->buckets[0]);

	(void)state;
	t->buckets[0].port++;
	table_walk_begin_tcp(&t->walk, &t->nets[0], 0);
	while (table_walk_advance(&t->walk, t, enter_all, count_visit, true))
		;
	assert_false(t->walk.done);
	assert_int_equal(table_walk_next(&t->walk), list);
	assert_int_equal(t->visits[0], 0);
	t->buckets[0].port--;
	table_walk_begin_tcp(&t->walk, &t->nets[0], list);
	walk_to_end(t);
	assert_true(t->walk.done);
	assert_int_equal(t->visits[0], 1);
	free(t);
}

/* Heads are read together, also where many lists have sockets. */
static void few_reads(void **state)
{
	struct table_test *t = table_new(0, 1);
	unsigned empty;

	(void)state;
	reads = 0;
	table_walk_begin_tcp(&t->walk, &t->nets[0], 0);
	walk_to_end(t);
	empty = reads;
	assert_in_range(empty, LISTS / TABLE_HEADS, LISTS / TABLE_HEADS + 4);
	while (t->count < SOCKETS)
		add_to_table(t, 65535);
	/* A walk knows nothing of the one before. */
	table_walk_begin_tcp(&t->walk, &t->nets[0], LISTS - TABLE_HEADS);
	walk_to_end(t);
	expect_visits(t, LISTS - TABLE_HEADS, LISTS);
	memset(t->visits, 0, sizeof(t->visits));
	reads = 0;
	table_walk_begin_tcp(&t->walk, &t->nets[0], 0);
	walk_to_end(t);
	expect_visits(t, 0, LISTS);
	/* Four for a socket and a few for its bucket. */
	assert_in_range(reads - empty, 4 * SOCKETS, 8 * SOCKETS);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_socket_once),
		cmocka_unit_test(one_list),
		cmocka_unit_test(bucket_in_another_list),
		cmocka_unit_test(few_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
