/* SPDX-License-Identifier: GPL-2.0-only */
/* A sysctl of the whole machine that has another value during a scenario. */
#ifndef LIVE_STAGE_SETTING_H
#define LIVE_STAGE_SETTING_H

#include "run/test.h"

struct setting {
	struct test *t;
	const char *path;
	pid_t keeper; /* the process that restores it, however the scenario ends … */
	int keeps;    /* … as soon as this is closed */
};

/* Remembers the value; call it before anything else is started. Skips the scenario where the value
 * cannot be read. */
struct setting setting_keep(struct test *t, const char *path);

/* Writes the value; skips the scenario where that is not possible. */
void setting_write(struct setting *s, const char *value);

/* Restores the value. */
void setting_restore(struct setting *s);

/* Reads a file of /proc, which has no size. Returns false where it cannot be read. */
bool setting_read(const char *path, char *text, size_t size);

#endif
