// SPDX-License-Identifier: GPL-2.0-only
/* A look at a port, from sources that the test makes up: which source is used, the list that comes
 * of its sockets, and what the list says could not be seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/support.h"
#include "host/sysctl.h"
#include "look/lookup.h"

#define PORT 8080
/* A namespace that no process and no mount keeps. */
#define OTHER 7U
#define SOCKETS_MAX 4

/* The list that the next source will find. */
static struct {
	int open_error;
	int tcp_error;
	int owners_error;
	struct pc_socket sockets[SOCKETS_MAX];
	size_t count;
	uint32_t more; /* sockets on the port that the source does not describe */
	bool cut;
	int opened;
	int closed;
} fake;

static uint32_t own_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return (uint32_t)st.st_ino;
}

static int open_fake(const struct pc_source_options *o, void **out, char *sentence)
{
	assert_int_equal(o->own_netns, own_netns());
	if (fake.open_error) {
		snprintf(sentence, PC_SENTENCE, "the test wants it so");
		return fake.open_error;
	}
	fake.opened++;
	*out = &fake;
	return 0;
}

static void close_fake(void *source)
{
	assert_ptr_equal(source, &fake);
	fake.closed++;
}

static int sockets_of_fake(void *source, uint8_t proto, uint16_t port,
			   struct pc_source_sockets *out)
{
	struct pc_socket *list = calloc(SOCKETS_MAX, sizeof(*list));
	size_t count = 0;

	assert_ptr_equal(source, &fake);
	assert_int_equal(port, PORT);
	assert_non_null(list);
	if (proto == PC_PROTO_TCP && fake.tcp_error) {
		free(list);
		return fake.tcp_error;
	}
	for (size_t i = 0; i < fake.count; i++)
		if (fake.sockets[i].proto == proto)
			list[count++] = fake.sockets[i];
	*out = (struct pc_source_sockets){ list, count, (uint32_t)count + fake.more, !fake.cut };
	return 0;
}

static const struct pc_identity server = { .comm = "server" };

/* The first holder of each entry has an owner. */
static int owners_of_fake(void *source, struct pc_who_list *list, struct pc_owners *owners)
{
	(void)owners;
	assert_ptr_equal(source, &fake);
	for (size_t i = 0; i < list->count; i++) {
		struct pc_holder *h = &list->entries[i].verdict.holders[0];

		h->owners[h->owners_count++] = (struct pc_party){ .who = &server, .fd = 3 };
	}
	return fake.owners_error;
}

static const char *note_of_fake(const struct pc_holder *h)
{
	return h->owners_count ? "owned" : "not owned";
}

static const struct pc_port_source clear = { false,	     open_fake,	   sockets_of_fake,
					     owners_of_fake, note_of_fake, close_fake };
static const struct pc_port_source blind = { true,	     open_fake,	   sockets_of_fake,
					     owners_of_fake, note_of_fake, close_fake };

static int refuse_to_open(const struct pc_source_options *o, void **out, char *sentence)
{
	(void)o;
	(void)out;
	snprintf(sentence, PC_SENTENCE, "it takes root");
	return -EPERM;
}

static const struct pc_port_source refused = { .open = refuse_to_open };

static void add_found(uint8_t proto, uint32_t netns)
{
	fake.sockets[fake.count++] = (struct pc_socket){
		.inode = 100 + fake.count,
		.netns = netns,
		.lport = PORT,
		.family = PC_FAMILY_V4,
		.proto = proto,
		.state = proto == PC_PROTO_TCP ? PC_STATE_LISTEN : PC_STATE_CLOSE,
		.userlocks = PC_LOCK_PORT,
	};
}

static int reset(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static struct pc_lookup ask_for(const char *which)
{
	return (struct pc_lookup){ .port = PORT, .tcp = true, .udp = true, .which = which };
}

static int run_lookup(struct pc_lookup *l, const struct pc_port_source *first,
		      const struct pc_port_source *second)
{
	const struct pc_port_source *const sources[] = { first, second, NULL };

	return pc_lookup_run(l, sources);
}

static void assert_unseen(const struct pc_lookup *l, unsigned at, const char *part)
{
	assert_in_range(at + 1, 1, l->list.unseen_count);
	if (!strstr(l->list.unseen[at], part))
		fail_msg("\"%s\" is not in \"%s\"", part, l->list.unseen[at]);
}

static void a_held_and_a_free_protocol(void **state)
{
	struct pc_lookup l = ask_for("self");
	const struct pc_who_entry *tcp, *udp;
	struct pc_netns_settings settings;

	(void)state;
	pc_sysctl_settings("/proc", &settings);
	assert_true(settings.known);
	add_found(PC_PROTO_TCP, own_netns());
	add_found(PC_PROTO_TCP, own_netns());
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	assert_int_equal(l.list.count, 2);
	assert_int_equal(l.list.unseen_count, 0);
	assert_false(l.missing || l.blind);
	tcp = &l.list.entries[0];
	assert_int_equal(tcp->proto, PC_PROTO_TCP);
	assert_int_equal(tcp->port, PORT);
	assert_int_equal(tcp->netns, own_netns());
	assert_true(tcp->own);
	assert_int_equal(tcp->total, 2);
	assert_int_equal(tcp->verdict.settings.low, settings.low);
	assert_int_equal(tcp->verdict.settings.high, settings.high);
	assert_true(tcp->answers[0].refused);
	assert_int_equal(tcp->answers[0].cause, PC_CAUSE_LISTENER);
	udp = &l.list.entries[1];
	assert_int_equal(udp->proto, PC_PROTO_UDP);
	assert_int_equal(udp->netns, 0);
	assert_int_equal(udp->total, 0);
	assert_int_equal(fake.opened, 1);
	assert_int_equal(fake.closed, 1);
	pc_lookup_free(&l);
}

/* The list shows an owner as the process of its holder, and the source's note for every holder. */
static void owners_and_notes(void **state)
{
	struct pc_lookup l = ask_for("self");
	const struct pc_verdict *v;

	(void)state;
	add_found(PC_PROTO_UDP, own_netns());
	add_found(PC_PROTO_UDP, own_netns());
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	v = &l.list.entries[0].verdict;
	assert_int_equal(v->holders_count, 2);
	assert_ptr_equal(v->holders[0].claimer.who, &server);
	assert_string_equal(v->holders[0].process_note, "owned");
	assert_null(v->holders[1].claimer.who);
	assert_string_equal(v->holders[1].process_note, "not owned");
	pc_lookup_free(&l);
}

/* The own namespace comes first, whatever the numbers are. */
static void entries_by_namespace(void **state)
{
	struct pc_lookup l = ask_for("all");

	(void)state;
	add_found(PC_PROTO_TCP, own_netns());
	add_found(PC_PROTO_TCP, OTHER);
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	assert_int_equal(l.list.count, 3);
	assert_int_equal(l.list.entries[0].netns, own_netns());
	assert_true(l.list.entries[0].own);
	assert_int_equal(l.list.entries[1].netns, OTHER);
	assert_false(l.list.entries[1].own);
	assert_int_equal(l.list.entries[1].verdict.settings.low, 1);
	pc_lookup_free(&l);
}

/* The first entry says that nobody holds the port in the own namespace, if another one's follows. */
static void only_elsewhere(void **state)
{
	struct pc_lookup l = ask_for("all");

	(void)state;
	l.udp = false;
	add_found(PC_PROTO_TCP, OTHER);
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	assert_int_equal(l.list.count, 2);
	assert_true(l.list.entries[0].elsewhere);
	assert_int_equal(l.list.entries[0].netns, 0);
	assert_int_equal(l.list.entries[0].total, 0);
	assert_false(l.list.entries[1].elsewhere);
	assert_int_equal(l.list.entries[1].netns, OTHER);
	pc_lookup_free(&l);
	l = ask_for("self");
	l.udp = false;
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	assert_int_equal(l.list.count, 1);
	assert_false(l.list.entries[0].elsewhere);
	pc_lookup_free(&l);
	l = ask_for("7");
	l.udp = false;
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	assert_int_equal(l.list.count, 1);
	assert_int_equal(l.list.entries[0].netns, OTHER);
	pc_lookup_free(&l);
}

static void one_namespace_alone(void **state)
{
	struct pc_lookup l = ask_for("7");

	(void)state;
	add_found(PC_PROTO_TCP, own_netns());
	add_found(PC_PROTO_TCP, OTHER);
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	assert_int_equal(l.list.count, 2);
	assert_int_equal(l.list.entries[0].netns, OTHER);
	assert_int_equal(l.list.entries[1].proto, PC_PROTO_UDP);
	pc_lookup_free(&l);
	l = ask_for("no-such-name");
	assert_int_equal(run_lookup(&l, &clear, NULL), -ESRCH);
	pc_lookup_free(&l);
}

static void tables_not_seen_whole(void **state)
{
	struct pc_lookup l = ask_for("self");

	(void)state;
	add_found(PC_PROTO_UDP, own_netns());
	fake.tcp_error = -ENOENT;
	fake.cut = true;
	fake.more = 9;
	assert_int_equal(run_lookup(&l, &clear, NULL), 0);
	assert_true(l.missing);
	assert_false(l.tcp);
	assert_int_equal(l.list.count, 1);
	assert_int_equal(l.list.entries[0].proto, PC_PROTO_UDP);
	assert_int_equal(l.list.unseen_count, 3);
	assert_unseen(&l, 0, "the kernel's TCP table was not found");
	assert_unseen(&l, 1, "the kernel's UDP table was too large to be looked at whole");
	assert_unseen(&l, 2, "of 10 UDP sockets on this port, 1 were looked at");
	pc_lookup_free(&l);
}

static void no_table_at_all(void **state)
{
	struct pc_lookup l = ask_for("self");

	(void)state;
	l.udp = false;
	fake.tcp_error = -ENOENT;
	assert_int_equal(run_lookup(&l, &clear, NULL), -ENODATA);
	assert_unseen(&l, 0, "TCP table was not found");
	pc_lookup_free(&l);
}

static void the_second_source_is_blind(void **state)
{
	struct pc_lookup l = ask_for("all");

	(void)state;
	add_found(PC_PROTO_TCP, own_netns());
	assert_int_equal(run_lookup(&l, &refused, &blind), 0);
	assert_true(l.blind);
	assert_int_equal(l.list.count, 2);
	for (size_t i = 0; i < l.list.count; i++)
		assert_true(l.list.entries[i].blind);
	assert_false(l.list.entries[0].answers[PC_WHO_REUSEADDR].known);
	assert_int_equal(l.list.unseen_count, 1);
	assert_unseen(&l, 0, "other network namespaces");
	assert_unseen(&l, 0, geteuid() ? "run portclash with sudo" : ": it takes root");
	assert_in_range(strlen(l.list.unseen[0]), 1, 100);
	pc_lookup_free(&l);
}

static void all_that_is_unseen(void **state)
{
	struct pc_lookup l = ask_for("all");

	(void)state;
	l.verbose = true;
	assert_int_equal(run_lookup(&l, &refused, &blind), 0);
	assert_unseen(&l, 0, "SO_REUSEPORT");
	assert_unseen(&l, 0, ", and it takes root");
	pc_lookup_free(&l);
}

static void a_blind_source_sees_no_other_namespace(void **state)
{
	struct pc_lookup l = ask_for("7");

	(void)state;
	assert_int_equal(run_lookup(&l, &refused, &blind), -EACCES);
	assert_int_equal(fake.opened, 0);
	assert_unseen(&l, 0, "it takes root");
	pc_lookup_free(&l);
}

/* The source is closed, and nothing is shown. */
static void errors_end_the_look(void **state)
{
	struct pc_lookup l = ask_for("self");

	(void)state;
	fake.open_error = -ENOMEM;
	assert_int_equal(run_lookup(&l, &refused, &clear), -ENOMEM);
	pc_lookup_free(&l);
	fake.open_error = 0;
	fake.tcp_error = -EIO;
	l = ask_for("self");
	assert_int_equal(run_lookup(&l, &clear, NULL), -EIO);
	pc_lookup_free(&l);
	fake.tcp_error = 0;
	fake.owners_error = -EMFILE;
	l = ask_for("self");
	assert_int_equal(run_lookup(&l, &blind, NULL), -EMFILE);
	assert_int_equal(fake.opened, 2);
	assert_int_equal(fake.closed, 2);
	pc_lookup_free(&l);
}

#define LOOKUP(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LOOKUP(a_held_and_a_free_protocol),
		LOOKUP(owners_and_notes),
		LOOKUP(entries_by_namespace),
		LOOKUP(one_namespace_alone),
		LOOKUP(only_elsewhere),
		LOOKUP(tables_not_seen_whole),
		LOOKUP(no_table_at_all),
		LOOKUP(the_second_source_is_blind),
		LOOKUP(all_that_is_unseen),
		LOOKUP(a_blind_source_sees_no_other_namespace),
		LOOKUP(errors_end_the_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
