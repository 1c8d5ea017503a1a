// SPDX-License-Identifier: GPL-2.0-only
/* The file of `audit --write`: one line of a file that is there is edited, and nothing else; files of
 * others and traps are refused. */
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
#include "cure/audit_file.h"
#include "folder.h"
#include "portset.h"

#define KEY "net.ipv4.ip_local_reserved_ports"
#define FILE_NAME "50-mine.conf"
#define DROPIN "# new\n" KEY " = 8080\n"
#define NOBODY 65534

static char sentence[PC_CURE_SENTENCE];

/* Does what the audit does: the ports of the line and 8080 into the file. */
static int audit_file_write_into(const char *path)
{
	struct pc_audit_file f;
	uint64_t ports[PC_PORT_WORDS];
	int err = pc_audit_file_open(path, ".", "state", &f, sentence);

	if (err)
		return err;
	portset_of("8080", ports);
	for (int i = 0; i < PC_PORT_WORDS; i++)
		ports[i] |= f.edit.ports[i];
	err = pc_audit_file_write(&f, ports, DROPIN, sentence);
	pc_audit_file_close(&f);
	return err;
}

static void edits(const char *before, const char *after)
{
	folder_put(FILE_NAME, before);
	assert_int_equal(audit_file_write_into(FILE_NAME), 0);
	folder_expect(FILE_NAME, after);
	assert_int_equal(audit_file_write_into("./" FILE_NAME), 0);
	folder_expect(FILE_NAME, after);
}

static void new_file(void **state)
{
	(void)state;
	assert_int_equal(audit_file_write_into(FILE_NAME), 0);
	folder_expect(FILE_NAME, DROPIN);
}

static void one_line_is_edited(void **state)
{
	(void)state;
	edits("", DROPIN);
	edits("# mine\nvm.swappiness=1\n\n" KEY " = 80\n-net/ipv4/ip_forward = 1\n; end",
	      "# mine\nvm.swappiness=1\n\n" KEY " = 80,8080\n-net/ipv4/ip_forward = 1\n; end");
	edits("vm.swappiness = 1", "vm.swappiness = 1\n" DROPIN);
	edits("  -net/ipv4/ip_local_reserved_ports=9000-9002,80  \r\n-net.ipv4.conf.lo.rp_filter\n",
	      "  -net/ipv4/ip_local_reserved_ports=80,8080,9000-9002  \r\n-net.ipv4.conf.lo.rp_filter\n");
	edits(KEY "=\n", KEY "=8080\n");
	edits("# " KEY " = 1\n" KEY "= 90", "# " KEY " = 1\n" KEY "= 90,8080");
}

/* The last line is the one that holds (sysctl.d(5)). */
static void last_line_is_edited(void **state)
{
	(void)state;
	edits(KEY " = 1\n" KEY " = 80\nvm.swappiness = 1\n",
	      KEY " = 1\n" KEY " = 80,8080\nvm.swappiness = 1\n");
}

/* `portclash reserve --persist` knows its ports again after an audit wrote into its file. */
static void marks_of_reserve_stay(void **state)
{
	static const char text[] = "vm.swappiness = 1\n# portclash reserve: 9000\n"
				   "# portclash before: 30000-30010\n" KEY " = 9000,30000-30010\n";
	struct pc_dropin d;
	unsigned line;

	(void)state;
	edits(text, "vm.swappiness = 1\n# portclash reserve: 9000\n"
		    "# portclash before: 30000-30010\n" KEY " = 8080,9000,30000-30010\n");
	assert_int_equal(pc_dropin_parse("# portclash reserve: 9000\n" KEY " = 8080,9000\n",
					 strlen("# portclash reserve: 9000\n" KEY " = 8080,9000\n"),
					 &d, &line),
			 0);
	portset_expect(d.kept[PC_KEEPER_RESERVE], "9000");
	portset_expect(d.kept[PC_KEEPER_INVALID], "8080");
	pc_dropin_free(&d);
}

/* portclash's own file is edited under the lock of `reserve`, wherever its path is spelled from. */
static void own_file_is_locked(void **state)
{
	struct pc_keep other;
	struct pc_audit_file f;

	(void)state;
	if (geteuid())
		skip(); /* the record is root's */
	assert_int_equal(mkdir("etc", 0755) | mkdir("etc/sysctl.d", 0755), 0);
	assert_int_equal(pc_audit_file_open("etc/../etc/sysctl.d/" PC_DROPIN_NAME, ".", "state", &f,
					    sentence),
			 0);
	assert_true(f.locked);
	assert_int_equal(pc_keep_open("/proc", "state", 0, &other, sentence), -EBUSY);
	pc_audit_file_close(&f);
	assert_int_equal(pc_keep_open("/proc", "state", 0, &other, sentence), 0);
	pc_keep_close(&other);
	assert_int_equal(pc_audit_file_open(PC_DROPIN_NAME, ".", "state", &f, sentence), 0);
	assert_false(f.locked);
	pc_audit_file_close(&f);
}

static void audit_file_refuses(const char *before, int err, const char *said)
{
	folder_put(FILE_NAME, before);
	assert_int_equal(audit_file_write_into(FILE_NAME), err);
	assert_non_null(strstr(sentence, said));
	folder_expect(FILE_NAME, before);
}

static void files_of_others_are_refused(void **state)
{
	(void)state;
	audit_file_refuses("root:x:0:0:root:/root:/bin/sh\n", -ENOEXEC,
			   "line 1 does not belong in a sysctl.d file");
	audit_file_refuses("# fine\nPATH=/bin\n", -ENOEXEC, "line 2");
	audit_file_refuses("server.port = 80\n", -ENOEXEC, "line 1");
	audit_file_refuses("[Unit]\n", -ENOEXEC, "line 1");
	audit_file_refuses("net.ipv4\n", -ENOEXEC, "line 1");
	audit_file_refuses("network.x = 1\n", -ENOEXEC, "line 1");
	audit_file_refuses("vm.swappiness = 1\n" KEY " = 80;81\n", -EBADMSG,
			   "line 2 is not a list of ports");
	audit_file_refuses(KEY " = 70000\n", -EBADMSG, "line 1");
}

/* Text behind a NUL would be lost. */
static void binary_is_refused(void **state)
{
	static const char data[] = "# x\0vm.swappiness = 1\n";
	char back[sizeof(data)];
	FILE *file = fopen(FILE_NAME, "w");

	(void)state;
	fwrite(data, 1, sizeof(data), file);
	fclose(file);
	assert_int_equal(audit_file_write_into(FILE_NAME), -ENOEXEC);
	file = fopen(FILE_NAME, "r");
	assert_int_equal(fread(back, 1, sizeof(back), file), sizeof(data));
	fclose(file);
	assert_memory_equal(back, data, sizeof(data));
}

/* A user who may write to the folder leads root elsewhere: to another file, or to one that hangs. */
static void traps_are_refused(void **state)
{
	struct stat st;

	(void)state;
	folder_put("victim", "vm.swappiness = 1\n");
	assert_int_equal(symlink("victim", FILE_NAME), 0);
	assert_int_equal(audit_file_write_into(FILE_NAME), -ELOOP);
	assert_non_null(strstr(sentence, "symbolic link"));
	assert_int_equal(unlink(FILE_NAME) | symlink("nothing", FILE_NAME), 0);
	assert_int_equal(audit_file_write_into(FILE_NAME), -ELOOP);
	assert_int_equal(lstat("nothing", &st), -1);
	folder_expect("victim", "vm.swappiness = 1\n");
	assert_int_equal(unlink(FILE_NAME) | mkfifo(FILE_NAME, 0600), 0);
	assert_int_equal(audit_file_write_into(FILE_NAME), -EINVAL);
	assert_int_equal(unlink(FILE_NAME) | mkdir(FILE_NAME, 0755), 0);
	assert_int_equal(audit_file_write_into(FILE_NAME), -EINVAL);
}

static void owner_and_mode_stay(void **state)
{
	struct stat st;

	(void)state;
	folder_put(FILE_NAME, KEY " = 80\n");
	assert_int_equal(chmod(FILE_NAME, 0640), 0);
	if (!geteuid())
		assert_int_equal(chown(FILE_NAME, NOBODY, NOBODY), 0);
	assert_int_equal(audit_file_write_into(FILE_NAME), 0);
	assert_int_equal(stat(FILE_NAME, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_uid, geteuid() ? geteuid() : NOBODY);
	folder_expect(FILE_NAME, KEY " = 80,8080\n");
}

/* An editor saves the file between the audit's reading and its writing, in place or as a new file. */
static void changes_meanwhile_are_seen(void **state)
{
	uint64_t ports[PC_PORT_WORDS];
	struct pc_audit_file f;

	(void)state;
	portset_of("8080", ports);
	for (int turn = 0; turn < 3; turn++) {
		folder_put(FILE_NAME, "vm.swappiness = 1\n");
		assert_int_equal(pc_audit_file_open(FILE_NAME, ".", "state", &f, sentence), 0);
		folder_put(turn ? "new" : FILE_NAME, "vm.swappiness = 22\n");
		if (turn == 1)
			assert_int_equal(rename("new", FILE_NAME), 0);
		if (turn == 2)
			assert_int_equal(unlink(FILE_NAME), 0);
		assert_int_equal(pc_audit_file_write(&f, ports, DROPIN, sentence), -ESTALE);
		assert_non_null(strstr(sentence, "run the audit again"));
		pc_audit_file_close(&f);
		if (turn < 2)
			folder_expect(FILE_NAME, "vm.swappiness = 22\n");
		else
			assert_int_equal(access(FILE_NAME, F_OK), -1);
	}
}

int main(void)
{
#define AUDIT_FILE_TEST(f) cmocka_unit_test_setup_teardown(f, folder_enter, folder_leave)
	const struct CMUnitTest tests[] = {
		AUDIT_FILE_TEST(new_file),
		AUDIT_FILE_TEST(one_line_is_edited),
		AUDIT_FILE_TEST(last_line_is_edited),
		AUDIT_FILE_TEST(marks_of_reserve_stay),
		AUDIT_FILE_TEST(own_file_is_locked),
		AUDIT_FILE_TEST(files_of_others_are_refused),
		AUDIT_FILE_TEST(binary_is_refused),
		AUDIT_FILE_TEST(traps_are_refused),
		AUDIT_FILE_TEST(owner_and_mode_stay),
		AUDIT_FILE_TEST(changes_meanwhile_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
