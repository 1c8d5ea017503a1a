// SPDX-License-Identifier: GPL-2.0-only
/* Streams that are damaged on purpose: cut, with bits flipped, of another version. */
#include "damage.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

struct bytes {
	uint8_t data[65536];
	size_t size;
	size_t refusal;	 /* where the first refusal begins */
	unsigned number; /* counted from 1 */
};

static int load(const char *folder, const char *name, struct bytes *b)
{
	char path[PATH_MAX], sentence[STREAM_SENTENCE];
	struct stream s;
	const void *record;
	size_t size;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s.pcrec", folder, name);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	b->size = fread(b->data, 1, sizeof(b->data), in);
	fclose(in);
	if (stream_open(&s, b->data, b->size, sentence))
		return -EBADMSG;
	while (stream_next(&s, &record, &size, sentence) > 0) {
		b->refusal = (size_t)((const uint8_t *)record - b->data);
		b->number = s.count;
		if (((const struct pc_header *)record)->type == PC_RECORD_REFUSAL)
			return 0;
	}
	return -EBADMSG;
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

static int write_both(const char *folder, const char *name, const struct bytes *b,
		      const char *error)
{
	char line[STREAM_SENTENCE + 16];
	int len = snprintf(line, sizeof(line), "error: %s\n", error);
	int err = write_file(folder, name, "pcrec", b->data, b->size);

	return err ? err : write_file(folder, name, "expect", line, (size_t)len);
}

static const char *of_refusal(const struct bytes *b, const char *what)
{
	static char sentence[STREAM_SENTENCE];

	snprintf(sentence, sizeof(sentence), "record %u, at byte %zu, %s", b->number, b->refusal,
		 what);
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
	int err = flip(folder, "type", *good, offsetof(struct pc_refusal, header.type), 5);

	if (!err)
		err = flip(folder, "count", *good, offsetof(struct pc_refusal, holders_count), 3);
	if (!err)
		err = flip(folder, "proto", *good, offsetof(struct pc_refusal, proto), 0);
	if (!err)
		err = flip(folder, "family", *good, offsetof(struct pc_refusal, wanted_family), 0);
	longer.data[longer.refusal + offsetof(struct pc_refusal, header.size) + 1] ^= 0x40;
	return err ? err : write_both(folder, "size", &longer, of_refusal(&longer, "is cut off"));
}

static int other_version(const char *folder, struct bytes b)
{
	struct stream_header *h = (void *)b.data;
	char sentence[STREAM_SENTENCE];

	h->version = PC_RECORD_VERSION + 1;
	snprintf(sentence, sizeof(sentence),
		 "recorded with version %u of the records, only version %u can be read", h->version,
		 PC_RECORD_VERSION);
	return write_both(folder, "version", &b, sentence);
}

int damage_all(const char *folder, const char *good)
{
	struct bytes *b = calloc(2, sizeof(*b));
	int err = b ? load(folder, good, b) : -ENOMEM;

	if (!err)
		err = flips(folder, b);
	if (!err)
		err = other_version(folder, *b);
	if (!err) {
		b[1] = *b;
		b[1].size = b->refusal + 100;
		err = write_both(folder, "truncated", &b[1], of_refusal(b, "is cut off"));
	}
	if (!err) {
		b[1].size = 9;
		err = write_both(folder, "header", &b[1], "9 bytes are too few for a header");
	}
	if (!err) {
		b[1] = *b;
		b[1].data[5] = '\n'; /* as a transfer as text would leave it */
		err = write_both(folder, "magic", &b[1], "not a recorded stream");
	}
	free(b);
	return err;
}
