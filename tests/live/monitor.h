/* SPDX-License-Identifier: GPL-2.0-only */
/* The real portclash as a child process: starting it, reading what it prints, ending it. */
#ifndef LIVE_MONITOR_H
#define LIVE_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "test.h"

#define MONITOR_ARGS_MAX 24

struct monitor {
	pid_t pid;
	int out; /* memory files: a pipe that is read too slowly would slow it down */
	int err;
	uint64_t netns; /* of the scenario, if it shares this monitor with others; else 0 */
	size_t taken;	/* bytes of `out` that are in `lines` */
	json_t **lines;
	bool *used;
	size_t count;
	bool agent; /* not `trace`: its exit status does not tell whether something was refused */
	bool ended;
	int status; /* as of waitpid() */
};

struct monitor_spec {
	const char *const *argv; /* behind the program's name, NULL at the end */
	const char *exe;	 /* NULL: the one under test */
	uid_t uid;
	uint64_t capabilities; /* it has these only, a bit each; 0: all */
	bool in_space;	       /* in the scenario's network namespace, not the runner's */
	const char *out_path;  /* standard output goes here; NULL: is kept for reading */
	int stream;	       /* both outputs go to this stream of the journal's; 0: none */
};

/* A copy of portclash that everybody may execute: the tree it was built in may be closed to
 * others. `path` (`size` bytes) is where it is. */
void monitor_copy(struct test *t, char *path, size_t size);

/* Starts it, no more. */
struct monitor *monitor_spawn(struct test *t, const struct monitor_spec *spec);

/* `trace --json` with these arguments more (NULL: none), and waits until it watches; a shared
 * one, if there is one that does (shared.h). */
void monitor_watch(struct test *t, const char *const *arguments);
void monitor_watch_as(struct test *t, const struct monitor_spec *spec);

/* Does it say in its ready line that it cannot see this? Only the tracepoint back end may. */
bool monitor_cannot_see(struct test *t, const char *what);

/* Reads what is there; a line that is not JSON fails the test. */
void monitor_read(struct test *t, struct monitor *m);

/* The next line of this type that was not used yet and, if pid is not 0, is about that process
 * as requester (refusal) or process (claim, warning). NULL when the time is over. */
json_t *monitor_line(struct test *t, const char *type, pid_t pid, double seconds);

/* A mismatch if there is such a line that was not used yet, now or within the time. */
#define QUIET_SECONDS 0.5
void monitor_no_line(struct test *t, const char *type, pid_t pid, double seconds);

/* Reaps it if so; for a child of the caller only. */
bool monitor_has_ended(struct monitor *m);

/* Ends it by a signal, or waits for its own end with 0; its exit status, -1 if it hangs or was
 * killed by a signal. */
int monitor_stop(struct test *t, struct monitor *m, int signal, double seconds);

/* What it has printed so far; freed by the caller. */
char *monitor_text(int fd);
bool monitor_await_text(struct test *t, int fd, const char *what, double seconds);

/* At the end of a scenario: stops it and looks at the summary, the exit status, standard error
 * and at lines nobody expected. */
void monitor_finish(struct test *t);

#endif
