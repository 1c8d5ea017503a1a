/* SPDX-License-Identifier: GPL-2.0-only */
/* The files that `portclash agent` writes: starting an agent that logs to a file, and waiting for
 * text in its files or on its standard error. */
#ifndef LIVE_MONITOR_LOGFILE_H
#define LIVE_MONITOR_LOGFILE_H

#include "monitor/monitor.h"

/* Starts the agent and waits for the ready line in `log`. */
struct monitor *logfile_agent(struct test *t, const char *const *argv, const char *log);

/* Reads the file; NULL when there is none; freed by the caller. */
char *logfile_read(const char *path);
/* Counts how often `part` is in `text`. */
size_t logfile_count(const char *text, const char *part);
bool logfile_has(const char *path, const char *what);

/* Records a mismatch when the text does not come in time. */
void logfile_expect(struct test *t, const char *path, const char *what);
void logfile_await_said(struct test *t, struct monitor *m, const char *what);

/* Mounts a small disk, `size` as in "size=256k", on a folder of the scenario's and returns its
 * path. The disk is gone with the scenario's mount namespace. Skips the scenario where that is not
 * possible. */
void logfile_disk(struct test *t, const char *size, char *path, size_t len);

#endif
