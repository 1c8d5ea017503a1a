/* SPDX-License-Identifier: GPL-2.0-only */
/* Recorded streams: a header, then records as they crossed the rings (struct pc_header says
 * how long each is), each padded to 8 bytes. Owner records are from the socket file iterator:
 * before the first refusal what was open at the start, behind refusals who has the sockets. */
#ifndef PORTCLASH_TESTS_STREAM_H
#define PORTCLASH_TESTS_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "portclash/record.h"

/* "\r\n\x1a" shows what a transfer as text has done to it. */
#define STREAM_MAGIC "pcrec\r\n\x1a"
#define STREAM_SENTENCE 160

struct stream_header {
	char magic[8];
	uint32_t version; /* PC_RECORD_VERSION */
	uint32_t pad;
};

struct stream {
	const uint8_t *data;
	size_t size;
	size_t at;
	unsigned count; /* records handed out */
};

/* 0, or -EBADMSG with the reason in `sentence`. `data` is not copied. */
int stream_open(struct stream *s, const void *data, size_t size, char *sentence);

/* The next record's beginning and size: 1, 0 at the end, or -EBADMSG with the reason. */
int stream_next(struct stream *s, const void **record, size_t *size, char *sentence);

int stream_begin(FILE *out);
int stream_append(FILE *out, const void *record);

#endif
