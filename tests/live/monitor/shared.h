/* SPDX-License-Identifier: GPL-2.0-only */
/* One portclash that many scenarios watch, one after the other: to start it takes seconds on an
 * emulated machine. Each scenario takes only lines that were printed while it ran and that are
 * about its own processes or its own network namespace. */
#ifndef LIVE_MONITOR_SHARED_H
#define LIVE_MONITOR_SHARED_H

#include "monitor/monitor.h"

/* Starts the portclash for scenarios of this kind and does not wait. NULL for WATCH_OWN. */
struct monitor *shared_start(struct test *t, enum watch watch);

/* Waits, in the runner, until this portclash watches; false if it ends instead, or takes too
 * long. */
bool shared_is_ready(struct test *t, struct monitor *m);

/* Makes t->monitor, in a scenario, the view of a shared portclash on this scenario. False if no
 * shared one was started with these arguments. */
bool shared_attach(struct test *t, const char *const *arguments);

/* Tells whether the line is about this scenario. */
bool shared_concerns(const struct test *t, const struct monitor *m, json_t *line);

/* Waits until the verdicts of all refusals up to now have been printed. */
void shared_settle(struct test *t);

/* A scenario of its own, after the others: checks how the shared portclashes ended. */
extern const struct scenario shared_end;

#endif
