// SPDX-License-Identifier: GPL-2.0-only
/* Reserving with a record of it, on the running kernel in a network namespace of the test's own: what
 * somebody else has reserved stays, and a record that is of no use does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cure/keep.h"
#include "folder.h"
#include "portset.h"

#define LIST "/proc/sys/net/ipv4/ip_local_reserved_ports"

static void keep_begin(struct pc_keep *k, struct pc_reserved *r)
{
	char sentence[PC_CURE_SENTENCE] = "";

	portset_open(r);
	assert_int_equal(pc_keep_open("/proc", "run", 0, k, sentence), 0);
	assert_string_equal(sentence, "");
}

static void keep_end(struct pc_keep *k, struct pc_reserved *r)
{
	pc_keep_close(k);
	pc_reserved_close(r);
}

static void keep_of_keep(struct pc_keep *k, const struct pc_reserved *r, enum pc_keeper keeper,
			 const char *list, struct pc_keep_change *c)
{
	char sentence[PC_CURE_SENTENCE] = "";
	uint64_t set[PC_PORT_WORDS];

	portset_of(list, set);
	assert_int_equal(pc_keep_add(k, r, keeper, set, c, sentence), 0);
}

static void give_up(struct pc_keep *k, const struct pc_reserved *r, enum pc_keeper keeper,
		    const char *list, bool force, struct pc_keep_change *c)
{
	char sentence[PC_CURE_SENTENCE] = "";
	uint64_t set[PC_PORT_WORDS];

	portset_of(list, set);
	assert_int_equal(pc_keep_remove(k, r, keeper, set, NULL, force, c, sentence), 0);
}

/* Ports that somebody else has reserved stay, in all orders. */
static void only_own_are_removed(void **state)
{
	struct pc_keep_change c;
	struct pc_reserved r;
	struct pc_keep k;

	(void)state;
	keep_begin(&k, &r);
	portset_reserve(&r, "22,100");
	keep_of_keep(&k, &r, PC_KEEPER_RESERVE, "100,200", &c);
	portset_expect(c.before, "22,100");
	portset_expect(c.changed, "200");
	portset_expect(c.others, "100");
	portset_expect(c.after, "22,100,200");
	keep_end(&k, &r);
	keep_begin(&k, &r);
	keep_of_keep(&k, &r, PC_KEEPER_GUARD, "200,300", &c);
	portset_expect(c.changed, "300");
	portset_expect(c.others, "");
	give_up(&k, &r, PC_KEEPER_RESERVE, "0-65535", false, &c);
	portset_expect(c.changed, "");
	portset_expect(c.shared, "200");
	portset_expect(c.others, "22,100,300");
	give_up(&k, &r, PC_KEEPER_GUARD, "0-65535", false, &c);
	portset_expect(c.changed, "200,300");
	portset_expect(c.after, "22,100");
	give_up(&k, &r, PC_KEEPER_RESERVE, "100", true, &c);
	portset_expect(c.changed, "100");
	portset_expect(c.after, "22");
	keep_end(&k, &r);
}

/* `sysctl -w` has wiped it, and an administrator reserves it: it is the administrator's now. */
static void wiped_is_not_own(void **state)
{
	struct pc_keep_change c;
	struct pc_reserved r;
	struct pc_keep k;

	(void)state;
	keep_begin(&k, &r);
	keep_of_keep(&k, &r, PC_KEEPER_RESERVE, "100,200", &c);
	portset_unreserve(&r, "200");
	give_up(&k, &r, PC_KEEPER_RESERVE, "300", false, &c);
	assert_int_equal(c.forgotten, 1);
	keep_end(&k, &r);
	keep_begin(&k, &r);
	portset_reserve(&r, "200");
	give_up(&k, &r, PC_KEEPER_RESERVE, "100,200", false, &c);
	portset_expect(c.changed, "100");
	portset_expect(c.others, "200");
	portset_expect(c.after, "200");
	keep_end(&k, &r);
}

static void wanted_by_a_file_stays(void **state)
{
	char sentence[PC_CURE_SENTENCE] = "";
	uint64_t set[PC_PORT_WORDS], wanted[PC_PORT_WORDS];
	struct pc_keep_change c;
	struct pc_reserved r;
	struct pc_keep k;

	(void)state;
	keep_begin(&k, &r);
	keep_of_keep(&k, &r, PC_KEEPER_RESERVE, "100,200", &c);
	portset_of("100,200", set);
	portset_of("200", wanted);
	assert_int_equal(pc_keep_plan_remove(&k, &r, PC_KEEPER_RESERVE, set, wanted, false, &c), 0);
	portset_expect(c.changed, "100");
	portset_expect(c.shared, "200");
	portset_expect_reserved(&r, "100,200");
	assert_int_equal(
		pc_keep_remove(&k, &r, PC_KEEPER_RESERVE, set, wanted, false, &c, sentence), 0);
	portset_expect(c.after, "200");
	keep_end(&k, &r);
}

static void expect_lost(const char *word)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_keep k;

	assert_int_equal(pc_keep_open("/proc", "run", 0, &k, sentence), 0);
	if (!strstr(k.lost, word))
		fail_msg("expected \"%s\" in \"%s\"", word, k.lost);
	assert_int_equal(k.record.count, 0);
	pc_keep_close(&k);
}

static void damaged_record(void **state)
{
	struct pc_keep_change c;
	struct pc_reserved r;
	struct pc_keep k;

	(void)state;
	keep_begin(&k, &r);
	keep_of_keep(&k, &r, PC_KEEPER_RESERVE, "100", &c);
	keep_end(&k, &r);
	folder_put("run/reserved", "portclash-reserved 1\nboot x\n");
	expect_lost("damaged");
	folder_expect("run/reserved.damaged", "portclash-reserved 1\nboot x\n");
	keep_begin(&k, &r);
	give_up(&k, &r, PC_KEEPER_RESERVE, "100", false, &c);
	portset_expect(c.others, "100");
	keep_end(&k, &r);
}

/* The file that a link leads to is neither read nor written, the lock's neither made nor locked. */
static void links_are_not_followed(void **state)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_keep_change c;
	struct pc_reserved r;
	struct pc_keep k;

	(void)state;
	folder_put("elsewhere", "mine\n");
	assert_int_equal(mkdir("run", 0755), 0);
	assert_int_equal(symlink("../elsewhere", "run/reserved"), 0);
	expect_lost("damaged");
	keep_begin(&k, &r);
	keep_of_keep(&k, &r, PC_KEEPER_RESERVE, "100", &c);
	keep_end(&k, &r);
	folder_expect("elsewhere", "mine\n");
	assert_int_equal(unlink("run/reserved.lock"), 0);
	assert_int_equal(symlink("../elsewhere", "run/reserved.lock"), 0);
	assert_int_equal(pc_keep_open("/proc", "run", 0, &k, sentence), -ELOOP);
	assert_int_equal(symlink("run", "link"), 0);
	assert_int_equal(pc_keep_open("/proc", "link", 0, &k, sentence), -ENOTDIR);
	assert_int_equal(chmod("run", 0777), 0);
	assert_int_equal(pc_keep_open("/proc", "run", 0, &k, sentence), -ENOTDIR);
	folder_expect("elsewhere", "mine\n");
}

static void locked_by_another(void **state)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_keep k, look;
	struct pc_reserved r;

	(void)state;
	keep_begin(&k, &r);
	assert_int_equal(pc_keep_look("/proc", "run", &look, sentence), 0);
	pc_keep_close(&look);
	assert_int_equal(pc_keep_open("/proc", "run", 0, &look, sentence), -EBUSY);
	assert_non_null(strstr(sentence, "another portclash"));
	keep_end(&k, &r);
	keep_begin(&k, &r);
	keep_end(&k, &r);
}

/* Nothing is in the list that is not on record: neither is changed. */
static void record_cannot_be_written(void **state)
{
	char sentence[PC_CURE_SENTENCE] = "";
	uint64_t set[PC_PORT_WORDS];
	struct pc_keep_change c;
	struct pc_reserved r;
	struct pc_keep k;

	(void)state;
	keep_begin(&k, &r);
	assert_int_equal(mkdir("run/reserved", 0755), 0);
	portset_of("100", set);
	assert_int_equal(pc_keep_add(&k, &r, PC_KEEPER_RESERVE, set, &c, sentence), -EISDIR);
	assert_non_null(strstr(sentence, "run/reserved cannot be written"));
	portset_expect_reserved(&r, "");
	assert_int_equal(k.record.count, 0);
	keep_end(&k, &r);
}

/* The kernel refuses: the record is as before. */
static void list_cannot_be_written(void **state)
{
	char sentence[PC_CURE_SENTENCE] = "";
	uint64_t set[PC_PORT_WORDS];
	struct pc_keep_change c;
	struct pc_reserved r;
	struct pc_keep k;

	(void)state;
	keep_begin(&k, &r);
	r.cannot_write = -EROFS;
	portset_of("100", set);
	assert_int_equal(pc_keep_add(&k, &r, PC_KEEPER_RESERVE, set, &c, sentence), -EROFS);
	assert_non_null(strstr(sentence, "read-only"));
	assert_int_equal(access("run/reserved", F_OK), -1);
	r.cannot_write = 0;
	assert_int_equal(dup3(open(LIST, O_RDONLY | O_CLOEXEC), r.fd, O_CLOEXEC), r.fd);
	assert_int_equal(pc_keep_add(&k, &r, PC_KEEPER_RESERVE, set, &c, sentence), -EBADF);
	assert_int_equal(k.record.count, 0);
	keep_end(&k, &r);
	keep_begin(&k, &r);
	assert_int_equal(k.record.count, 0);
	keep_end(&k, &r);
}

#define IN_SPACE(test) cmocka_unit_test_setup_teardown(test, portset_enter_space, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SPACE(only_own_are_removed),	    IN_SPACE(wiped_is_not_own),
		IN_SPACE(wanted_by_a_file_stays),   IN_SPACE(damaged_record),
		IN_SPACE(links_are_not_followed),   IN_SPACE(locked_by_another),
		IN_SPACE(record_cannot_be_written), IN_SPACE(list_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
