// SPDX-License-Identifier: GPL-2.0-only
/* Recordings made by hand: what is refused before any of it is believed; which answer a question gets;
 * questions without an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/ports.h"
#include "core/recording/recorded.h"
#include "dump.h"
#include "taped_storm.h"

static void playback_put_bytes(struct tape *t, const void *data, size_t size)
{
	assert_int_equal(pc_array_reserve(&t->data, &t->room, t->size + size + 8, 1), 0);
	memset(t->data + t->size, 0, (size + 7) & ~(size_t)7);
	if (size)
		memcpy(t->data + t->size, data, size);
	t->size += (size + 7) & ~(size_t)7;
}

static struct tape tape_with_header(void)
{
	const struct pc_recording_header h = {
		.magic = PC_RECORDING_MAGIC,
		.version = PC_RECORDING_VERSION,
		.record_version = PC_RECORD_VERSION,
		.wall_minus_boot_ns = 5,
		.netns = FAKE_NETNS,
	};
	struct tape t = { 0 };

	playback_put_bytes(&t, &h, sizeof(h));
	return t;
}

static void playback_put_entry(struct tape *t, struct pc_recorded e, const void *payload)
{
	playback_put_bytes(t, &e, sizeof(e));
	playback_put_bytes(t, payload, e.size);
}

static void put_step(struct tape *t, enum pc_step step, uint64_t now_ns)
{
	playback_put_entry(t, (struct pc_recorded){ PC_RECORDED_STEP, 0, now_ns, 0, step }, NULL);
}

/* The sentence with which it is refused; "": it is not. */
static const char *refused(const struct tape *t)
{
	static char sentence[PC_RECORDING_SENTENCE];
	struct pc_playback *p = NULL;
	int err;

	*sentence = '\0';
	err = pc_playback_open(t->data, t->size, &p, sentence);
	assert_int_equal(err, *sentence ? -EBADMSG : 0);
	assert_int_equal(!p, err != 0);
	pc_playback_free(p);
	return sentence;
}

/* Bytes of the last entry, of a recording that is not refused. */
static uint64_t bytes_cut(const struct tape *t)
{
	char sentence[PC_RECORDING_SENTENCE];
	struct pc_playback *p = NULL;
	uint64_t cut;

	assert_int_equal(pc_playback_open(t->data, t->size, &p, sentence), 0);
	cut = pc_playback_cut(p);
	pc_playback_free(p);
	return cut;
}

static void assert_playback_refused(struct pc_recorded e, const void *payload, bool is_refused)
{
	struct tape t = tape_with_header();

	put_step(&t, PC_STEP_READ, 1);
	playback_put_entry(&t, e, payload);
	if (is_refused)
		assert_string_equal(
			refused(&t),
			"entry 2 of the recording, at byte 56, holds an impossible value");
	else
		assert_string_equal(refused(&t), "");
	tape_free(&t);
}

static void assert_version_refused(const struct tape *t, unsigned version, unsigned record_version)
{
	char want[PC_RECORDING_SENTENCE];

	snprintf(want, sizeof(want), "the recording has version %u.%u; this portclash reads %u.%u",
		 version, record_version, PC_RECORDING_VERSION, PC_RECORD_VERSION);
	assert_string_equal(refused(t), want);
}

static void test_header(void **state)
{
	struct tape t = tape_with_header();
	struct pc_recording_header *h = (void *)t.data;
	struct pc_playback *p = NULL;
	char sentence[PC_RECORDING_SENTENCE];

	(void)state;
	assert_int_equal(pc_playback_open(t.data, t.size, &p, sentence), 0);
	assert_ptr_equal(pc_playback_header(p), h);
	pc_playback_free(p);
	h->version++;
	assert_version_refused(&t, PC_RECORDING_VERSION + 1, PC_RECORD_VERSION);
	h->version--;
	h->record_version++;
	assert_version_refused(&t, PC_RECORDING_VERSION, PC_RECORD_VERSION + 1);
	h->record_version--;
	h->magic[7] = '\0';
	assert_string_equal(refused(&t), "this is not a recording of portclash");
	h->magic[7] = '\x1a';
	t.size--;
	assert_string_equal(refused(&t), "this is not a recording of portclash");
	tape_free(&t);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_playback_refused((struct pc_recorded){ .kind = PC_RECORDED_INVALID }, NULL, true);
	assert_playback_refused((struct pc_recorded){ .kind = PC_RECORDED_KIND_COUNT }, NULL, true);
	for (uint32_t kind = PC_RECORDED_READ; kind < PC_RECORDED_SESSION; kind++)
		assert_playback_refused((struct pc_recorded){ .kind = kind }, NULL, false);
	assert_playback_refused((struct pc_recorded){ .kind = PC_RECORDED_SESSION, .size = 10 },
				"a\0b\0c\0d\0e", true);
}

static void test_steps(void **state)
{
	static const uint64_t ports[PC_PORT_WORDS + 1];
	struct pc_recorded e = { .kind = PC_RECORDED_STEP };

	(void)state;
	assert_playback_refused(e, NULL, true);
	for (e.code = 1; e.code < PC_STEP_COUNT; e.code++)
		assert_playback_refused(e, NULL, e.code == PC_STEP_PROTECT);
	assert_playback_refused(e, NULL, true);
	e.code = PC_STEP_PROTECT;
	e.size = PC_PORT_WORDS * sizeof(uint64_t);
	assert_playback_refused(e, ports, false);
	e.size += 8;
	assert_playback_refused(e, ports, true);
	e.size -= 16;
	assert_playback_refused(e, ports, true);
}

static void test_records(void **state)
{
	const struct fake_process p = { .key = { 1, 2, 3 }, .comm = "x" };
	struct pc_claim_record two[2] = { fake_claim(&p, 1, 2, PC_HOW_BIND),
					  fake_claim(&p, 3, 4, PC_HOW_BIND) };
	struct pc_recorded e = { .kind = PC_RECORDED_READ, .size = sizeof(two) };

	(void)state;
	assert_playback_refused(e, two, false);
	e.code = PC_RING_COUNT;
	assert_playback_refused(e, two, true);
	e.code = 0;
	e.size -= 8; /* the second one's size is more than is left */
	assert_playback_refused(e, two, true);
	e.size = 4; /* no header */
	assert_playback_refused(e, two, true);
	e.size = sizeof(two);
	two[1].proto = 0;
	assert_playback_refused(e, two, true);
	two[1].proto = two[0].proto;
	two[1].header.size = 7;
	assert_playback_refused(e, two, true);
	two[1].header.size = 0;
	assert_playback_refused(e, two, true);
	two[1].header.size = UINT32_MAX;
	assert_playback_refused(e, two, true);
	e.kind = PC_RECORDED_OWNERS;
	two[1].header.size = sizeof(two[1]);
	assert_playback_refused(e, two, true); /* are no owners */
}

static void test_words(void **state)
{
	static const uint64_t ports[PC_PORT_WORDS + 1];

	(void)state;
	for (uint32_t kind = PC_RECORDED_SWEEP; kind <= PC_RECORDED_RESERVED; kind++) {
		struct pc_recorded e = { .kind = kind, .size = sizeof(ports) };

		assert_playback_refused(e, ports, kind == PC_RECORDED_RESERVED);
		e.size -= 8;
		assert_playback_refused(e, ports, false);
		e.size--;
		assert_playback_refused(e, ports, true);
	}
}

static void test_sizes(void **state)
{
	struct tape t = tape_with_header();
	struct pc_recorded *e;

	(void)state;
	playback_put_entry(&t, (struct pc_recorded){ .kind = PC_RECORDED_LOSSES, .size = 5 },
			   "12345");
	assert_int_equal(bytes_cut(&t), 0);
	e = (void *)(t.data + sizeof(struct pc_recording_header));
	e->size = 9;
	assert_int_equal(bytes_cut(&t), sizeof(*e) + 8);
	e->size = UINT32_MAX; /* its padding would begin again at 0 */
	assert_string_equal(refused(&t),
			    "entry 1 of the recording, at byte 32, has an impossible size");
	t.size -= 9;
	assert_int_equal(bytes_cut(&t), sizeof(*e) - 1);
	tape_free(&t);
}

static void assert_session(const struct pc_recorded_session *s)
{
	assert_int_equal(s->sockets, 7);
	assert_true(s->has_command);
	assert_string_equal(s->version, "1.2");
	assert_string_equal(s->backend, "kprobe");
	assert_string_equal(s->why, "no fentry");
	assert_string_equal(s->blind, "");
	assert_string_equal(s->kernel, "6.1");
	assert_string_equal(s->machine, "db1");
}

/* The texts, numbers and the check sum of a session; one changed bit anywhere is found. */
static void test_session(void **state)
{
	const struct pc_recorded_session wrote = { 7, true, "1.2", "kprobe", "no fentry",
						   "", "6.1", "db1" };
	char sentence[PC_RECORDING_SENTENCE];
	struct pc_playback *p = NULL;
	struct tape t = { 0 };
	struct fake *f = tape_start(&t, &(struct pc_join_options){ 0 });

	(void)state;
	pc_recorder_session(t.recorder, &wrote);
	pc_recorder_end(t.recorder, &(struct pc_recorded_end){ 99, -1 });
	assert_int_equal(pc_playback_open(t.data, t.size, &p, sentence), 0);
	assert_session(pc_playback_session(p));
	assert_int_equal(pc_playback_end(p)->watched_ns, 99);
	assert_int_equal(pc_playback_end(p)->command_status, -1);
	pc_playback_free(p);
	for (size_t bit = 8 * 16; bit < 8 * (t.size - sizeof(struct pc_recorded)); bit++) {
		t.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(*refused(&t) || bytes_cut(&t));
		t.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	tape_stop(&t, f);
	playback_put_entry(&t, (struct pc_recorded){ .kind = PC_RECORDED_LOSSES }, NULL);
	assert_non_null(strstr(refused(&t), "stands behind the recording's end"));
	tape_free(&t);
}

/* A storm's recording without the entries of one kind. */
static struct tape tape_without(const struct tape *t, uint32_t kind)
{
	struct tape less = { 0 };

	playback_put_bytes(&less, t->data, sizeof(struct pc_recording_header));
	for (size_t at = sizeof(struct pc_recording_header); at < t->size; at = tape_next(t, at))
		if (tape_entry(t, at)->kind != kind)
			playback_put_bytes(&less, tape_entry(t, at), tape_next(t, at) - at);
	return less;
}

/* Whatever is left out, the join asks on, and each question without an answer is counted. */
static void test_left_out(void **state)
{
	struct pc_counters counters;
	uint64_t unanswered;
	struct taped_storm t;
	int error;

	(void)state;
	taped_storm_make(&t, 6, 300, 0, &error);
	for (uint32_t kind = PC_RECORDED_READ; kind < PC_RECORDED_SESSION; kind++) {
		struct taped_storm less = { 0 };

		/* no answer means no name, and no parent */
		if (kind == PC_RECORDED_GIVEN || kind == PC_RECORDED_PARENT)
			continue;
		less.tape = tape_without(&t.tape, kind);
		assert_true(less.tape.size < t.tape.size);
		free(taped_storm_play(&less, less.tape.size, &unanswered, &counters));
		assert_true(unanswered > 0);
		taped_storm_free(&less);
	}
	taped_storm_free(&t);
}

/* Played twice, it makes the same twice. */
static void test_twice(void **state)
{
	struct pc_playback *p = NULL;
	char sentence[PC_RECORDING_SENTENCE], *text[2];
	struct taped_storm t;
	size_t len;
	int error;

	(void)state;
	taped_storm_make(&t, 9, 10, 0, &error);
	assert_int_equal(pc_playback_open(t.tape.data, t.tape.size, &p, sentence), 0);
	for (int i = 0; i < 2; i++) {
		FILE *out = open_memstream(&text[i], &len);
		const struct pc_join_output output = dump_output(out);

		assert_int_equal(pc_playback_run(p, &(struct pc_playback_view){ 0 }, &output, NULL), 0);
		assert_int_equal(pc_playback_unanswered(p), 0);
		fclose(out);
	}
	assert_true(len > 1000);
	taped_storm_assert_same(text[0], text[1]);
	free(text[0]);
	free(text[1]);
	pc_playback_free(p);
	taped_storm_free(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),	 cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_steps),	 cmocka_unit_test(test_records),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_words),	 cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_left_out), cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
