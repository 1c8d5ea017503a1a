// SPDX-License-Identifier: GPL-2.0-only
/* Filters by the process that was refused: their words, whom they mean, and what no user can hide by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/process/whose.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct pc_whose_filter only(enum pc_whose_kind kind, const char *text)
{
	struct pc_whose_filter f = { .ignore = { .count = 0 } };

	assert_int_equal(pc_whose_add(&f.only[kind], kind, text), 0);
	return f;
}

static struct pc_whose_filter ignoring(const char *text)
{
	struct pc_whose_filter f = { .ignore = { .count = 0 } };

	assert_int_equal(pc_whose_add(&f.ignore, PC_WHOSE_ANY, text), 0);
	return f;
}

static bool passes(struct pc_whose_filter f, const struct pc_identity *who)
{
	return pc_whose_passes(&f, who, 1000, &(struct pc_whose_netns){ 4026, 99 });
}

static const struct pc_identity web = { .cgroup = "/x", .unit = "web.service" };
static const struct pc_identity faked = {
	.cgroup = "/x", .unit = "user@1000.service", .inner_unit = "web.service", .below_user = true
};
static const struct pc_identity pod = {
	.cgroup = "/x",
	.container = ID,
	.container_word = PC_WORD_SYSTEM,
	.given = { .container = "app", .pod = "web-1", .pod_namespace = "shop" },
};

static void users_and_namespaces(void **state)
{
	struct pc_whose_filter unresolved = only(PC_WHOSE_NETNS, "blue");

	(void)state;
	assert_true(passes((struct pc_whose_filter){ .ignore = { .count = 0 } }, NULL));
	assert_true(passes(only(PC_WHOSE_UID, "7,1000"), &web));
	assert_false(passes(only(PC_WHOSE_UID, "7, 100"), &web));
	assert_false(passes(ignoring("uid:1000"), &web));
	assert_true(passes(ignoring("uid:7"), &web));
	assert_true(passes(only(PC_WHOSE_NETNS, "4026"), &web));
	assert_false(passes(only(PC_WHOSE_NETNS, "4027"), &web));
	assert_false(passes(ignoring("uid:7,netns:4026"), &web));
	assert_false(passes(unresolved, &web));
	unresolved.only[PC_WHOSE_NETNS].words[0].number = 4026;
	assert_true(passes(unresolved, &web));
}

static void units_are_meant(void **state)
{
	(void)state;
	assert_true(passes(only(PC_WHOSE_UNIT, "web"), &web));
	assert_true(passes(only(PC_WHOSE_UNIT, "db.service,w?b.service"), &web));
	assert_true(passes(only(PC_WHOSE_UNIT, "w*"), &web));
	assert_false(passes(only(PC_WHOSE_UNIT, "web.socket"), &web));
	assert_false(passes(only(PC_WHOSE_UNIT, "web"), &pod));
	/* A process that could not be identified passes: better one too many than one too few. */
	assert_true(passes(only(PC_WHOSE_UNIT, "web"), NULL));
	assert_true(passes(ignoring("unit:web"), NULL));
	assert_false(passes(ignoring("unit:web"), &web));
}

static void containers_are_meant(void **state)
{
	struct pc_identity by_user = pod;

	(void)state;
	assert_true(passes(only(PC_WHOSE_CONTAINER, "0123456789ab"), &pod));
	assert_true(passes(only(PC_WHOSE_CONTAINER, "app"), &pod));
	assert_true(passes(only(PC_WHOSE_CONTAINER, "shop/web-*"), &pod));
	assert_false(passes(only(PC_WHOSE_CONTAINER, "0123"), &pod));
	assert_false(passes(only(PC_WHOSE_CONTAINER, "bank/web-*"), &pod));
	assert_false(passes(only(PC_WHOSE_CONTAINER, "app"), &web));
	assert_false(passes(ignoring("container:a*"), &pod));
	by_user.container_word = PC_WORD_USER;
	assert_true(passes(only(PC_WHOSE_CONTAINER, "app"), &by_user));
	assert_true(passes(ignoring("container:a*"), &by_user));
}

/* Nothing is hidden because it could not be looked at. */
static void unknown_passes(void **state)
{
	const struct pc_identity lost = { .comm = "short" }, root = { .cgroup = "/" };
	struct pc_identity nameless = pod, machine = pod;

	(void)state;
	assert_true(passes(only(PC_WHOSE_UNIT, "web"), &lost));
	assert_true(passes(only(PC_WHOSE_CONTAINER, "app"), &lost));
	assert_true(passes(ignoring("unit:*,container:*"), &lost));
	assert_false(passes(only(PC_WHOSE_UNIT, "web"), &root));
	assert_false(passes(only(PC_WHOSE_CONTAINER, "app"), &root));
	memset(&nameless.given, 0, sizeof(nameless.given));
	assert_true(passes(only(PC_WHOSE_CONTAINER, "app"), &nameless));
	assert_true(passes(only(PC_WHOSE_CONTAINER, "shop/web-1"), &nameless));
	assert_true(passes(ignoring("container:app"), &nameless));
	assert_false(passes(only(PC_WHOSE_CONTAINER, "abcdefabcdef"), &nameless));
	nameless.given.container = (char *)"db";
	assert_false(passes(only(PC_WHOSE_CONTAINER, "app"), &nameless));
	assert_false(passes(only(PC_WHOSE_CONTAINER, "shop/web-1"), &nameless));
	memset(&machine.given, 0, sizeof(machine.given));
	machine.container = (char *)"web";
	assert_true(passes(only(PC_WHOSE_CONTAINER, "web"), &machine));
	assert_false(passes(only(PC_WHOSE_CONTAINER, "app"), &machine));
	assert_false(passes(ignoring("container:web"), &machine));
}

/* A user may call a unit of his own as he likes: nothing of his is ignored for it. */
static void nobody_hides(void **state)
{
	(void)state;
	assert_true(passes(ignoring("unit:web.service"), &faked));
	assert_true(passes(only(PC_WHOSE_UNIT, "web.service"), &faked));
	assert_false(passes(ignoring("unit:user@1000.service"), &faked));
}

static void all_lists_must_agree(void **state)
{
	struct pc_whose_filter f = only(PC_WHOSE_UNIT, "web");

	(void)state;
	assert_int_equal(pc_whose_add(&f.only[PC_WHOSE_UID], PC_WHOSE_UID, "1000"), 0);
	assert_true(passes(f, &web));
	assert_int_equal(pc_whose_add(&f.only[PC_WHOSE_NETNS], PC_WHOSE_NETNS, "1"), 0);
	assert_false(passes(f, &web));
}

static void wrong_words(void **state)
{
	static const char *const texts[] = { "",
					     ",",
					     "unit:",
					     "web.service",
					     "uid:x",
					     "uid:-1",
					     "uid:4294967295",
					     "unit:a,",
					     "unit:a,,unit:b",
					     "port:80" };
	char longest[3 * PC_WHOSE_NAME];
	struct pc_whose list, before;

	(void)state;
	memset(&list, 0, sizeof(list));
	assert_int_equal(pc_whose_add(&list, PC_WHOSE_ANY, "uid:1"), 0);
	before = list;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(pc_whose_add(&list, PC_WHOSE_ANY, texts[i]), -EINVAL);
		assert_memory_equal(&list, &before, sizeof(list));
	}
	memset(longest, 'a', sizeof(longest));
	for (size_t len = PC_WHOSE_NAME - 8; len < sizeof(longest); len++) {
		longest[len] = '\0';
		assert_int_equal(pc_whose_add(&list, PC_WHOSE_UNIT, longest), -EINVAL);
		longest[len] = 'a';
	}
	for (unsigned i = 1; i < PC_WHOSE_WORDS_MAX; i++)
		assert_int_equal(pc_whose_add(&list, PC_WHOSE_UID, "7"), 0);
	assert_int_equal(pc_whose_add(&list, PC_WHOSE_UID, "7"), -EINVAL);
}

/* Another namespace has the inode number of the one that was meant, which is gone. */
static void an_inode_is_used_again(void **state)
{
	struct pc_whose_filter f = only(PC_WHOSE_NETNS, "4026"), ignore = ignoring("netns:4026");

	(void)state;
	f.only[PC_WHOSE_NETNS].words[0].cookie = ignore.ignore.words[0].cookie = 98;
	assert_false(passes(f, &web));
	assert_true(passes(ignore, &web));
	f.only[PC_WHOSE_NETNS].words[0].cookie = ignore.ignore.words[0].cookie = 99;
	assert_true(passes(f, &web));
	assert_false(passes(ignore, &web));
	/* A claim has no cookie of its namespace: the inode decides. */
	f.only[PC_WHOSE_NETNS].words[0].cookie = 98;
	assert_true(pc_whose_passes(&f, &web, 1000, &(struct pc_whose_netns){ .inode = 4026 }));
}

/* The agent looks names up again at each reload, and without its privileges it learns no cookie then. */
static void same_list(void **state)
{
	struct pc_whose_filter a = only(PC_WHOSE_NETNS, "4026"), b = only(PC_WHOSE_NETNS, "4026");
	struct pc_whose *x = &a.only[PC_WHOSE_NETNS], *y = &b.only[PC_WHOSE_NETNS];

	(void)state;
	assert_true(pc_whose_same(x, y));
	x->words[0].cookie = 98;
	assert_true(pc_whose_same(x, y));
	y->words[0].cookie = 99;
	assert_false(pc_whose_same(x, y));
	y->words[0].cookie = 98;
	y->words[0].number++;
	assert_false(pc_whose_same(x, y));
	y->words[0].number--;
	assert_int_equal(pc_whose_add(y, PC_WHOSE_NETNS, "4027"), 0);
	assert_false(pc_whose_same(x, y));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_and_namespaces),
		cmocka_unit_test(an_inode_is_used_again),
		cmocka_unit_test(same_list),
		cmocka_unit_test(units_are_meant),
		cmocka_unit_test(containers_are_meant),
		cmocka_unit_test(unknown_passes),
		cmocka_unit_test(nobody_hides),
		cmocka_unit_test(all_lists_must_agree),
		cmocka_unit_test(wrong_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
