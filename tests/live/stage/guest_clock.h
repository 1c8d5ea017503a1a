/* SPDX-License-Identifier: GPL-2.0-only */
/* The wall clock, which scenarios set in a guest of `make check-kernels` only: it is the whole machine's. */
#ifndef LIVE_STAGE_GUEST_CLOCK_H
#define LIVE_STAGE_GUEST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "run/test.h"

/* Skips the scenario outside of a guest. */
void guest_clock_need(struct test *t);

/* Sets the clock forwards, or backwards. */
void guest_clock_jump(struct test *t, int64_t seconds);

/* Returns a clock in nanoseconds. */
int64_t guest_clock_now(clockid_t id);

/* Tells whether a small file, which may have no size, has these words. */
bool guest_file_has(const char *path, const char *what);

#endif
