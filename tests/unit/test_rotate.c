// SPDX-License-Identifier: GPL-2.0-only
/* A log that may not grow: full files move up, the oldest goes, and no line is lost or torn by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/units.h"
#include "folder.h"
#include "out/log.h"

/* Room for three lines of "aa\n", and for the newline that may come before a line. */
#define CAP 10

static struct pc_log open_capped(unsigned keep)
{
	struct pc_log log = PC_LOG_INIT;

	assert_int_equal(pc_log_open(&log, "log"), 0);
	pc_log_cap(&log, &(struct pc_rotate){ .max_bytes = CAP, .keep = keep });
	return log;
}

static void write_lines(struct pc_log *log, const char *letters)
{
	for (; *letters; letters++)
		assert_int_equal(pc_log_line(log, (char[]){ *letters, *letters }, 2), 0);
}

static void test_full_files_move_up(void **state)
{
	struct pc_log log = open_capped(2);

	(void)state;
	write_lines(&log, "abc");
	folder_expect("log", "aa\nbb\ncc\n");
	write_lines(&log, "d");
	folder_expect("log.1", "aa\nbb\ncc\n");
	folder_expect("log", "dd\n");
	write_lines(&log, "efghij");
	folder_expect("log.2", "dd\nee\nff\n");
	folder_expect("log.1", "gg\nhh\nii\n");
	folder_expect("log", "jj\n");
	assert_int_equal(access("log.3", F_OK), -1);
	assert_int_equal(log.lost, 0);
	pc_log_close(&log);
}

static void test_none_is_kept(void **state)
{
	struct pc_log log = open_capped(0);

	(void)state;
	write_lines(&log, "abcd");
	folder_expect("log", "dd\n");
	assert_int_equal(access("log.1", F_OK), -1);
	pc_log_close(&log);
}

/* A log that was full before the agent started is moved by the first line. */
static void test_full_before(void **state)
{
	struct pc_log log;

	(void)state;
	folder_put("log", "0123456789abcdef\n");
	log = open_capped(1);
	write_lines(&log, "a");
	folder_expect("log.1", "0123456789abcdef\n");
	folder_expect("log", "aa\n");
	pc_log_close(&log);
}

static void test_longer_than_the_cap(void **state)
{
	struct pc_log log = open_capped(1);

	(void)state;
	write_lines(&log, "a");
	assert_int_equal(pc_log_line(&log, "0123456789", 10), -EFBIG);
	assert_int_equal(log.lost, 1);
	write_lines(&log, "b");
	folder_expect("log", "aa\nbb\n");
	pc_log_close(&log);
}

/* logrotate moved the file away and has not said so yet: its old files stay as they are. */
static void test_moved_by_somebody(void **state)
{
	struct pc_log log = open_capped(2);

	(void)state;
	write_lines(&log, "abc");
	assert_int_equal(rename("log", "theirs"), 0);
	folder_put("log.1", "old\n");
	write_lines(&log, "d");
	folder_expect("theirs", "aa\nbb\ncc\n");
	folder_expect("log.1", "old\n");
	assert_int_equal(access("log.2", F_OK), -1);
	folder_expect("log", "dd\n");
	pc_log_close(&log);
}

/* The files cannot be moved: the cap holds, and the lines are lost and counted. A directory in the place
 * of an old file stops root as well. */
static void test_cannot_be_moved(void **state)
{
	struct pc_log log = open_capped(1);

	(void)state;
	write_lines(&log, "abc");
	assert_int_equal(mkdir("log.1", 0700), 0);
	assert_int_equal(pc_log_line(&log, "dd", 2), -EISDIR);
	assert_int_equal(log.lost, 1);
	folder_expect("log", "aa\nbb\ncc\n");
	assert_int_equal(rmdir("log.1"), 0);
	write_lines(&log, "e");
	folder_expect("log", "ee\n");
	pc_log_close(&log);
}

/* The cap goes on after a reopening and a switch; without a cap nothing is moved. */
static void test_cap_stays(void **state)
{
	struct pc_log log = open_capped(1);

	(void)state;
	assert_int_equal(pc_log_reopen(&log), 0);
	write_lines(&log, "abcd");
	folder_expect("log", "dd\n");
	assert_int_equal(pc_log_switch(&log, "other"), 0);
	write_lines(&log, "abcd");
	folder_expect("other.1", "aa\nbb\ncc\n");
	pc_log_cap(&log, &(struct pc_rotate){ 0 });
	write_lines(&log, "efgh");
	folder_expect("other", "dd\nee\nff\ngg\nhh\n");
	pc_log_close(&log);
}

static void test_sizes(void **state)
{
	static const char *const bad[] = { "",
					   "M",
					   "-1",
					   "1.5M",
					   "1MB",
					   "1 M",
					   "0x10",
					   "1k",
					   "1T",
					   "99999999999999999999",
					   "99999999999G" };
	uint64_t bytes = 7;

	(void)state;
	assert_int_equal(pc_units_size("0", &bytes), 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(pc_units_size("65536", &bytes), 0);
	assert_int_equal(bytes, 65536);
	assert_int_equal(pc_units_size("64K", &bytes), 0);
	assert_int_equal(bytes, 65536);
	assert_int_equal(pc_units_size("3M", &bytes), 0);
	assert_int_equal(bytes, 3 << 20);
	assert_int_equal(pc_units_size("1G", &bytes), 0);
	assert_int_equal(bytes, 1 << 30);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pc_units_size(bad[i], &bytes), -EINVAL);
	assert_int_equal(bytes, 1 << 30);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_full_files_move_up, folder_enter,
						folder_leave),
		cmocka_unit_test_setup_teardown(test_none_is_kept, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(test_full_before, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(test_longer_than_the_cap, folder_enter,
						folder_leave),
		cmocka_unit_test_setup_teardown(test_moved_by_somebody, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(test_cannot_be_moved, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(test_cap_stays, folder_enter, folder_leave),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
