// SPDX-License-Identifier: GPL-2.0-only
/* Open a recording: find its entries and check each of them before any is believed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/join/record.h"
#include "core/recording/playback_private.h"

static size_t entries_padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static int check_header(const void *data, size_t size, char *sentence)
{
	const struct pc_recording_header *h = data;

	if (size < sizeof(*h) || memcmp(h->magic, PC_RECORDING_MAGIC, sizeof(h->magic))) {
		snprintf(sentence, PC_RECORDING_SENTENCE, "this is not a recording of portclash");
		return -EBADMSG;
	}
	if (h->version != PC_RECORDING_VERSION || h->record_version != PC_RECORD_VERSION) {
		snprintf(sentence, PC_RECORDING_SENTENCE,
			 "the recording has version %u.%u; this portclash reads %u.%u", h->version,
			 h->record_version, PC_RECORDING_VERSION, PC_RECORD_VERSION);
		return -EBADMSG;
	}
	return 0;
}

static int bad_entry(const struct pc_playback *p, size_t at, const char *what, char *sentence)
{
	snprintf(sentence, PC_RECORDING_SENTENCE, "entry %zu of the recording, at byte %zu, %s",
		 p->count + 1, at, what);
	return -EBADMSG;
}

bool pc_recorded_each(const struct pc_recorded *e, pc_record_fn take, void *to)
{
	const uint8_t *at = pc_recorded_payload(e);
	size_t left = e->size;

	while (left) {
		const struct pc_header *h = (const struct pc_header *)at;

		if (left < sizeof(*h) || h->size < sizeof(*h) || entries_padded(h->size) > left)
			return false;
		take(to, at, h->size);
		at += entries_padded(h->size);
		left -= entries_padded(h->size);
	}
	return true;
}

static void check_ring_record(void *to, const void *data, size_t size)
{
	bool *bad = to;

	*bad |= pc_record_check(data, size) != 0;
}

static void check_owner_record(void *to, const void *data, size_t size)
{
	bool *bad = to;

	*bad |= pc_record_check_owner(data, size) != 0;
}

static bool payload_ok(const struct pc_recorded *e)
{
	bool bad = false;

	switch (e->kind) {
	case PC_RECORDED_STEP:
		return e->code > PC_STEP_INVALID && e->code < PC_STEP_COUNT &&
		       (!e->size || e->size == PC_PORT_WORDS * sizeof(uint64_t)) &&
		       (e->code != PC_STEP_PROTECT || e->size);
	case PC_RECORDED_READ:
		return e->code < PC_RING_COUNT && pc_recorded_each(e, check_ring_record, &bad) &&
		       !bad;
	case PC_RECORDED_OWNERS:
		return pc_recorded_each(e, check_owner_record, &bad) && !bad;
	case PC_RECORDED_SWEEP:
	case PC_RECORDED_SWEEP_FILES:
		return e->size % sizeof(uint64_t) == 0;
	case PC_RECORDED_RESERVED:
		return e->size % sizeof(uint64_t) == 0 &&
		       e->size <= PC_PORT_WORDS * sizeof(uint64_t);
	default:
		return e->kind > PC_RECORDED_INVALID && e->kind < PC_RECORDED_KIND_COUNT;
	}
}

/* The last entry of a recording whose writer was killed. */
static bool is_cut(const struct pc_recorded *e, size_t left)
{
	return left < sizeof(*e) || (e->size <= PC_RECORDED_BYTES_MAX &&
				     entries_padded(e->size) > left - sizeof(*e));
}

/* A sentence about the fault of the entry; NULL: it has none. */
static const char *entry_fault(struct pc_playback *p, const struct pc_recorded *e,
			       const uint8_t *data)
{
	if (p->has_end)
		return "stands behind the recording's end";
	if (e->size > PC_RECORDED_BYTES_MAX)
		return "has an impossible size";
	if (!payload_ok(e) || (e->kind == PC_RECORDED_SESSION && pc_playback_take_session(p, e)))
		return "holds an impossible value";
	if (e->kind == PC_RECORDED_END && pc_playback_take_end(p, e, data))
		return "says that bytes before it were changed";
	return NULL;
}

static int add_entry(struct pc_playback *p, const uint8_t *data, size_t *at, char *sentence)
{
	const struct pc_recorded *e = (const struct pc_recorded *)(data + *at);
	const char *fault = entry_fault(p, e, data);

	if (fault)
		return bad_entry(p, *at, fault, sentence);
	if (pc_array_reserve(&p->entries, &p->room, p->count + 1, sizeof(*p->entries)))
		return -ENOMEM;
	p->entries[p->count++] = e;
	*at += sizeof(*e) + entries_padded(e->size);
	return 0;
}

static int read_entries(struct pc_playback *p, const uint8_t *data, size_t size, char *sentence)
{
	size_t at = sizeof(struct pc_recording_header);
	int err = 0;

	while (!err && at < size && !is_cut((const struct pc_recorded *)(data + at), size - at))
		err = add_entry(p, data, &at, sentence);
	p->cut = size - at;
	if (err)
		return err;
	p->used = calloc(p->count + 1, sizeof(*p->used));
	return p->used ? 0 : -ENOMEM;
}

int pc_playback_open(const void *data, size_t size, struct pc_playback **out, char *sentence)
{
	struct pc_playback *p;
	int err = check_header(data, size, sentence);

	if (err)
		return err;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->header = data;
	err = read_entries(p, data, size, sentence);
	if (err == -ENOMEM)
		snprintf(sentence, PC_RECORDING_SENTENCE, "out of memory");
	if (err)
		pc_playback_free(p);
	else
		*out = p;
	return err;
}

void pc_playback_free(struct pc_playback *p)
{
	if (!p)
		return;
	free(p->entries);
	free(p->used);
	free(p);
}

const struct pc_recording_header *pc_playback_header(const struct pc_playback *p)
{
	return p->header;
}

uint64_t pc_playback_unanswered(const struct pc_playback *p)
{
	return p->unanswered;
}
