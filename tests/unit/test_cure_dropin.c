// SPDX-License-Identifier: GPL-2.0-only
/* portclash's own sysctl.d file: whose ports are in it, what stays of other lines, what it is among
 * other files. */
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

#include "core/cure/dropin.h"
#include "cure/persist.h"
#include "folder.h"
#include "portset.h"

#define KEY "net.ipv4.ip_local_reserved_ports"
#define HEAD                                                                                                      \
	"# portclash rewrites the comments \"portclash NAME:\" and the line under them. It never removes ports\n" \
	"# that you add to that line by hand.\n"

static void cure_dropin_parse(const char *text, struct pc_dropin *d)
{
	unsigned line;

	assert_int_equal(pc_dropin_parse(text, strlen(text), d, &line), 0);
}

static void cure_dropin_expect_text(const struct pc_dropin *d, const char *expected)
{
	char *text = pc_dropin_format(d);

	assert_string_equal(text, expected);
	free(text);
}

static void empty_file(void **state)
{
	struct pc_dropin d;

	(void)state;
	cure_dropin_parse("", &d);
	cure_dropin_expect_text(&d, "");
	portset_of("8080", d.kept[PC_KEEPER_RESERVE]);
	cure_dropin_expect_text(&d, HEAD "# portclash reserve: 8080\n" KEY " = 8080\n");
	pc_dropin_free(&d);
}

/* A line that `audit --write` or an `echo` of an earlier day wrote has no comments: it is
 * somebody's. */
static void ports_by_hand_stay(void **state)
{
	struct pc_dropin d;

	(void)state;
	cure_dropin_parse(KEY "=51332\n", &d);
	portset_expect(d.kept[PC_KEEPER_INVALID], "51332");
	portset_of("8080", d.kept[PC_KEEPER_GUARD]);
	portset_of("30000-32767", d.before);
	cure_dropin_expect_text(&d, HEAD
				"# portclash guard: 8080\n# portclash before: 30000-32767\n" KEY
				" = 8080,30000-32767,51332\n");
	pc_dropin_free(&d);
}

static void cure_dropin_text_and_back(void **state)
{
	static const char text[] =
		"net.core.somaxconn = 4096\n" HEAD "# portclash reserve: 80,8080\n"
		"# portclash guard: 9000-9002\n"
		"# portclash before: 100\n" KEY " = 80,100,8080,9000-9002,9100\n";
	struct pc_dropin d;

	(void)state;
	cure_dropin_parse(text, &d);
	portset_expect(d.kept[PC_KEEPER_RESERVE], "80,8080");
	portset_expect(d.kept[PC_KEEPER_GUARD], "9000-9002");
	portset_expect(d.before, "100");
	portset_expect(d.kept[PC_KEEPER_INVALID], "9100");
	cure_dropin_expect_text(&d, text);
	pc_dropin_free(&d);
}

/* The comment still claims it: an editor took it out of the line, and nobody keeps it any more. */
static void port_removed_by_hand(void **state)
{
	struct pc_dropin d;

	(void)state;
	cure_dropin_parse("# portclash reserve: 80,8080\n" KEY " = 80\n", &d);
	portset_expect(d.kept[PC_KEEPER_RESERVE], "80");
	portset_expect(d.kept[PC_KEEPER_INVALID], "");
	pc_dropin_free(&d);
}

/* Other settings and comments stay, also one that looks nearly like a mark, and a line without end. */
static void other_lines_stay(void **state)
{
	struct pc_dropin d;

	(void)state;
	cure_dropin_parse(
		"# mine\n\n# portclash nobody: 1\n# portclash is fine\n-net/ipv4/ip_local_reserved_ports=7\n"
		"net.ipv4.tcp_fin_timeout = 30",
		&d);
	portset_expect(d.kept[PC_KEEPER_INVALID], "7");
	memset(d.kept, 0, sizeof(d.kept));
	cure_dropin_expect_text(&d, "# mine\n\n# portclash nobody: 1\n# portclash is fine\n"
				    "net.ipv4.tcp_fin_timeout = 30\n");
	pc_dropin_free(&d);
}

/* The last line that sets them is the one that holds. */
static void last_line_holds(void **state)
{
	struct pc_dropin d;

	(void)state;
	cure_dropin_parse(KEY "=1\n" KEY "=2-3\n", &d);
	portset_expect(d.kept[PC_KEEPER_INVALID], "2-3");
	pc_dropin_free(&d);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{ "a=b\n" KEY " = 80 90\n", 2 },
		{ KEY " = 80,x\n", 1 },
		{ "\n\n# portclash guard: all\n", 3 },
		{ "# portclash before: 70000", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_dropin d;
		unsigned line;

		assert_int_equal(pc_dropin_parse(cases[i].text, strlen(cases[i].text), &d, &line),
				 -EBADMSG);
		assert_int_equal(line, cases[i].line);
	}
}

static void cure_dropin_make_folders(void)
{
	assert_int_equal(mkdir("etc", 0755), 0);
	assert_int_equal(mkdir("etc/sysctl.d", 0755), 0);
}

static void persist(const char *add, const char *take, struct pc_persist *p)
{
	char sentence[PC_CURE_SENTENCE] = "";
	uint64_t more[PC_PORT_WORDS], less[PC_PORT_WORDS];
	bool written = false;
	char root[128];

	assert_non_null(getcwd(root, sizeof(root)));
	assert_int_equal(pc_persist_read(root, p, sentence), 0);
	portset_of(add, more);
	portset_of(take, less);
	pc_persist_edit(p, PC_KEEPER_RESERVE, more, less);
	assert_int_equal(pc_persist_write(p, true, &written, sentence), 0);
	assert_true(written);
	assert_int_equal(pc_persist_write(p, false, &written, sentence), 0);
	assert_true(written);
	assert_int_equal(pc_persist_write(p, false, &written, sentence), 0);
	assert_false(written);
}

/* Ports of a file that is read before are in portclash's line, too; a later file is named. */
static void files_before_and_after(void **state)
{
	struct pc_persist p;

	(void)state;
	cure_dropin_make_folders();
	folder_put("etc/sysctl.d/10-admin.conf", KEY "=100\n");
	folder_put("etc/sysctl.d/20-admin.conf", KEY "=30000-32767\n");
	persist("8080", "", &p);
	assert_null(p.rival);
	portset_expect(p.others, "30000-32767");
	pc_persist_free(&p);
	folder_expect("etc/sysctl.d/60-portclash.conf",
		      HEAD "# portclash reserve: 8080\n# portclash before: 30000-32767\n" KEY
			   " = 8080,30000-32767\n");
}

static void rival_is_named(void **state)
{
	struct pc_persist p;

	(void)state;
	cure_dropin_make_folders();
	folder_put("etc/sysctl.d/70-admin.conf", "a=b\n" KEY "=100\n");
	persist("8080", "", &p);
	assert_non_null(p.rival);
	assert_true(strstr(p.rival->file, "/etc/sysctl.d/70-admin.conf"));
	assert_int_equal(p.rival->line, 2);
	portset_expect(p.others, "100");
	pc_persist_free(&p);
	folder_put("etc/sysctl.conf", KEY "=200\n");
	persist("", "8080", &p);
	assert_true(strstr(p.rival->file, "/etc/sysctl.conf"));
	portset_expect(p.others, "200");
	pc_persist_free(&p);
}

/* The admin's own file no longer reserves it: portclash's copy goes, too. */
static void before_is_not_kept_for_ever(void **state)
{
	struct pc_persist p;

	(void)state;
	cure_dropin_make_folders();
	folder_put("etc/sysctl.d/10-admin.conf", KEY "=100\n");
	persist("8080", "", &p);
	pc_persist_free(&p);
	folder_put("etc/sysctl.d/10-admin.conf", "\n");
	persist("8081", "8080", &p);
	portset_expect(p.others, "");
	pc_persist_free(&p);
	folder_expect("etc/sysctl.d/60-portclash.conf",
		      HEAD "# portclash reserve: 8081\n" KEY " = 8081\n");
}

static void link_is_not_followed(void **state)
{
	char sentence[PC_CURE_SENTENCE] = "", root[128];
	struct pc_persist p;

	(void)state;
	cure_dropin_make_folders();
	folder_put("elsewhere", "x=y\n");
	assert_int_equal(symlink("../../elsewhere", "etc/sysctl.d/60-portclash.conf"), 0);
	assert_non_null(getcwd(root, sizeof(root)));
	assert_int_equal(pc_persist_read(root, &p, sentence), -ELOOP);
	assert_non_null(strstr(sentence, "symbolic link"));
	folder_expect("elsewhere", "x=y\n");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_file),
		cmocka_unit_test(ports_by_hand_stay),
		cmocka_unit_test(cure_dropin_text_and_back),
		cmocka_unit_test(port_removed_by_hand),
		cmocka_unit_test(other_lines_stay),
		cmocka_unit_test(last_line_holds),
		cmocka_unit_test(mistakes_are_named),
		IN_FOLDER(files_before_and_after),
		IN_FOLDER(rival_is_named),
		IN_FOLDER(before_is_not_kept_for_ever),
		IN_FOLDER(link_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
