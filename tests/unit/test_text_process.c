// SPDX-License-Identifier: GPL-2.0-only
/* A process in text: user, executable where it tells something, command line, cut and escaped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "out/text_parts.h"
#include "out/text_process.h"

static void assert_said(struct pc_text *text, const char *want)
{
	char *got = pc_text_close(text);

	assert_string_equal(got, want);
	free(got);
}

static void assert_process(const char *comm, const char *exe, const char *cmdline, bool cut,
			   const char *want)
{
	struct pc_identity who = {
		.uid = 1000, .exe = (char *)exe, .cmdline = (char *)cmdline, .cmdline_cut = cut
	};
	struct pc_text text;

	memcpy(who.comm, comm, strnlen(comm, sizeof(who.comm)));
	assert_int_equal(pc_text_open(&text), 0);
	pc_put_process(text.out, &who);
	assert_said(&text, want);
}

static void assert_party(const struct pc_party *p, const char *want)
{
	struct pc_text text;

	assert_int_equal(pc_text_open(&text), 0);
	pc_put_party(text.out, p);
	assert_said(&text, want);
}

/* A user can give a control group of his own the name of any unit. */
static void whose_word_a_unit_is(void **state)
{
	struct pc_identity who = { .key.tgid = 7,
				   .comm = "nginx",
				   .unit = (char *)"nginx.service" };
	struct pc_party p = { .who = &who };

	(void)state;
	assert_party(&p, "nginx[7] nginx.service");
	p.place.users_word = true;
	assert_party(&p, "nginx[7] nginx.service (so named by a user)");
	who.inner_unit = (char *)"app.service";
	who.below_user = true;
	who.manager_user = 1000;
	p.place.users_word = false;
	assert_party(&p, "nginx[7] app.service of user 1000");
}

static void what_is_shown(void **state)
{
	(void)state;
	assert_process("server", "/opt/server", "./server -p 80", false,
		       "user 1000: ./server -p 80");
	assert_process("java", "/usr/lib/jvm/bin/java", "java -jar a.jar", false,
		       "user 1000: java -jar a.jar");
	assert_process("gunicorn", "/usr/bin/python3.11", "gunicorn: master [app]", false,
		       "user 1000, runs /usr/bin/python3.11: gunicorn: master [app]");
	assert_process("worker", "/usr/bin/tool", "/usr/bin/tool --work", false,
		       "user 1000: /usr/bin/tool --work");
	assert_process("server", "/work/players", "build/players server 80", false,
		       "user 1000: build/players server 80");
	assert_process("sshd", "/tmp/sshd-", "/usr/sbin/sshd -D", false,
		       "user 1000, runs /tmp/sshd-: /usr/sbin/sshd -D");
	assert_process("x", "/tmp/sshd", "/usr/sbin/sshd -D", false,
		       "user 1000, runs /tmp/sshd: /usr/sbin/sshd -D");
	assert_process("a-long-program-", "/x/a-long-program-name", "a", false, "user 1000: a");
	assert_process("old", "/x/old (deleted)", "old", false, "user 1000: old");
	assert_process("a-name-of-16-by", NULL, NULL, false, "user 1000");
	assert_process("cut", NULL, "cut of", true, "user 1000: cut of\u2026");
}

/* Neither a character nor an escape is cut in half, and nothing reaches the terminal. */
static void cut_and_escaped(void **state)
{
	char text[2 * PC_TEXT_CMDLINE_MAX + 1], want[2 * PC_TEXT_CMDLINE_MAX + 32];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	snprintf(want, sizeof(want), "user 1000: %.*s\u2026", PC_TEXT_CMDLINE_MAX, text);
	assert_process("x", NULL, text, false, want);
	text[PC_TEXT_CMDLINE_MAX] = '\0';
	snprintf(want, sizeof(want), "user 1000: %s", text);
	assert_process("x", NULL, text, false, want);
	memcpy(text + PC_TEXT_CMDLINE_MAX - 1, "\u00e9", 3);
	snprintf(want, sizeof(want), "user 1000: %.*s\u2026", PC_TEXT_CMDLINE_MAX - 1, text);
	assert_process("x", NULL, text, false, want);
	memcpy(text + PC_TEXT_CMDLINE_MAX - 3, "\033", 2);
	snprintf(want, sizeof(want), "user 1000: %.*s\u2026", PC_TEXT_CMDLINE_MAX - 3, text);
	assert_process("x", NULL, text, false, want);
	assert_process("x", NULL, "a\033[2Jb\nc", false, "user 1000: a\\x1b[2Jb\\x0ac");
}

/* Workers of one program are one line: a socket is often open in all of them. */
static void workers(void **state)
{
	struct pc_identity worker = { .uid = 33,
				      .exe = (char *)"/usr/sbin/web",
				      .cmdline = (char *)"web" };
	struct pc_identity other = { .uid = 0,
				     .exe = (char *)"/usr/sbin/web",
				     .cmdline = (char *)"web" };
	struct pc_party owners[4] = {
		{ .key.tgid = 1, .who = &other },
		{ .key.tgid = 20, .who = &worker },
		{ .key.tgid = 21, .who = &worker },
		{ .key.tgid = 22, .who = &worker },
	};
	struct pc_text text;
	char *got;

	(void)state;
	assert_false(pc_owner_is_repeated(owners, 0));
	assert_false(pc_owner_is_repeated(owners, 1));
	assert_true(pc_owner_is_repeated(owners, 2));
	assert_int_equal(pc_text_open(&text), 0);
	pc_put_alike_owners(text.out, "and ", owners, 4, 0);
	pc_put_alike_owners(text.out, "and ", owners, 4, 1);
	got = pc_text_close(&text);
	assert_string_equal(got, "and 2 more processes of this command: 21, 22");
	free(got);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_word_a_unit_is),
		cmocka_unit_test(what_is_shown),
		cmocka_unit_test(cut_and_escaped),
		cmocka_unit_test(workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
