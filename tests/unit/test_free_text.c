// SPDX-License-Identifier: GPL-2.0-only
/* The text of a plan: whose connection `free` would end, and whom that hits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"
#include "cmd/free.h"
#include "out/free.h"

static struct pc_free_socket connection(void)
{
	struct pc_free_socket f = {
		.s.socket = { .inode = 7,
			      .lport = CASE_PORT,
			      .rport = 443,
			      .family = PC_FAMILY_V4,
			      .proto = PC_PROTO_TCP,
			      .state = PC_STATE_ESTABLISHED,
			      .local = { 127, 0, 0, 1 },
			      .remote = { 127, 0, 0, 1 } },
		.owners_count = 1,
		.kind = PC_FREE_END,
	};

	f.owners[0] = case_party(case_thief());
	return f;
}

static void expect_plan(struct pc_free_socket *f, const char *words, bool there)
{
	const struct pc_request server = { .proto = PC_PROTO_TCP, .wanted_port = CASE_PORT };
	const struct pc_free_plan plan = { .list = f, .count = 1, .counts[PC_FREE_END] = 1 };
	const struct pc_free_report report = {
		.server = &server, .plan = &plan, .netns = CASE_NETNS, .own = true
	};
	struct pc_log log = { .fd = memfd_create("free", MFD_CLOEXEC) };
	char text[8192] = "";

	assert_int_equal(pc_free_text_plan(&log, &report), 0);
	assert_true(pread(log.fd, text, sizeof(text) - 1, 0) > 0);
	close(log.fd);
	if (!strstr(text, words) == there)
		fail_msg("\"%s\" is %s \"%s\"", words, there ? "not in" : "in", text);
}

static void names_both_ends(void **state)
{
	struct pc_free_socket f = connection();

	(void)state;
	expect_plan(&f, "  to end      curl[4120]\n              user 1000: curl", true);
	expect_plan(&f, "the other end", false);
	f.peer = case_party(case_other());
	expect_plan(&f, "443 ESTABLISHED\n              the other end is ", true);
}

static void names_nobody(void **state)
{
	struct pc_free_socket f = connection();

	(void)state;
	f.owners_count = 0;
	expect_plan(&f, "  to end      no process\n              127.0.0.1:35000 ", true);
}

static void expect_stop(const char *unit, const char *words)
{
	const struct pc_request server = { .proto = PC_PROTO_TCP, .wanted_port = CASE_PORT };
	const struct pc_free_plan plan = { 0 };
	struct pc_identity who = *case_thief();
	const struct pc_party owner = case_party(&who);
	struct pc_free_stop stop = { .owner = &owner };
	const struct pc_free_report report = {
		.server = &server, .plan = &plan, .stops = &stop, .stops_count = 1
	};
	struct pc_log log = { .fd = memfd_create("free", MFD_CLOEXEC) };
	char text[8192] = "";

	who.unit = (char *)"user@1000.service";
	who.inner_unit = (char *)unit;
	who.below_user = true;
	who.manager_user = 1000;
	pc_stop_judge(&who, &(struct pc_stop_facts){ 0 }, &stop.stop);
	assert_int_equal(pc_free_text_plan(&log, &report), 0);
	assert_true(pread(log.fd, text, sizeof(text) - 1, 0) > 0);
	close(log.fd);
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, text);
}

/* A user names units of his own as he likes: the command stops no other user's, and is one command. */
static void commands_of_users_units(void **state)
{
	(void)state;
	expect_stop("web.service", "systemctl --user -M 1000@ stop web.service\n");
	expect_stop("x;reboot;.service", "stop 'x;reboot;.service'\n");
	expect_stop("$(reboot)'.service", "stop '$(reboot)'\\''.service'\n");
	expect_stop("-Hevil .service", "stop -- '-Hevil .service'\n");
}

/* Below a folder of a user's there may be a name of a container and none of a unit. */
static void containers_of_users(void **state)
{
	struct pc_free_socket f = connection();
	struct pc_identity who = *case_thief();

	(void)state;
	f.owners[0] = case_party(&who);
	who.unit = who.inner_unit = NULL;
	who.container = (char *)"web";
	who.container_word = PC_WORD_UNIT;
	expect_plan(&f, "container web (so named by a user)", true);
}

/* `top` takes the mark for a question, and no name of another process may have it. */
static void no_name_asks(void **state)
{
	static char evil[] = { 'e', PC_FREE_ASKS, '\n', PC_FREE_ASKS, '\0' };
	static const char mark[] = { PC_FREE_ASKS, '\0' };
	struct pc_identity who = *case_thief();
	struct pc_free_socket f = connection();

	(void)state;
	snprintf(who.comm, sizeof(who.comm), "%s", evil);
	who.exe = who.cmdline = who.cgroup = who.unit = who.container = evil;
	f.owners[0] = f.peer = case_party(&who);
	expect_plan(&f, mark, false);
	expect_plan(&f, "e\\x05\\x0a\\x05", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_both_ends),
		cmocka_unit_test(names_nobody),
		cmocka_unit_test(commands_of_users_units),
		cmocka_unit_test(containers_of_users),
		cmocka_unit_test(no_name_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
