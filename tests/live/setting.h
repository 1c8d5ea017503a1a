/* SPDX-License-Identifier: GPL-2.0-only */
/* A sysctl of the whole machine that is another one during a scenario. */
#ifndef LIVE_SETTING_H
#define LIVE_SETTING_H

#include "test.h"

struct setting {
	struct test *t;
	const char *path;
	pid_t keeper; /* restores it, however the scenario ends … */
	int keeps;    /* … as soon as this is closed */
};

/* To be called before anything else is started. Skips the scenario where it cannot be read. */
struct setting setting_keep(struct test *t, const char *path);

/* Skips the scenario where it cannot be written. */
void setting_write(struct setting *s, const char *value);

/* As it was. */
void setting_restore(struct setting *s);

/* Text of a file of /proc, which has no size. False: it cannot be read. */
bool setting_read(const char *path, char *text, size_t size);

#endif
