// SPDX-License-Identifier: GPL-2.0-only
/* The payloads of a recording's entries: to bytes and back, each field, and what makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/process/identity.h"
#include "core/recording/recorded.h"

#define STRING_MAX (128 * 1024)

/* A copy that ends where the payload does: a sanitizer sees what is read behind it. */
static void *exact(const struct pc_payload *p, size_t size)
{
	return memcpy(malloc(size ? size : 1), p->data, size);
}

static struct pc_identity identity_of(const char *exe, const char *cmdline, const char *cgroup)
{
	return (struct pc_identity){
		.key = { .start_ns = 1, .tgid = 2, .exec_id = 3 },
		.uid = 4,
		.netns = 5,
		.cgroup_id = 6,
		.comm = "name",
		.exe = (char *)exe,
		.cmdline = (char *)cmdline,
		.cgroup = (char *)cgroup,
	};
}

static void assert_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void assert_identity(const struct pc_identity *who)
{
	struct pc_payload p = { 0 };
	struct pc_identity back;
	void *data;

	pc_payload_add_identity(&p, who);
	assert_false(p.failed);
	data = exact(&p, p.size);
	assert_int_equal(pc_recorded_identity(data, p.size, &back), 0);
	assert_int_equal(back.key.start_ns, who->key.start_ns);
	assert_int_equal(back.key.tgid, who->key.tgid);
	assert_int_equal(back.key.exec_id, who->key.exec_id);
	assert_int_equal(back.uid, who->uid);
	assert_int_equal(back.netns, who->netns);
	assert_int_equal(back.cgroup_id, who->cgroup_id);
	assert_string_equal(back.comm, who->comm);
	assert_text(back.exe, who->exe);
	assert_text(back.cmdline, who->cmdline);
	assert_text(back.cgroup, who->cgroup);
	assert_int_equal(back.cmdline_cut, who->cmdline_cut);
	assert_int_equal(back.descendant, who->descendant);
	pc_identity_free(&back);
	free(data);
	free(p.data);
}

static void test_identity(void **state)
{
	struct pc_identity who = identity_of("/x", "x -a", "/system.slice/x.service");
	char *longest = malloc(STRING_MAX + 1);

	(void)state;
	assert_identity(&who);
	who.cmdline_cut = true;
	assert_identity(&who);
	who.cmdline_cut = false;
	who.descendant = true;
	assert_identity(&who);
	who = identity_of(NULL, NULL, NULL);
	assert_identity(&who);
	who = identity_of("", "x", "");
	assert_identity(&who);
	memset(longest, 'a', STRING_MAX);
	longest[STRING_MAX] = '\0';
	who = identity_of("/x", longest, "/");
	assert_identity(&who);
	free(longest);
}

/* Unit, container and pod are read from the cgroup again. */
static void test_identity_names(void **state)
{
	const struct pc_identity who = identity_of("/x", "x", "/system.slice/x.service");
	struct pc_payload p = { 0 };
	struct pc_identity back;

	(void)state;
	pc_payload_add_identity(&p, &who);
	assert_int_equal(pc_recorded_identity(p.data, p.size, &back), 0);
	assert_string_equal(back.unit, "x.service");
	pc_identity_free(&back);
	free(p.data);
}

/* Cut anywhere, with a NUL in a string, or a string that is too long. */
static void test_identity_damaged(void **state)
{
	char *longer = malloc(STRING_MAX + 2);
	struct pc_identity who = identity_of("/exe", "cmdline", "/cgroup");
	struct pc_identity out = { .uid = 77 };
	struct pc_payload p = { 0 };

	(void)state;
	pc_payload_add_identity(&p, &who);
	for (size_t size = 0; size < p.size; size++) {
		void *data = exact(&p, size);

		assert_int_equal(pc_recorded_identity(data, size, &out), -EBADMSG);
		free(data);
	}
	p.data[p.size - 3] = '\0';
	assert_int_equal(pc_recorded_identity(p.data, p.size, &out), -EBADMSG);
	free(p.data);
	memset(longer, 'a', STRING_MAX + 1);
	longer[STRING_MAX + 1] = '\0';
	who = identity_of(longer, NULL, NULL);
	p = (struct pc_payload){ 0 };
	pc_payload_add_identity(&p, &who);
	assert_int_equal(pc_recorded_identity(p.data, p.size, &out), -EBADMSG);
	assert_int_equal(out.uid, 77);
	free(longer);
	free(p.data);
}

/* A name that lacks its NUL gets one. */
static void test_identity_comm(void **state)
{
	struct pc_identity who = identity_of(NULL, NULL, NULL), back;
	struct pc_payload p = { 0 };

	(void)state;
	memset(who.comm, 'a', sizeof(who.comm));
	pc_payload_add_identity(&p, &who);
	assert_int_equal(pc_recorded_identity(p.data, p.size, &back), 0);
	assert_int_equal(strnlen(back.comm, sizeof(back.comm)), sizeof(back.comm) - 1);
	pc_identity_free(&back);
	free(p.data);
}

static struct pc_netns_settings settings_with_all(void)
{
	struct pc_netns_settings s = {
		.known = true,
		.low = 1,
		.high = 2,
		.unprivileged_start = 3,
		.somaxconn = 4,
		.tcp_tw_reuse = -1,
		.autobind_reuse = 6,
		.listen_overflows = 7ULL << 40,
	};

	pc_ports_add(s.reserved, 8);
	pc_ports_add(s.reserved, 65535);
	return s;
}

static void assert_settings(const struct pc_netns_settings *got,
			    const struct pc_netns_settings *want)
{
	assert_true(got->known);
	assert_int_equal(got->low, want->low);
	assert_int_equal(got->high, want->high);
	assert_int_equal(got->unprivileged_start, want->unprivileged_start);
	assert_int_equal(got->somaxconn, want->somaxconn);
	assert_int_equal(got->tcp_tw_reuse, want->tcp_tw_reuse);
	assert_int_equal(got->autobind_reuse, want->autobind_reuse);
	assert_int_equal(got->listen_overflows, want->listen_overflows);
	assert_memory_equal(got->reserved, want->reserved, sizeof(want->reserved));
}

static void test_settings(void **state)
{
	const struct pc_netns_settings s = settings_with_all();
	struct pc_netns_settings back = { 0 };
	struct pc_payload p = { 0 };
	void *data;

	(void)state;
	pc_payload_add_settings(&p, &s);
	data = exact(&p, p.size);
	assert_int_equal(pc_recorded_settings(data, p.size - 1, &back), -EBADMSG);
	assert_false(back.known);
	assert_int_equal(pc_recorded_settings(data, p.size, &back), 0);
	assert_settings(&back, &s);
	free(data);
	free(p.data);
}

static struct pc_listed_socket listed_with_all(uint8_t n)
{
	return (struct pc_listed_socket){
		.socket = { .cookie = n,
			    .inode = n + 1,
			    .local = { n, 2 },
			    .remote = { n, 3 },
			    .v4_address = n + 4,
			    .uid = n + 5,
			    .ifindex = n + 6,
			    .netns = n + 7,
			    .lport = n + 8,
			    .rport = n + 9,
			    .family = n + 10,
			    .flags = n + 11,
			    .proto = n + 12,
			    .state = n + 13,
			    .substate = n + 14,
			    .userlocks = n + 15,
			    .reuse = n + 16,
			    .fastreuse = -1,
			    .fastreuseport = n + 18,
			    .seconds_left = n + 19 },
		.waiting = n + 20,
		.backlog = n + 21,
		.kernel_chose = n % 2,
	};
}

/* Field by field: what is between them is not of interest. */
static void assert_listed(const struct pc_listed_socket *got, const struct pc_listed_socket *want)
{
	const struct pc_socket *a = &got->socket, *b = &want->socket;

	assert_int_equal(a->cookie, b->cookie);
	assert_int_equal(a->inode, b->inode);
	assert_memory_equal(a->local, b->local, sizeof(a->local));
	assert_memory_equal(a->remote, b->remote, sizeof(a->remote));
	assert_int_equal(a->v4_address, b->v4_address);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->ifindex, b->ifindex);
	assert_int_equal(a->netns, b->netns);
	assert_int_equal(a->lport, b->lport);
	assert_int_equal(a->rport, b->rport);
	assert_int_equal(a->family, b->family);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->proto, b->proto);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->substate, b->substate);
	assert_int_equal(a->userlocks, b->userlocks);
	assert_int_equal(a->reuse, b->reuse);
	assert_int_equal(a->fastreuse, b->fastreuse);
	assert_int_equal(a->fastreuseport, b->fastreuseport);
	assert_int_equal(a->seconds_left, b->seconds_left);
	assert_int_equal(got->waiting, want->waiting);
	assert_int_equal(got->backlog, want->backlog);
	assert_int_equal(got->kernel_chose, want->kernel_chose);
}

/* More sockets than the list had room for, then fewer. */
static void test_look(void **state)
{
	struct pc_listed_socket list[40];
	struct pc_netns_look look = { .time_ns = 1ULL << 40,
				      .took_ns = 1ULL << 41,
				      .settings = settings_with_all() };
	struct pc_netns_look back = { 0 };

	(void)state;
	for (uint8_t i = 0; i < 40; i++)
		list[i] = listed_with_all(i);
	look.sockets.list = list;
	for (int count = 40; count >= 0; count -= 20) {
		struct pc_payload p = { 0 };
		void *data;

		look.sockets.count = (size_t)count;
		pc_payload_add_look(&p, &look);
		data = exact(&p, p.size);
		assert_int_equal(pc_recorded_look(data, p.size - 1, &back), -EBADMSG);
		assert_int_equal(pc_recorded_look(data, p.size, &back), 0);
		assert_int_equal(back.time_ns, look.time_ns);
		assert_int_equal(back.took_ns, look.took_ns);
		assert_settings(&back.settings, &look.settings);
		assert_int_equal(back.sockets.count, count);
		for (int i = 0; i < count; i++)
			assert_listed(&back.sockets.list[i], &list[i]);
		free(data);
		free(p.data);
	}
	free(back.sockets.list);
}

static void test_losses(void **state)
{
	struct pc_losses losses = { .states_missed = 1, .records_bad = 2 }, back = { 0 };
	struct pc_payload p = { 0 };

	(void)state;
	for (uint64_t i = 0; i < PC_STAT_COUNT; i++)
		losses.lost[i] = 100 + i;
	pc_payload_add_losses(&p, &losses);
	assert_int_equal(pc_recorded_losses(p.data, p.size, &back), 0);
	assert_memory_equal(&back, &losses, sizeof(losses));
	p.size = 0;
	for (uint32_t uid = 1000; uid < 1000 + 2 * PC_LOSERS_MAX; uid++)
		pc_losers_add(&losses.over_share, uid, uid);
	pc_losers_add(&losses.over_share, 1001, 5);
	assert_int_equal(losses.over_share.users[1].lost, 1006);
	assert_true(pc_losers_have(&losses.over_share, 4711)); /* perhaps: there are too many */
	pc_payload_add_losses(&p, &losses);
	assert_int_equal(pc_recorded_losses(p.data, p.size, &back), 0);
	assert_memory_equal(&back, &losses, sizeof(losses));
	free(p.data);
}

/* Losses written by another version, that counts one thing less, or one more; and damaged ones. */
static void test_losses_of_others(void **state)
{
	uint64_t words[2 + PC_STAT_COUNT + 1];
	struct pc_losses back = { 0 };

	(void)state;
	for (uint64_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		words[i] = 10 + i;
	assert_int_equal(pc_recorded_losses(words, 8, &back), -EBADMSG);
	assert_int_equal(pc_recorded_losses(words, 28, &back), -EBADMSG);
	assert_int_equal(back.states_missed, 0);
	assert_int_equal(pc_recorded_losses(words, 16, &back), 0);
	assert_int_equal(back.states_missed, 10);
	assert_int_equal(back.records_bad, 11);
	assert_int_equal(back.lost[0], 0);
	assert_int_equal(pc_recorded_losses(words, 24, &back), 0);
	assert_int_equal(back.lost[0], 12);
	assert_int_equal(back.lost[1], 0);
	assert_int_equal(pc_recorded_losses(words, sizeof(words), &back), 0);
	assert_int_equal(back.lost[PC_STAT_COUNT - 1], 12 + PC_STAT_COUNT - 1);
}

/* Records begin at multiples of 8. */
static void test_records(void **state)
{
	struct pc_payload p = { 0 };

	(void)state;
	pc_payload_add_record(&p, "abcdefghi", 9);
	assert_int_equal(p.size, 16);
	assert_memory_equal(p.data, "abcdefghi\0\0\0\0\0\0\0", 16);
	pc_payload_add_record(&p, "abcdefgh", 8);
	assert_int_equal(p.size, 24);
	pc_payload_add_record(&p, "", 0);
	assert_int_equal(p.size, 24);
	free(p.data);
}

/* More than a payload may have: nothing of it is kept. */
static void test_too_large(void **state)
{
	struct pc_payload p = { .data = malloc(PC_RECORDED_BYTES_MAX),
				.room = PC_RECORDED_BYTES_MAX,
				.size = PC_RECORDED_BYTES_MAX - 16 };
	uint64_t word = 1;

	(void)state;
	pc_payload_add(&p, &word, 8);
	assert_false(p.failed);
	assert_int_equal(p.size, PC_RECORDED_BYTES_MAX - 8);
	pc_payload_add(&p, &word, 9);
	assert_true(p.failed);
	assert_int_equal(p.size, PC_RECORDED_BYTES_MAX - 8);
	pc_payload_add(&p, &word, 1);
	assert_true(p.failed);
	assert_int_equal(p.size, PC_RECORDED_BYTES_MAX - 8);
	free(p.data);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),	 cmocka_unit_test(test_identity_names),
		cmocka_unit_test(test_identity_damaged), cmocka_unit_test(test_identity_comm),
		cmocka_unit_test(test_settings),	 cmocka_unit_test(test_look),
		cmocka_unit_test(test_losses),		 cmocka_unit_test(test_losses_of_others),
		cmocka_unit_test(test_records),		 cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
