// SPDX-License-Identifier: GPL-2.0-only
/* The names in a cgroup path, in a made-up hierarchy: below a folder of a user they are the word of that user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/process/identity.h"
#include "folder.h"
#include "host/group_word.h"

#define HEX16 "0123456789abcdef"
#define ID HEX16 HEX16 HEX16 HEX16
#define DOCKER "docker-" ID ".scope"
#define POD "kubepods/pod1b4e28ba-2fa1-11d2-883f-0016d3cca427"

static bool is_roots(const char *path)
{
	struct pc_identity who = { .cgroup = strdup(path) };
	bool is;

	assert_int_equal(pc_identity_name_cgroup(&who), 0);
	is = pc_group_is_roots_word("cgroup", &who);
	pc_identity_free(&who);
	return is;
}

static enum pc_word word_of(const char *path)
{
	struct pc_identity who = { .cgroup = strdup(path) };
	enum pc_word word;

	assert_int_equal(pc_identity_name_cgroup(&who), 0);
	pc_group_judge_word("cgroup", &who);
	word = who.container_word;
	pc_identity_free(&who);
	return word;
}

static void make_hierarchy(void)
{
	static const char *const folders[] = {
		"cgroup",	    "cgroup/a",
		"cgroup/a/mine",    "cgroup/a/mine/deep",
		"cgroup/a/" DOCKER, "cgroup/a/mine/web.service",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdir(folders[i], 0755), 0);
}

static void below_a_users_folder(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	make_hierarchy();
	assert_true(is_roots("/a/mine/web.service"));
	assert_int_equal(chown("cgroup/a/mine", 1000, 1000), 0);
	assert_false(is_roots("/a/mine/web.service"));
	assert_false(is_roots("/a/mine/deep/web.service/more"));
	assert_false(is_roots("/a/mine/" DOCKER));
	assert_false(is_roots("/a/mine/docker/" ID));
	assert_false(is_roots("/a/mine/" POD));
	assert_true(is_roots("/a/other/web.service"));
	assert_true(is_roots("/a/mine"));
	assert_true(is_roots("/../a/other/web.service"));
	assert_int_equal(word_of("/a/mine/" DOCKER), PC_WORD_UNIT);
	assert_int_equal(word_of("/a/" DOCKER), PC_WORD_SYSTEM);
	assert_int_equal(word_of("/a/mine/user@1000.service/" DOCKER), PC_WORD_USER);
}

/* A unit or a container may own its group: that is below the folder which has its name. */
static void owner_of_the_group_itself(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	make_hierarchy();
	assert_int_equal(chown("cgroup/a/" DOCKER, 1000, 1000), 0);
	assert_int_equal(chown("cgroup/a/mine/web.service", 1000, 1000), 0);
	assert_true(is_roots("/a/" DOCKER));
	assert_true(is_roots("/a/" DOCKER "/system.slice/web.service"));
	assert_true(is_roots("/a/mine/web.service/" DOCKER));
}

static void whoever_may_write(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	make_hierarchy();
	assert_int_equal(chmod("cgroup/a", 0757), 0);
	assert_false(is_roots("/a/web.service"));
	assert_int_equal(chmod("cgroup/a", 0775), 0);
	assert_true(is_roots("/a/web.service"));
	assert_int_equal(chown("cgroup/a", 0, 1000), 0);
	assert_false(is_roots("/a/web.service"));
}

/* The path can be one of version 1. */
static void in_each_hierarchy(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	make_hierarchy();
	assert_int_equal(mkdir("cgroup/pids", 0755), 0);
	assert_int_equal(mkdir("cgroup/pids/a", 0755), 0);
	assert_true(is_roots("/a/" DOCKER));
	assert_int_equal(chown("cgroup/pids/a", 1000, 1000), 0);
	assert_false(is_roots("/a/" DOCKER));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(below_a_users_folder),
		IN_FOLDER(owner_of_the_group_itself),
		IN_FOLDER(whoever_may_write),
		IN_FOLDER(in_each_hierarchy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
