// SPDX-License-Identifier: GPL-2.0-only
/* The walk along a path: it finds what the kernel finds, never beyond its root, and says which users could
 * lead it elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "host/path_walk.h"

#define ALICE 4711
#define BOB 4712

static int walk(const char *path, struct pc_path_walk *out)
{
	int root = open(".", O_PATH | O_DIRECTORY), err;

	assert_true(root >= 0);
	err = pc_path_walk(root, path, out);
	close(root);
	return err;
}

static void expect_same(const char *path, const char *file)
{
	struct pc_path_walk w;
	struct stat st;

	assert_int_equal(walk(path, &w), 0);
	assert_int_equal(lstat(file, &st), 0);
	assert_int_equal(w.st.st_ino, st.st_ino);
	close(w.fd);
}

static void make(const char *folder)
{
	assert_int_equal(mkdir(folder, 0755), 0);
}

static void finds(void **state)
{
	struct pc_path_walk w;

	(void)state;
	make("a");
	make("a/b");
	folder_put("a/b/file", "x");
	assert_int_equal(symlink("/a/b", "absolute"), 0);
	assert_int_equal(symlink("../a/b", "a/up"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(symlink("file", "a/b/last"), 0);
	expect_same("/a/b/file", "a/b/file");
	expect_same("a//./b/../b/file", "a/b/file");
	expect_same("../../../a/b/file", "a/b/file");
	expect_same("/absolute/file", "a/b/file");
	expect_same("/a/up/file", "a/b/file");
	expect_same("/a/b/last", "a/b/last"); /* not followed */
	assert_int_equal(walk("/a/none", &w), -ENOENT);
	assert_int_equal(walk("/a/b/file/more", &w), -ENOTDIR);
	assert_int_equal(walk("/loop/file", &w), -ELOOP);
	assert_int_equal(walk("/", &w), -EISDIR);
}

/* No link leads out of the root, as none leads out of a container's. */
static void stays_inside(void **state)
{
	struct pc_path_walk w;

	(void)state;
	assert_int_equal(symlink("/etc", "etc"), 0);
	assert_int_equal(symlink("../../../../etc", "relative"), 0);
	assert_int_equal(walk("/etc/passwd", &w), -ELOOP);
	assert_int_equal(walk("/relative/passwd", &w), -ELOOP);
}

struct trust {
	uint32_t owner; /* of the folder "way" */
	mode_t mode;
	uint32_t inner; /* the owner of "way/in" */
	bool user_can;
	uint32_t user;
	bool others_can;
};

static void check_trust(const struct trust *t)
{
	struct pc_path_walk w;

	make("way");
	make("way/in");
	folder_put("way/in/file", "x");
	assert_int_equal(chown("way/in", t->inner, 0), 0);
	assert_int_equal(chown("way", t->owner, 50), 0);
	assert_int_equal(chmod("way", t->mode), 0);
	assert_int_equal(walk("/way/in/file", &w), 0);
	assert_int_equal(w.user_can, t->user_can);
	assert_int_equal(w.others_can, t->others_can);
	assert_int_equal(w.end_can, w.user_can || w.others_can || t->inner);
	if (w.user_can)
		assert_int_equal(w.user, t->user);
	close(w.fd);
	unlink("way/in/file");
	rmdir("way/in");
	rmdir("way");
}

static void trusts(void **state)
{
	static const struct trust all[] = {
		{ 0, 0755, 0, false, 0, false },
		{ 0, 0755, ALICE, false, 0, false }, /* may not rename it */
		{ ALICE, 0755, 0, true, ALICE, false },
		{ ALICE, 0700, ALICE, true, ALICE, false },
		{ 0, 01777, 0, false, 0, false },
		{ 0, 01777, ALICE, true, ALICE, false },
		{ BOB, 01777, ALICE, true, ALICE, true },
		{ 0, 0777, 0, false, 0, true },
		{ 0, 0775, 0, false, 0, true },
		{ ALICE, 0777, 0, true, ALICE, true },
	};

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chmod(".", 0755), 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check_trust(&all[i]);
}

/* The last component is not followed by rm, so that its owner can do no harm. */
static void last_is_free(void **state)
{
	struct pc_path_walk w;

	(void)state;
	if (geteuid())
		skip();
	make("tmp");
	assert_int_equal(chmod("tmp", 01777), 0);
	folder_put("tmp/file", "x");
	assert_int_equal(chown("tmp/file", ALICE, ALICE), 0);
	assert_int_equal(walk("/tmp/file", &w), 0);
	assert_false(w.user_can || w.others_can);
	close(w.fd);
}

/* A link that a user could have planted. */
static void planted_link(void **state)
{
	struct pc_path_walk w;

	(void)state;
	if (geteuid())
		skip();
	make("tmp");
	make("etc");
	folder_put("etc/shadow", "x");
	assert_int_equal(chmod("tmp", 01777), 0);
	assert_int_equal(symlink("/etc", "tmp/link"), 0);
	assert_int_equal(lchown("tmp/link", ALICE, ALICE), 0);
	assert_int_equal(walk("/tmp/link/shadow", &w), 0);
	assert_true(w.user_can);
	assert_int_equal(w.user, ALICE);
	assert_true(w.led);
	close(w.fd);
	/* The link is the file's owner's, or root's. */
	assert_int_equal(chown("etc/shadow", ALICE, ALICE), 0);
	assert_int_equal(walk("/tmp/link/shadow", &w), 0);
	assert_false(w.led);
	close(w.fd);
	assert_int_equal(lchown("tmp/link", 0, 0), 0);
	assert_int_equal(chown("etc/shadow", 0, 0), 0);
	assert_int_equal(walk("/tmp/link/shadow", &w), 0);
	assert_false(w.led);
	close(w.fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(stays_inside, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(trusts, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(last_is_free, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(planted_link, folder_enter, folder_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
