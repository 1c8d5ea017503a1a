// SPDX-License-Identifier: GPL-2.0-only
/* Recorded streams: the header, and from one record to the next. */
#include "stream.h"

#include <errno.h>
#include <string.h>

/* As size_t: a size near the end of 32 bits must not become a small one. */
#define ALIGNED(size) (((size_t)(size) + 7) & ~(size_t)7)

int stream_open(struct stream *s, const void *data, size_t size, char *sentence)
{
	struct stream_header h;

	if (size < sizeof(h)) {
		snprintf(sentence, STREAM_SENTENCE, "%zu bytes are too few for a header", size);
		return -EBADMSG;
	}
	memcpy(&h, data, sizeof(h));
	if (memcmp(h.magic, STREAM_MAGIC, sizeof(h.magic))) {
		snprintf(sentence, STREAM_SENTENCE, "not a recorded stream");
		return -EBADMSG;
	}
	if (h.version != PC_RECORD_VERSION) {
		snprintf(sentence, STREAM_SENTENCE,
			 "recorded with version %u of the records, only version %u can be read",
			 h.version, PC_RECORD_VERSION);
		return -EBADMSG;
	}
	*s = (struct stream){ .data = data, .size = size, .at = sizeof(h) };
	return 0;
}

int stream_next(struct stream *s, const void **record, size_t *size, char *sentence)
{
	size_t left = s->size - s->at;
	struct pc_header h = { 0 };

	if (!left)
		return 0;
	s->count++;
	memcpy(&h, s->data + s->at, left < sizeof(h) ? left : sizeof(h));
	if (left < sizeof(h) || h.size < sizeof(h) || ALIGNED(h.size) > left) {
		snprintf(sentence, STREAM_SENTENCE, "record %u, at byte %zu, is cut off", s->count,
			 s->at);
		return -EBADMSG;
	}
	*record = s->data + s->at;
	*size = h.size;
	s->at += ALIGNED(h.size);
	return 1;
}

int stream_begin(FILE *out)
{
	struct stream_header h = { .magic = STREAM_MAGIC, .version = PC_RECORD_VERSION };

	return fwrite(&h, sizeof(h), 1, out) == 1 ? 0 : -EIO;
}

int stream_append(FILE *out, const void *record)
{
	static const char zeros[8];
	const struct pc_header *h = record;
	size_t padding = ALIGNED(h->size) - h->size;

	if (fwrite(record, 1, h->size, out) != h->size)
		return -EIO;
	return fwrite(zeros, 1, padding, out) == padding ? 0 : -EIO;
}
