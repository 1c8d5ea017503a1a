// SPDX-License-Identifier: GPL-2.0-only
/* The files of a log in their order, and the lines in them, plain, gzipped or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "folder.h"
#include "host/log_files.h"
#include "host/log_lines.h"
#include "host/when.h"

static void expect_files(const struct pc_log_files *files, const char *wanted)
{
	char all[512] = "";

	for (size_t i = 0; i < files->count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ", files->list[i].path);
	assert_string_equal(all, wanted);
}

/* An older file whose path is too long is not passed over without a word. */
static void test_a_path_is_too_long(void **state)
{
	struct pc_log_files files;
	char path[PATH_MAX] = "";
	size_t len = 0;

	(void)state;
	folder_put("e.jsonl", "x\n");
	folder_put("e.jsonl.10", "x\n");
	while (len + sizeof("e.jsonl") < sizeof(path) - 1) {
		memcpy(path + len, "./", 3);
		len += 2;
	}
	memcpy(path + len, "e.jsonl", sizeof("e.jsonl"));
	assert_int_equal(pc_log_files_find(&files, path), -ENAMETOOLONG);
	pc_log_files_free(&files);
	path[len - 100] = '\0';
	strcat(path, "e.jsonl");
	assert_int_equal(pc_log_files_find(&files, path), 0);
	assert_int_equal(files.count, 2);
	pc_log_files_free(&files);
}

static void test_the_oldest_comes_first(void **state)
{
	static const char *const names[] = {
		"e.jsonl",	 "e.jsonl.1",		"e.jsonl.2.gz",
		"e.jsonl.10.gz", "e.jsonl-20261129.gz", "e.jsonl-20261128",
		"e.jsonl.bak",	 "e.jsonl.1.orig",	"other.jsonl",
		"e.jsonl2",	 "e.jsonl-7",		".e.jsonl.1.tmp"
	};
	struct pc_log_files files;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		folder_put(names[i], "x\n");
	assert_int_equal(mkfifo("e.jsonl.3", 0600), 0);
	assert_int_equal(mkdir("e.jsonl.4", 0700), 0);
	assert_int_equal(link("e.jsonl.1", "e.jsonl.11"), 0);
	assert_int_equal(pc_log_files_find(&files, "e.jsonl"), 0);
	expect_files(
		&files,
		"./e.jsonl-20261128 ./e.jsonl-20261129.gz ./e.jsonl.10.gz ./e.jsonl.2.gz ./e.jsonl.1 ./e.jsonl ");
	assert_false(pc_log_files_several(&files));
	pc_log_files_free(&files);
	/* gzip is at work: it removes the plain file last. */
	folder_put("e.jsonl.1.gz", "half");
	assert_int_equal(pc_log_files_find(&files, "e.jsonl"), 0);
	assert_int_equal(files.count, 6);
	pc_log_files_free(&files);
	assert_int_equal(pc_log_files_find(&files, "none.jsonl"), -ENOENT);
	pc_log_files_free(&files);
	assert_int_equal(pc_log_files_find(&files, "no/folder.jsonl"), -ENOENT);
	pc_log_files_free(&files);
}

static void test_names_are_of_several_logs(void **state)
{
	struct pc_log_files files = { 0 };

	(void)state;
	assert_int_equal(pc_log_files_add(&files, "a/e.jsonl"), 0);
	assert_int_equal(pc_log_files_add(&files, "a/e.jsonl.2.gz"), 0);
	assert_int_equal(pc_log_files_add(&files, "a/e.jsonl.1"), 0);
	assert_false(pc_log_files_several(&files));
	assert_int_equal(pc_log_files_add(&files, "a/b.jsonl"), 0);
	assert_true(pc_log_files_several(&files));
	pc_log_files_sort(&files);
	expect_files(&files, "a/b.jsonl a/e.jsonl.2.gz a/e.jsonl.1 a/e.jsonl ");
	pc_log_files_free(&files);
}

struct seen {
	unsigned lines;
	size_t longest;
	char last[16];
};

static int see_line(void *context, const char *text, size_t len)
{
	struct seen *s = context;

	s->lines++;
	s->longest = len > s->longest ? len : s->longest;
	snprintf(s->last, sizeof(s->last), "%.*s", (int)(len < 15 ? len : 15), text);
	return !strncmp(s->last, "stop", 4) ? -ENOMEM : 0;
}

static struct seen see_file(const char *path, struct pc_log_lines *lines, int wanted)
{
	struct seen s = { 0 };

	assert_int_equal(pc_log_lines_read(pc_log_lines_open(path), see_line, &s, lines), wanted);
	return s;
}

static void test_lines(void **state)
{
	struct pc_log_lines lines;
	struct seen s;

	(void)state;
	folder_put("log", "one\n\n\r\ntwo\r\nthree");
	s = see_file("log", &lines, 0);
	assert_int_equal(s.lines, 3);
	assert_string_equal(s.last, "three");
	assert_true(lines.unfinished);
	folder_put("log", "one\nstop\nthree\n");
	s = see_file("log", &lines, -ENOMEM);
	assert_int_equal(s.lines, 2);
	folder_put("log", "");
	s = see_file("log", &lines, 0);
	assert_int_equal(s.lines, 0);
	assert_int_equal(pc_log_lines_open("."), -EISDIR);
	assert_int_equal(pc_log_lines_open("none"), -ENOENT);
}

static void put_gz(const char *path, const char *mode, size_t line, unsigned count)
{
	char *text = malloc(line + 1);
	gzFile f = gzopen(path, mode);

	assert_true(text && f);
	memset(text, 'a', line);
	text[line] = '\n';
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(gzwrite(f, text, (unsigned)line + 1), line + 1);
	assert_int_equal(gzclose(f), Z_OK);
	free(text);
}

/* Several members, as `cat *.gz` makes them; one cut short; one that is damaged in the middle. */
static void test_gzipped_lines(void **state)
{
	struct pc_log_lines lines;
	struct stat st;
	struct seen s;
	int fd;

	(void)state;
	put_gz("log.gz", "wb", 100, 5000);
	put_gz("log.gz", "ab", 100, 5000);
	s = see_file("log.gz", &lines, 0);
	assert_true(s.lines == 10000 && !lines.cut && !lines.unfinished);
	assert_int_equal(stat("log.gz", &st), 0);
	assert_int_equal(truncate("log.gz", st.st_size - 20), 0);
	s = see_file("log.gz", &lines, 0);
	assert_true(lines.cut && s.lines >= 5000 && s.lines < 10001);
	fd = open("log.gz", O_WRONLY);
	assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 40), 8);
	close(fd);
	s = see_file("log.gz", &lines, 0);
	assert_true(lines.cut && s.lines < 5001);
}

/* A line of a gigabyte, in a file of a megabyte: it is left out, and memory does not follow. */
static void test_a_bomb_takes_no_memory(void **state)
{
	struct rusage before, after;
	struct pc_log_lines lines;
	struct seen s;
	gzFile f;
	char *zeros = calloc(1, 1 << 20);

	(void)state;
	f = gzopen("bomb.gz", "wb9");
	assert_true(zeros && f);
	for (int i = 0; i < 256; i++)
		assert_int_equal(gzwrite(f, zeros, 1 << 20), 1 << 20);
	gzputs(f, "\nafter\n");
	assert_int_equal(gzclose(f), Z_OK);
	free(zeros);
	getrusage(RUSAGE_SELF, &before);
	s = see_file("bomb.gz", &lines, 0);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(s.lines, 1);
	assert_string_equal(s.last, "after");
	assert_int_equal(lines.too_long, 1);
	assert_true(lines.bytes > 256 << 20);
#ifndef __SANITIZE_ADDRESS__
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 32 << 10);
#endif
}

static void test_a_long_line_is_read_whole(void **state)
{
	struct pc_log_lines lines;
	struct seen s;

	(void)state;
	put_gz("long.gz", "wb", PC_LOG_LINE_MAX - 1, 2);
	s = see_file("long.gz", &lines, 0);
	assert_int_equal(s.longest, PC_LOG_LINE_MAX - 1);
	assert_int_equal(s.lines, 2);
	assert_int_equal(lines.too_long, 0);
}

/* 2026-11-30 14:30:00 in Berlin. */
#define NOW UINT64_C(1796045400000000000)
#define SECOND UINT64_C(1000000000)

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {
		{ "2026-11-30T13:30:00Z", 1796045400 },
		{ "2026-11-30 14:30:00", 1796045400 },
		{ "2026-11-30T14:30", 1796045400 },
		{ "2026-11-30", 1795993200 },
		{ "14:30", 1796045400 },
		{ "14:30:01", 1796045401 - 86400 },
		{ "00:54:33", 1795993200 + 54 * 60 + 33 },
		{ "today", 1795993200 },
		{ "yesterday", 1795993200 - 86400 },
		{ "-90m", 1796045400 - 5400 },
		{ "-1w", 1796045400 - 7 * 86400 },
		{ "now", 1796045400 },
		{ "2026-10-25 12:00", 1792926000 /* winter */ },
		{ "2026-07-01 12:00", 1782900000 },
	};
	static const char *const bad[] = { "",
					   "-",
					   "-1",
					   "-1y",
					   "--1h",
					   "1h",
					   "24:61",
					   "tomorrow",
					   "2026-11-30 14:30:00 x",
					   "2026",
					   "-99999999999999w" };
	uint64_t ns = 0;
	bool whole;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!pc_when_parse(good[i].text, NOW, &ns, &whole) ||
		    ns != good[i].seconds * SECOND)
			fail_msg("%s: %lu", good[i].text, (unsigned long)(ns / SECOND));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (pc_when_parse(bad[i], NOW, &ns, &whole))
			fail_msg("\"%s\" is no time", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_oldest_comes_first, folder_enter,
						folder_leave),
		cmocka_unit_test_setup_teardown(test_a_path_is_too_long, folder_enter, folder_leave),
		cmocka_unit_test(test_names_are_of_several_logs),
		cmocka_unit_test_setup_teardown(test_lines, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(test_gzipped_lines, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(test_a_bomb_takes_no_memory, folder_enter,
						folder_leave),
		cmocka_unit_test_setup_teardown(test_a_long_line_is_read_whole, folder_enter,
						folder_leave),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
