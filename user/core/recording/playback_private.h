/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that open and play a recording: a recording whose entries were found and checked. */
#ifndef PORTCLASH_PLAYBACK_PRIVATE_H
#define PORTCLASH_PLAYBACK_PRIVATE_H

#include "core/recording/recorded.h"

struct pc_playback {
	const struct pc_recording_header *header;
	const struct pc_recorded **entries; /* owned array, into the data */
	bool *used;			    /* owned; by entry: has answered a question */
	size_t count;
	size_t room;
	size_t step; /* the entry that began the step under way */
	size_t end;  /* the entry that begins the next one, or `count` */
	uint64_t unanswered;
	uint64_t wall_minus_boot_ns; /* at the step under way */
	uint64_t cut; /* bytes of the last entry, which is not whole */
	bool has_session, has_end;
	struct pc_recorded_session session;
	struct pc_recorded_end ended;
};

static inline const uint8_t *pc_recorded_payload(const struct pc_recorded *e)
{
	return (const uint8_t *)(e + 1);
}

/* Calls take() for each record of an entry's payload. False: a record is damaged. */
bool pc_recorded_each(const struct pc_recorded *e, pc_record_fn take, void *to);

/* playback.c: the first entry of this step that answers the question and has not yet. A question that is asked
 * more often than it was gets the last answer again, except where each answer is used up (`once`). NULL: the
 * recording has none, which pc_playback_answer() counts. */
const struct pc_recorded *pc_playback_find(struct pc_playback *p, enum pc_recorded_kind kind,
					   uint32_t code, uint64_t key, bool once);
const struct pc_recorded *pc_playback_answer(struct pc_playback *p, enum pc_recorded_kind kind,
					     uint32_t code, uint64_t key, bool once);

/* playback_kernel.c, playback_host.c: operations that ask the recording. */
struct pc_join_kernel pc_playback_kernel(struct pc_playback *p);
struct pc_join_host pc_playback_host(struct pc_playback *p);

/* session.c: takes the entries about the session. `data` begins the recording. 0 or -EBADMSG. */
int pc_playback_take_session(struct pc_playback *p, const struct pc_recorded *e);
int pc_playback_take_end(struct pc_playback *p, const struct pc_recorded *e, const uint8_t *data);

#endif
