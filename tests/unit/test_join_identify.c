// SPDX-License-Identifier: GPL-2.0-only
/* How the join comes by an identity: the kernel's record, completed from the host, for as long as it is
 * the same process and the same program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "theft.h"

/* A process record with these texts, each up to its end; `exe` and `cgroup` leaf first. */
struct texts {
	const char *args;
	size_t args_len;
	const char *exe;
	size_t exe_len;
	const char *cgroup;
	size_t cgroup_len;
	bool args_cut;
};

#define TEXT(name, text) .name = text, .name##_len = sizeof(text)

static void put_texts(struct fake *f, const struct fake_process *p, const struct texts *t)
{
	struct pc_process_record r = {
		.header = { PC_RECORD_PROCESS, sizeof(r) },
		.key = p->key,
		.netns = p->netns,
		.args_len = (uint16_t)t->args_len,
		.exe_len = (uint16_t)t->exe_len,
		.cgroup_len = (uint16_t)t->cgroup_len,
		.args_cut = t->args_cut,
	};
	char *at = r.text;

	strncpy(r.comm, p->comm, sizeof(r.comm) - 1);
	if (t->args_len)
		at = mempcpy(at, t->args, t->args_len);
	if (t->exe_len)
		at = mempcpy(at, t->exe, t->exe_len);
	if (t->cgroup_len)
		memcpy(at, t->cgroup, t->cgroup_len);
	fake_put(f, &r);
}

static const struct texts whole = { TEXT(args, "server\0-x"), TEXT(exe, "server"),
				    TEXT(cgroup, "a.service\0system.slice") };

/* The refused server, which the host knows by other texts. */
static struct theft with_server(const struct texts *t)
{
	struct theft x = theft_after_start();

	x.server->cmdline = "server -x --from-host";
	x.server->cgroup = "/system.slice/host.service";
	if (t)
		put_texts(x.f, x.server, t);
	return x;
}

static const struct pc_identity *requester_of(struct theft *x)
{
	fake_put(x->f, &x->refusal);
	fake_round(x->f);
	return x->f->verdicts[x->f->verdicts_count - 1].requester.who;
}

static void assert_texts(const struct pc_identity *who, const char *cmdline, const char *cgroup)
{
	assert_non_null(who);
	assert_string_equal(who->exe, "/server");
	assert_string_equal(who->cmdline, cmdline);
	assert_string_equal(who->cgroup, cgroup);
}

/* All is in the record: the host is not asked. */
static void test_whole_record(void **state)
{
	struct theft x = with_server(&whole);

	(void)state;
	assert_texts(requester_of(&x), "server -x", "/system.slice/a.service");
	assert_string_equal(x.f->verdicts[0].requester.who->unit, "a.service");
	assert_int_equal(x.f->verdicts[0].requester.who->netns, FAKE_NETNS);
	for (unsigned i = 0; i < 3; i++)
		requester_of(&x);
	assert_int_equal(x.f->calls[FAKE_IDENTITY], 1); /* the thief, which has no record */
	fake_free(x.f);
}

#define CONTAINER "0123456789012345678901234567890123456789012345678901234567890123"

/* A container's name can come after its first process; once known it stays. */
static void test_given_name(void **state)
{
	static const struct texts contained = { TEXT(args, "server\0-x"), TEXT(exe, "server"),
						TEXT(cgroup, CONTAINER "\0docker") };
	struct theft x = with_server(&contained);
	const struct pc_identity *who;

	(void)state;
	who = requester_of(&x);
	assert_string_equal(who->container, CONTAINER);
	assert_null(who->given.container);
	x.f->container_name = "web";
	who = requester_of(&x);
	assert_string_equal(who->given.container, "web");
	assert_non_null(strstr(x.f->verdicts[x.f->verdicts_count - 1].explanation,
			       "the refused process is in container web (012345678901)"));
	x.f->container_name = "other";
	assert_string_equal(requester_of(&x)->given.container, "web");
	fake_free(x.f);
}

/* The host completes what the record lacks. */
static void test_completed(void **state)
{
	static const struct texts lack[] = {
		{ TEXT(exe, "server"), TEXT(cgroup, "a.service\0system.slice") },
		{ TEXT(args, "server\0-x"), TEXT(cgroup, "a.service\0system.slice") },
		{ TEXT(args, "server\0-x"),
		  TEXT(exe, "server") }, /* cgroup v1, or the root group */
	};
	struct theft x;

	(void)state;
	x = with_server(&lack[0]);
	assert_texts(requester_of(&x), "server -x --from-host", "/system.slice/a.service");
	fake_free(x.f);
	x = with_server(&lack[1]);
	assert_texts(requester_of(&x), "server -x", "/system.slice/a.service");
	fake_free(x.f);
	x = with_server(&lack[2]);
	assert_texts(requester_of(&x), "server -x", "/system.slice/host.service");
	assert_string_equal(x.f->verdicts[0].requester.who->unit, "host.service");
	fake_free(x.f);
}

/* Arguments that were cut short: the host's, cut or not. */
static void test_arguments_cut(void **state)
{
	struct texts cut = whole;
	struct theft x;

	(void)state;
	cut.args_cut = true;
	x = with_server(&cut);
	assert_texts(requester_of(&x), "server -x --from-host", "/system.slice/a.service");
	assert_false(x.f->verdicts[0].requester.who->cmdline_cut);
	fake_free(x.f);
}

/* The host does not know more: what the record has stands, and the host is asked once a second. */
static void test_host_knows_less(void **state)
{
	struct texts cut = whole;
	struct theft x;

	(void)state;
	cut.args_cut = true;
	cut.cgroup_len = 0;
	x = with_server(&cut);
	x.server->cmdline = x.server->cgroup = NULL;
	x.f->owners_count = 0;
	assert_texts(requester_of(&x), "server -x", "/");
	assert_true(x.f->verdicts[0].requester.who->cmdline_cut);
	for (unsigned i = 0; i < 9; i++)
		requester_of(&x);
	assert_int_equal(x.f->calls[FAKE_IDENTITY], 1);
	requester_of(&x);
	assert_int_equal(x.f->calls[FAKE_IDENTITY], 2);
	fake_free(x.f);
}

/* No record at all. */
static void test_from_host(void **state)
{
	struct theft x = with_server(NULL);

	(void)state;
	x.f->owners_count = 0;
	assert_texts(requester_of(&x), "server -x --from-host", "/system.slice/host.service");
	assert_true(x.f->verdicts[0].requester.running);
	assert_int_equal(x.f->verdicts[0].requester.who->key.start_ns, x.server->key.start_ns);
	requester_of(&x);
	assert_int_equal(x.f->calls[FAKE_IDENTITY], 1);
	fake_free(x.f);
}

static const struct texts no_arguments = { TEXT(exe, "server"), TEXT(cgroup, "a.service\0x") };

/* exec() keeps pid and start time: the host speaks of another program by then. */
static void test_other_program(void **state)
{
	struct theft x = with_server(&no_arguments);

	(void)state;
	x.server->exe = "server2";
	assert_null(requester_of(&x)->cmdline);
	fake_free(x.f);
	x = with_server(&no_arguments);
	x.server->exe = "serve";
	assert_null(requester_of(&x)->cmdline);
	fake_free(x.f);
	x = with_server(&no_arguments);
	x.server->exe = "server (deleted), so it seems";
	assert_null(requester_of(&x)->cmdline);
	fake_free(x.f);
}

/* The file was replaced by an upgrade: the same program. */
static void test_file_deleted(void **state)
{
	struct theft x = with_server(&no_arguments);

	(void)state;
	x.server->exe = "server (deleted)";
	assert_texts(requester_of(&x), "server -x --from-host", "/x/a.service");
	fake_free(x.f);
}

/* The name tells when one of the paths is not known. */
static void test_by_name(void **state)
{
	static const struct texts no_exe = { TEXT(args, "server"), TEXT(cgroup, "a.service\0x") };
	struct theft x = with_server(&no_exe);

	(void)state;
	x.server->comm = "other";
	assert_null(requester_of(&x)->exe);
	fake_free(x.f);
	x = with_server(&no_exe);
	assert_string_equal(requester_of(&x)->exe, "/server");
	fake_free(x.f);
	x = with_server(&no_arguments);
	x.server->exe = NULL;
	assert_string_equal(requester_of(&x)->cmdline, "server -x --from-host");
	fake_free(x.f);
}

/* The pid is another process's by the time that the host is read. */
static void exit_now(struct fake *f, enum fake_op op)
{
	if (op == FAKE_IS_RUNNING && f->calls[FAKE_IDENTITY] == 1)
		fake_process(f, 200, "innocent");
}

static void test_replaced_while_read(void **state)
{
	struct theft x = with_server(&no_arguments);

	(void)state;
	x.f->owners_count = 0;
	x.f->on_op = exit_now;
	assert_null(requester_of(&x)->cmdline);
	fake_free(x.f);
	x = with_server(NULL);
	x.f->owners_count = 0;
	x.f->on_op = exit_now;
	assert_null(requester_of(&x));
	fake_free(x.f);
}

/* Sixteen holders of one process: the host is asked once whether it runs. */
static void test_asked_once(void **state)
{
	struct theft x = theft_after_start();
	unsigned before;

	(void)state;
	put_texts(x.f, x.server, &whole);
	fake_put_process(x.f, x.thief);
	for (uint64_t cookie = 1; cookie <= PC_HOLDERS_MAX; cookie++) {
		struct pc_claim_record c = fake_claim(x.thief, cookie, 0, PC_HOW_CONNECT);

		fake_put(x.f, &c);
		if (cookie > 1)
			fake_holder(&x.refusal, cookie, PC_STATE_ESTABLISHED);
	}
	before = x.f->calls[FAKE_IS_RUNNING];
	x.refusal.time_ns = x.f->now_ns;
	fake_put(x.f, &x.refusal);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts[0].holders_count, PC_HOLDERS_MAX);
	/* The server at the reading; the thief once, and once more as it was completed. */
	assert_int_equal(x.f->calls[FAKE_IS_RUNNING] - before, 3);
	assert_true(x.f->verdicts[0].requester.running);
	fake_free(x.f);
}

/* An exit between the reading and the look at descriptors is seen. */
static void stop_thief(struct fake *f, enum fake_op op)
{
	if (op == FAKE_OWNERS)
		f->processes[0].running = false;
}

static void test_asked_again(void **state)
{
	struct theft x = theft_after_start();
	struct pc_refusal_record first = fake_refusal(x.thief, 80);

	(void)state;
	first.error = 13;
	theft_put(&x);
	fake_put(x.f, &first); /* by the thief: the host is asked at the reading */
	x.f->on_op = stop_thief;
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 2);
	assert_true(x.f->verdicts[1].requester.running);
	assert_false(theft_holder(x.f, 0)->claimer.running);
	fake_free(x.f);
}

/* An owner that cannot be named is none. */
static void join_identify_test_owner_unknown(void **state)
{
	struct theft x = theft_after_start();

	(void)state;
	x.thief->running = false;
	fake_put(x.f, &x.refusal);
	fake_round(x.f);
	assert_int_equal(theft_holder(x.f, 0)->owners_count, 0);
	fake_free(x.f);
}

/* An owner goes by the name of its thread, which the pass over the descriptor tables has seen. */
static void test_owner_comm(void **state)
{
	struct theft x = theft_after_start();

	(void)state;
	strcpy(x.f->owners[0].comm, "worker");
	fake_put(x.f, &x.refusal);
	fake_round(x.f);
	assert_string_equal(theft_holder(x.f, 0)->owners[0].comm, "worker");
	assert_int_equal(theft_holder(x.f, 0)->owners[0].key.tgid, 100);
	assert_int_equal(theft_holder(x.f, 0)->owners[0].tid, 0);
	assert_int_equal(theft_holder(x.f, 0)->owners[0].fd, 5);
	fake_free(x.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_record),
		cmocka_unit_test(test_completed),
		cmocka_unit_test(test_arguments_cut),
		cmocka_unit_test(test_host_knows_less),
		cmocka_unit_test(test_from_host),
		cmocka_unit_test(test_other_program),
		cmocka_unit_test(test_file_deleted),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_replaced_while_read),
		cmocka_unit_test(test_given_name),
		cmocka_unit_test(test_asked_once),
		cmocka_unit_test(test_asked_again),
		cmocka_unit_test(join_identify_test_owner_unknown),
		cmocka_unit_test(test_owner_comm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
