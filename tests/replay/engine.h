/* SPDX-License-Identifier: GPL-2.0-only */
/* From records to verdicts with the pure part alone: what user/watch does, without a monitor
 * to ask and without /proc. */
#ifndef PORTCLASH_TESTS_ENGINE_H
#define PORTCLASH_TESTS_ENGINE_H

#include "core/model.h"

struct engine;

/* `verdict` is called with each, in the order of the refusals. */
struct engine *engine_new(void (*verdict)(void *context, const struct pc_verdict *v),
			  void *context);
void engine_free(struct engine *e);

/* Takes in one record, of exactly `size` bytes. 0 or -EBADMSG. */
int engine_record(struct engine *e, const void *record, size_t size);

/* The stream is over: decides what still waits for owner records. */
void engine_finish(struct engine *e);

/* Would engine_record() take it? Has no effect. */
int engine_check(const void *record, size_t size);

#endif
