/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by recorder.c, recorder_host.c, session.c and anonymize.c only. */
#ifndef PORTCLASH_RECORDER_PRIVATE_H
#define PORTCLASH_RECORDER_PRIVATE_H

#include "core/recording/recorded.h"

struct pc_recorder {
	struct pc_join_kernel kernel; /* those that are asked */
	struct pc_join_host host;
	struct pc_join_observer observer;
	pc_recorder_write write;
	void *context;
	int error;
	bool ended; /* nothing is written behind the end */
	uint32_t check; /* CRC-32 of all that was written */
};

/* Writes bytes, and adds them to the check. */
void pc_recorder_bytes(struct pc_recorder *r, const void *data, size_t size);

/* Writes an entry, and takes over the payload. */
void pc_recorder_entry(struct pc_recorder *r, enum pc_recorded_kind kind, uint32_t code,
		       uint64_t key, int result, struct pc_payload *p);

/* The operations that ask the recorder's host and write down its answers. */
struct pc_join_host pc_recorder_host(struct pc_recorder *r);

#endif
