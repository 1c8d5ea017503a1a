/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that `portclash agent` writes: starting one that logs to a file, and waiting for what
 * must come in its files or on its standard error. */
#ifndef LIVE_LOGFILE_H
#define LIVE_LOGFILE_H

#include "monitor.h"

/* Starts it and waits for the ready line in `log`. */
struct monitor *logfile_agent(struct test *t, const char *const *argv, const char *log);

/* NULL when there is no such file; freed by the caller. */
char *logfile_read(const char *path);
/* How often `part` is in `text`. */
size_t logfile_count(const char *text, const char *part);
bool logfile_has(const char *path, const char *what);

/* A mismatch when the text does not come in time. */
void logfile_expect(struct test *t, const char *path, const char *what);
void logfile_await_said(struct test *t, struct monitor *m, const char *what);

/* Mounts a small disk, `size` as in "size=256k", on a folder of the scenario's, whose path this gives;
 * it is gone with the scenario's mount namespace. Skips the scenario where that cannot be. */
void logfile_disk(struct test *t, const char *size, char *path, size_t len);

#endif
