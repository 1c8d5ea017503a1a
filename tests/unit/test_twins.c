// SPDX-License-Identifier: GPL-2.0-only
/* The rule for instances of one program: by file, arguments, working directory, unit and container. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/process/party.h"

#define ID "3f4e8a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7"
#define OTHER "aaaabbbbccccddddeeeeffff00001111aaaabbbbccccddddeeeeffff00001111"
#define UNIT "orders.service"

/* All in one: exe, cmdline, unit, container, working directory of the one and the other. */
struct pair {
	const char *exe[2];
	const char *cmdline[2];
	const char *unit[2];
	const char *container[2];
	const char *folder[2];
	enum pc_twin twin;
};

static struct pc_identity identity(const struct pair *p, int which)
{
	return (struct pc_identity){
		.key = { .tgid = 10 + (uint32_t)which, .start_ns = 1000000000 },
		.comm = "prog",
		.exe = (char *)p->exe[which],
		.cmdline = (char *)p->cmdline[which],
		.unit = (char *)p->unit[which],
		.container = (char *)p->container[which],
		.folder = (char *)p->folder[which],
	};
}

static void party_twins(void **state)
{
	static const struct pair pairs[] = {
		{ { "/bin/a", "/bin/a" }, { "a -p 1", "a -p 1" }, .twin = PC_TWIN_ARGUMENTS },
		{ { "/bin/a", "/bin/a" }, { "a -p 1", "a -p 2" }, .twin = PC_TWIN_NONE },
		{ { "/bin/a (deleted)", "/bin/a" }, { "a", "a" }, .twin = PC_TWIN_ARGUMENTS },
		{ { "/bin/a", "/bin/b" }, { "a", "a" }, .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/opt/a" }, { "a", "a" }, .twin = PC_TWIN_NONE },
		{ { NULL, NULL }, { "a", "a" }, .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" }, { NULL, NULL }, .twin = PC_TWIN_NONE },
		/* Two scripts are two programs; one script twice is one. */
		{ { "/usr/bin/python3.11", "/usr/bin/python3.11" },
		  { "python3 a.py", "python3 b.py" },
		  { UNIT, UNIT },
		  .twin = PC_TWIN_NONE },
		{ { "/usr/bin/python3.11", "/usr/bin/python3.11" },
		  { "python3 /a.py", "python3 /a.py" },
		  .twin = PC_TWIN_ARGUMENTS },
		{ { "/usr/bin/node", "/usr/bin/node" },
		  { "node a.js", "node b.js" },
		  .container = { ID, ID },
		  .twin = PC_TWIN_NONE },
		/* One service: an upgrade makes it no other program, other arguments do. */
		{ { "/bin/a", "/bin/a" },
		  { "a -w 4", "a -w 4" },
		  { UNIT, UNIT },
		  .twin = PC_TWIN_UNIT },
		{ { "/bin/redis", "/bin/redis" },
		  { "redis /a.conf", "redis /b.conf" },
		  { UNIT, UNIT },
		  .twin = PC_TWIN_NONE },
		{ { "/opt/a-1/a", "/opt/a-2/a" },
		  { "/opt/a-1/a -v", "/opt/a-2/a -v" },
		  { UNIT, UNIT },
		  .twin = PC_TWIN_UNIT },
		{ { "/bin/a", "/bin/b" }, { "a", "b" }, { UNIT, UNIT }, .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -p 1", "a -p 2" },
		  { "session-3.scope", "session-3.scope" },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -p 1", "a -p 2" },
		  { "user@1000.service", "user@1000.service" },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -p 1", "a -p 2" },
		  { UNIT, "other.service" },
		  .twin = PC_TWIN_NONE },
		/* One container; in two of them the same path is not the same file. */
		{ { "/bin/a", "/bin/a" },
		  { "a -w 4", "a -w 4" },
		  .container = { ID, ID },
		  .twin = PC_TWIN_CONTAINER },
		{ { "/bin/a", "/bin/a" },
		  { "a -w 2", "a -w 4" },
		  .container = { ID, ID },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a", "a" },
		  .container = { ID, OTHER },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a", "a" },
		  .container = { ID, NULL },
		  .twin = PC_TWIN_NONE },
		{ { "/bin/a", "/bin/a" },
		  { "a -1", "a -2" },
		  { UNIT, "other.service" },
		  { "lxc", "lxc" },
		  .twin = PC_TWIN_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct pc_identity a = identity(&pairs[i], 0), b = identity(&pairs[i], 1);

		print_message("pair %zu\n", i);
		assert_int_equal(pc_identity_twin(&a, &b), pairs[i].twin);
		assert_int_equal(pc_identity_twin(&b, &a), pairs[i].twin);
	}
}

/* A user's container is not another's of the same name. */
static void words_of_users(void **state)
{
	static const struct pair one = { .exe = { "/bin/a", "/bin/a" },
					 .cmdline = { "a", "a" },
					 .container = { ID, ID } };
	struct pc_identity a = identity(&one, 0), b = identity(&one, 1);

	(void)state;
	a.container_word = PC_WORD_SYSTEM;
	b.container_word = PC_WORD_USER;
	b.manager_user = 1000;
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_NONE);
	a = b;
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_CONTAINER);
	a.manager_user = 1001;
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_NONE);
	a.container_word = b.container_word = PC_WORD_UNIT;
	a.unit = (char *)"docker-" ID ".scope"; /* a container in a container */
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_NONE);
	b.unit = a.unit;
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_CONTAINER);
}

#define PYTHON "/usr/bin/python3.11"

/* A relative path is another file in another directory. */
static void working_directories(void **state)
{
	static const struct pair pairs[] = {
		{ .folder = { "/srv/a", "/srv/a" }, .twin = PC_TWIN_ARGUMENTS },
		{ .folder = { "/srv/a", "/srv/b" }, .twin = PC_TWIN_NONE },
		{ .folder = { "/srv/a", NULL }, .twin = PC_TWIN_NONE },
		{ .folder = { NULL, NULL }, .twin = PC_TWIN_NONE },
		/* Daemons go there, wherever they were started. */
		{ .folder = { "/", "/" }, .twin = PC_TWIN_NONE },
		{ .folder = { "/", "/" }, .unit = { UNIT, UNIT }, .twin = PC_TWIN_UNIT },
		{ .folder = { "/", "/" }, .container = { ID, ID }, .twin = PC_TWIN_CONTAINER },
		{ .folder = { "/a", "/b" }, .unit = { UNIT, UNIT }, .twin = PC_TWIN_NONE },
		{ .folder = { "/a", "/b" }, .container = { ID, ID }, .twin = PC_TWIN_NONE },
	};
	static const bool may[] = { true, false, true, true, true, true, true, false, false };
	static const char *const programs[][2] = {
		{ PYTHON, "python3 app.py" },
		{ PYTHON, "/usr/bin/python3 /bin/uvicorn main:app" },
		{ "/usr/bin/node", "node ." },
		{ "/usr/bin/java", "java -jar app.jar" },
		{ "/bin/redis", "redis a.conf" },
		{ "/bin/a", "a --config=a.conf" },
		{ "/bin/a", "a -v -c conf/a.conf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		for (size_t j = 0; j < sizeof(programs) / sizeof(programs[0]); j++) {
			struct pc_identity a = identity(&pairs[i], 0), b = identity(&pairs[i], 1);

			print_message("pair %zu, %s\n", i, programs[j][1]);
			a.exe = b.exe = (char *)programs[j][0];
			a.cmdline = b.cmdline = (char *)programs[j][1];
			assert_int_equal(pc_identity_twin(&a, &b), pairs[i].twin);
			assert_int_equal(pc_identity_twin(&b, &a), pairs[i].twin);
			assert_int_equal(pc_identity_may_be_twin(&a, &b), may[i]);
		}
	}
}

static void arguments_without_directory(void **state)
{
	static const char *const cmdlines[] = {
		NULL,
		"",
		"app",
		"bin/app",
		"app -v --verbose",
		"app /etc/app.conf",
		"app --config=/etc/app.conf --port=80",
		"app --port 8080 127.0.0.1:80 [::1]:80",
		"app ",
		"app --empty= -",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cmdlines) / sizeof(cmdlines[0]); i++) {
		struct pc_identity who = { .cmdline = (char *)cmdlines[i] };

		print_message("%zu\n", i);
		assert_false(pc_identity_uses_folder(&who));
	}
}

/* A port that changed hands was taken again only by the same program. */
static void same_programs(void **state)
{
	static const struct {
		struct pair pair;
		bool same;
	} rows[] = {
		{ { .exe = { "/bin/a", "/bin/a" }, .cmdline = { "a -p 1", "a -p 2" } }, true },
		{ { .exe = { "/bin/a", "/bin/b" }, .cmdline = { "a", "a" } }, false },
		{ { .exe = { "/bin/perl5", "/bin/perl5" }, .cmdline = { "x a", "x b" } }, false },
		{ { .exe = { "/bin/perl5", "/bin/perl5" }, .cmdline = { "x a", "x a" } }, true },
		{ { .exe = { "/bin/sh", "/bin/sleep" }, .unit = { UNIT, UNIT } }, true },
		/* A login runs anything. */
		{ { .exe = { "/bin/a", "/bin/b" },
		    .unit = { "user@1000.service", "user@1000.service" } },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pc_identity a = identity(&rows[i].pair, 0), b = identity(&rows[i].pair, 1);

		assert_int_equal(pc_identity_same_program(&a, &b), rows[i].same);
		assert_int_equal(pc_identity_same_program(&b, &a), rows[i].same);
	}
}

/* Subordinate ids of one user are one user. Root's sockets are inherited by all kinds of servers. */
static void given_sockets(void **state)
{
	static const struct {
		uint32_t maker, owner;
		bool given;
	} rows[] = {
		{ 1000, 33, true },  { 1000, 0, true },		{ 1000, 1000, false },
		{ 0, 33, false },    { 165536, 165569, false }, { 165536, 231072, true },
		{ 165536, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pc_identity owner = { .uid = rows[i].owner };
		struct pc_socket s = { .uid = rows[i].maker };

		print_message("%zu\n", i);
		assert_int_equal(pc_party_is_given(&owner, &s), rows[i].given);
	}
}

/* Arguments that were cut may differ behind the cut. */
static void cut_arguments(void **state)
{
	struct pair p = { .exe = { "/bin/a", "/bin/a" }, .cmdline = { "a", "a" } };
	struct pc_identity a = identity(&p, 0), b = identity(&p, 1);

	(void)state;
	b.cmdline_cut = true;
	assert_int_equal(pc_identity_twin(&a, &b), PC_TWIN_NONE);
}

/* A user can claim a port as one program and run another one since: that is no second instance of the first. */
static void ran_another_program_since(void **state)
{
	struct pair p = { .exe = { "/bin/a", "/bin/a" }, .cmdline = { "a", "a" } };
	struct pc_identity then = identity(&p, 0), now = then, refused = identity(&p, 1);
	struct pc_verdict *v = calloc(1, sizeof(*v));
	struct pc_holder *h = &v->holders[0];
	enum pc_twin twin;

	(void)state;
	v->requester.who = &refused;
	h->claimer = (struct pc_party){ .who = &then, .running = true };
	h->owners[0] = (struct pc_party){ .who = &now, .running = true };
	h->owners_count = 1;
	assert_ptr_equal(pc_holder_twin(v, h, &twin), &h->claimer);
	now.exe = (char *)"/bin/b";
	assert_null(pc_holder_twin(v, h, &twin));
	assert_int_equal(twin, PC_TWIN_NONE);
	now.key.tgid++; /* it lives on beside that one */
	assert_ptr_equal(pc_holder_twin(v, h, &twin), &h->claimer);
	free(v);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(party_twins),
		cmocka_unit_test(words_of_users),
		cmocka_unit_test(working_directories),
		cmocka_unit_test(arguments_without_directory),
		cmocka_unit_test(same_programs),
		cmocka_unit_test(given_sockets),
		cmocka_unit_test(cut_arguments),
		cmocka_unit_test(ran_another_program_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
