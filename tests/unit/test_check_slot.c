// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the slots of the checks under way (bpf/check_slot.bpf.h). The kernel can preempt `late_one` between its look
 * at a note and the drop; the thread may have ended that note and made its next one meanwhile. Each note is dropped
 * once, and `late_one` drops none but the one it looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "portclash/record.h"
#include "kernel_side.h"

/* The maps and helpers of the kernel side, as the test has them. */
#define PORTCLASH_ARCH_BPF_H
#define STORES_IN_ORDER true
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value *name
#define SEC(name)
#define BPF_ANY 0
#define BPF_MAP_TYPE_HASH 1
#define work_here() (&work)

#define ID 7
#define OTHER (ID + PC_CHECK_SLOTS) /* has the same slot, as THIRD has */
#define THIRD (ID + 2 * PC_CHECK_SLOTS)
#define NOTES 100000

struct net;
struct sock;

static struct pc_cpu_work work;
static struct check nothing;

static void *bpf_map_lookup_elem(void *map, const void *key);
static long bpf_map_update_elem(void *map, const void *key, const void *value, uint64_t flags);
static long bpf_map_delete_elem(void *map, const void *key);
extern __u64 check_ids[PC_CHECK_SLOTS];

#include "../../bpf/check_slot.bpf.h"

/* The map has an entry for each of the two ids. As in the kernel's, an entry is found only when all of it is written:
 * whoever looks takes no lock. */
static struct {
	pthread_mutex_t lock;
	atomic_bool used[2];
	struct check entries[2];
} spare = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Another thread does this between the comparison with an entry and its drop; NULL: nothing. */
static void (*before_drop)(void);

static unsigned spare_of(const void *key)
{
	return *(const uint64_t *)key == OTHER;
}

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	(void)map;
	return spare.used[spare_of(key)] ? &spare.entries[spare_of(key)] : NULL;
}

static long bpf_map_update_elem(void *map, const void *key, const void *value, uint64_t flags)
{
	(void)map;
	(void)flags;
	pthread_mutex_lock(&spare.lock);
	memcpy(&spare.entries[spare_of(key)], value, sizeof(struct check));
	spare.used[spare_of(key)] = true;
	pthread_mutex_unlock(&spare.lock);
	return 0;
}

static long bpf_map_delete_elem(void *map, const void *key)
{
	bool somebody = *(const uint64_t *)key, had;
	void (*before)(void) = before_drop;
	unsigned i = spare_of(key);

	(void)map;
	if (before && somebody) {
		before_drop = NULL;
		before();
	}
	pthread_mutex_lock(&spare.lock);
	had = somebody && spare.used[i];
	if (somebody)
		spare.used[i] = false;
	pthread_mutex_unlock(&spare.lock);
	return had ? 0 : -1;
}

static const struct net *const some_net = (const struct net *)&work;

static struct check *note_at(uint64_t id, uint64_t time_ns)
{
	struct check *check = check_make(id);

	assert_non_null(check);
	check->note.time_ns = time_ns;
	check->note.net = some_net;
	return check;
}

static void slot_is_free(void)
{
	assert_int_equal(check_slots[ID].users, 0);
	assert_int_equal(check_slots[ID].takers, 0);
	assert_int_equal(check_slots[ID].taken, 0);
	assert_int_equal(check_ids[ID], 0);
}

static void test_check_slot_old_note(void **state)
{
	(void)state;
	note_at(ID, 1);
	assert_true(check_drop_of(ID, 1));
	assert_null(check_find(ID));
	assert_false(check_drop(ID));
	slot_is_free();
}

/* The thread has ended the note that was looked at, and made the next one. */
static void test_check_slot_next_note(void **state)
{
	(void)state;
	note_at(ID, 1);
	assert_true(check_drop(ID));
	note_at(ID, 2);
	assert_false(check_drop_of(ID, 1));
	assert_true(check_drop(ID));
	slot_is_free();
}

/* A note that nobody has told yet stays, and the thread's next one is in the map. */
static void test_check_slot_left_note(void **state)
{
	(void)state;
	note_at(ID, 1);
	note_at(ID, 2);
	assert_int_equal(check_find(ID)->note.time_ns, 2);
	assert_true(check_drop_of(ID, 1));
	assert_int_equal(check_find(ID)->note.time_ns, 2);
	assert_true(check_drop(ID));
	assert_null(check_find(ID));
	slot_is_free();
}

static void test_check_slot_exit_at_work(void **state)
{
	(void)state;
	note_at(ID, 1)->note.leaving = 1;
	assert_false(check_drop_of(ID, 1));
	assert_true(check_drop(ID));
	slot_is_free();
}

static void test_check_slot_next_in_map(void **state)
{
	(void)state;
	note_at(ID, 1);
	note_at(OTHER, 1);
	assert_true(check_drop(OTHER));
	note_at(OTHER, 2);
	assert_false(check_drop_of(OTHER, 1));
	assert_true(check_drop_of(OTHER, 2));
	assert_true(check_drop(ID));
	slot_is_free();
}

/* The thread ends the note that was looked at, and begins its next bind(). */
static void next_bind(void)
{
	assert_true(check_drop(OTHER));
	assert_null(check_make(OTHER));
}

/* The next bind() has no note, rather than one that is dropped in place of the last one. */
static void test_check_slot_next_while_dropped(void **state)
{
	(void)state;
	note_at(ID, 1);
	note_at(OTHER, 1);
	before_drop = next_bind;
	assert_false(check_drop_of(OTHER, 1));
	assert_null(check_find(OTHER));
	note_at(OTHER, 3);
	assert_int_equal(check_find(OTHER)->note.time_ns, 3);
	assert_true(check_drop(OTHER));
	assert_true(check_drop(ID));
	slot_is_free();
}

/* While `late_one` is at work on another thread, this one has its notes. */
static void other_bind(void)
{
	note_at(OTHER, 2);
}

static void test_check_slot_other_while_dropped(void **state)
{
	(void)state;
	note_at(THIRD, 1);
	note_at(ID, 1);
	before_drop = other_bind;
	assert_true(check_drop_of(ID, 1));
	assert_int_equal(check_find(OTHER)->note.time_ns, 2);
	assert_true(check_drop(OTHER));
	assert_true(check_drop(THIRD));
	slot_is_free();
}

static atomic_uchar told[NOTES + 1];
static atomic_uint late_count, without_note;
static atomic_bool thread_is_over;

/* Tells the notes that are left, as the program before a bind() does. */
static bool tell_left(void)
{
	struct check *left = check_find(ID);
	uint64_t time_ns = left && left->note.net ? left->note.time_ns : 0;

	if (time_ns && check_drop_own(ID, time_ns))
		atomic_fetch_add(&told[time_ns], 1);
	return time_ns;
}

static void tell_last(void)
{
	if (tell_left())
		tell_left();
}

/* Makes the note of bind() number `n`. Without one, the exit of that bind() tells. */
static void thread_note(uint64_t n)
{
	struct check *check = check_make(ID);

	if (!check) {
		atomic_fetch_add(&told[n], 1);
		atomic_fetch_add(&without_note, 1);
		return;
	}
	check->note.time_ns = n;
	check->note.net = some_net;
}

static void *thread_binds(void *unused)
{
	for (uint64_t n = 1; n <= NOTES; n++) {
		tell_last();
		thread_note(n);
		if (n % 64 == 0)
			sched_yield();
		/* The exit of every other bind() is left out. */
		if (n % 2)
			tell_last();
	}
	tell_last();
	atomic_store(&thread_is_over, true);
	return unused;
}

static void *late_looks(void *unused)
{
	for (unsigned n = 0; !atomic_load(&thread_is_over); n++) {
		struct check *check = check_find(ID);
		uint64_t time_ns = check ? *(volatile __u64 *)&check->note.time_ns : 0;

		if (!time_ns || !*(const struct net *const volatile *)&check->note.net)
			continue;
		for (volatile unsigned spin = n % 512; spin; spin--)
			;
		if (!check_drop_of(ID, time_ns))
			continue;
		atomic_fetch_add(&told[time_ns], 1);
		atomic_fetch_add(&late_count, 1);
	}
	return unused;
}

static void race(void)
{
	pthread_t thread, late;

	memset(told, 0, sizeof(told));
	thread_is_over = false;
	late_count = without_note = 0;
	assert_int_equal(pthread_create(&late, NULL, late_looks, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, thread_binds, NULL), 0);
	pthread_join(thread, NULL);
	pthread_join(late, NULL);
	for (unsigned n = 1; n <= NOTES; n++)
		if (told[n] != 1)
			fail_msg("expected note %u once, got it %u times", n, told[n]);
	print_message("%u of %u notes by late_one, %u without one\n", late_count, NOTES,
		      without_note);
}

static void test_check_slot_raced(void **state)
{
	(void)state;
	race();
	slot_is_free();
}

/* The slot is another thread's: all notes are in the map. */
static void test_check_slot_raced_in_map(void **state)
{
	(void)state;
	note_at(OTHER, NOTES + 1);
	race();
	assert_true(check_drop(OTHER));
	slot_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_slot_old_note),
		cmocka_unit_test(test_check_slot_next_note),
		cmocka_unit_test(test_check_slot_left_note),
		cmocka_unit_test(test_check_slot_exit_at_work),
		cmocka_unit_test(test_check_slot_next_in_map),
		cmocka_unit_test(test_check_slot_next_while_dropped),
		cmocka_unit_test(test_check_slot_other_while_dropped),
		cmocka_unit_test(test_check_slot_raced),
		cmocka_unit_test(test_check_slot_raced_in_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
