// SPDX-License-Identifier: GPL-2.0-only
/* Recordings that are damaged on purpose: cut, with bits flipped, of another version. */
#include "damage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/recording/recording.h"

struct bytes {
	_Alignas(8) uint8_t data[1 << 18];
	size_t size;
	size_t entry;	 /* where the entry of the first refusal begins */
	size_t refusal;	 /* where that refusal begins */
	unsigned number; /* of the entry, counted from 1 */
};

static int find_refusal(struct bytes *b)
{
	size_t at = sizeof(struct pc_recording_header);

	for (b->number = 1; at < b->size; b->number++) {
		const struct pc_recorded *e = (const void *)(b->data + at);

		b->entry = at;
		b->refusal = at + sizeof(*e);
		if (e->kind == PC_RECORDED_READ && e->code == PC_RING_REFUSALS && e->size)
			return 0;
		at += sizeof(*e) + ((e->size + 7) & ~7u);
	}
	return -EBADMSG;
}

static int damage_load(const char *folder, const char *name, struct bytes *b)
{
	char path[PATH_MAX];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s.pcrec", folder, name);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	b->size = fread(b->data, 1, sizeof(b->data), in);
	fclose(in);
	return find_refusal(b);
}

static int write_file(const char *folder, const char *name, const char *suffix, const void *data,
		      size_t size)
{
	char path[PATH_MAX];
	FILE *out;
	int err = 0;

	snprintf(path, sizeof(path), "%s/damaged-%s.%s", folder, name, suffix);
	out = fopen(path, "we");
	if (!out || fwrite(data, 1, size, out) != size)
		err = -EIO;
	if (out && fclose(out))
		err = -EIO;
	return err;
}

static int write_with(const char *folder, const char *name, const struct bytes *b,
		      const char *kind, const char *text)
{
	char line[PC_RECORDING_SENTENCE + 16];
	int len = snprintf(line, sizeof(line), "%s: %s\n", kind, text);
	int err = write_file(folder, name, "pcrec", b->data, b->size);

	return err ? err : write_file(folder, name, "expect", line, (size_t)len);
}

static int write_both(const char *folder, const char *name, const struct bytes *b,
		      const char *error)
{
	return write_with(folder, name, b, "error", error);
}

/* The recording that ends behind `b->size` bytes, in the entry with the refusal. */
static int write_cut(const char *folder, const char *name, const struct bytes *b)
{
	char bytes[24];

	snprintf(bytes, sizeof(bytes), "%zu", b->size - b->entry);
	return write_with(folder, name, b, "cut", bytes);
}

static const char *of_refusal(const struct bytes *b, const char *what)
{
	static char sentence[PC_RECORDING_SENTENCE];

	snprintf(sentence, sizeof(sentence), "entry %u of the recording, at byte %zu, %s",
		 b->number, b->entry, what);
	return sentence;
}

/* One bit of the refusal, at `offset`. */
static int flip(const char *folder, const char *name, struct bytes b, size_t offset, int bit)
{
	b.data[b.refusal + offset] ^= (uint8_t)(1 << bit);
	return write_both(folder, name, &b, of_refusal(&b, "holds an impossible value"));
}

static int flips(const char *folder, const struct bytes *good)
{
	struct bytes longer = *good;
	int err = flip(folder, "type", *good, offsetof(struct pc_refusal_record, header.type), 5);

	if (!err)
		err = flip(folder, "count", *good,
			   offsetof(struct pc_refusal_record, holders_count), 3);
	if (!err)
		err = flip(folder, "proto", *good, offsetof(struct pc_refusal_record, proto), 0);
	if (!err)
		err = flip(folder, "family", *good,
			   offsetof(struct pc_refusal_record, wanted_family), 0);
	longer.data[longer.entry + offsetof(struct pc_recorded, size) + 3] ^= 0x01;
	return err ? err : write_cut(folder, "size", &longer);
}

static int other_version(const char *folder, struct bytes b)
{
	struct pc_recording_header *h = (void *)b.data;
	char sentence[PC_RECORDING_SENTENCE];

	h->record_version = PC_RECORD_VERSION + 1;
	snprintf(sentence, sizeof(sentence),
		 "the recording has version %u.%u; this portclash reads %u.%u", h->version,
		 h->record_version, PC_RECORDING_VERSION, PC_RECORD_VERSION);
	return write_both(folder, "version", &b, sentence);
}

int damage_all(const char *folder, const char *good)
{
	struct bytes *b = calloc(2, sizeof(*b));
	int err = b ? damage_load(folder, good, b) : -ENOMEM;

	if (!err)
		err = flips(folder, b);
	if (!err)
		err = other_version(folder, *b);
	if (!err) {
		b[1] = *b;
		b[1].size = b->refusal + 100;
		err = write_cut(folder, "truncated", &b[1]);
	}
	if (!err) {
		b[1].size = 9;
		err = write_both(folder, "header", &b[1], "this is not a recording of portclash");
	}
	if (!err) {
		b[1] = *b;
		b[1].data[5] = '\n'; /* as a transfer as text would leave it */
		err = write_both(folder, "magic", &b[1], "this is not a recording of portclash");
	}
	free(b);
	return err;
}
