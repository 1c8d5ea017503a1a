/* SPDX-License-Identifier: GPL-2.0-only */
/* The real portclash as a child process: starting it, reading what it prints, ending it. */
#ifndef LIVE_MONITOR_MONITOR_H
#define LIVE_MONITOR_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "run/test.h"

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
	uint64_t capabilities; /* the only capabilities it has, a bit each; 0: all */
	bool in_space;	       /* in the scenario's network namespace, not the runner's */
	const char *out_path;  /* standard output goes here; NULL: is kept for reading */
	int unshare; /* CLONE_NEWPID, with a /proc of its own, or CLONE_NEWTIME; 0: none */
	int stream;  /* both outputs go to this stream of the journal's; 0: none */
};

/* Makes a copy of portclash that everybody may execute, because others may not enter the tree it
 * was built in. `path` (`size` bytes) receives its path. */
void monitor_copy(struct test *t, char *path, size_t size);

/* Starts portclash and does not wait. */
struct monitor *monitor_spawn(struct test *t, const struct monitor_spec *spec);

/* Fails a scenario that lacks the mark WATCH_OWN. tests/kernels/run.sh plans the guests by this mark: a start takes
 * an emulated machine 10 to 25 s. */
void monitor_is_own(struct test *t);

/* Runs `trace --json` with these further arguments (NULL: none) and waits until it watches; or
 * takes a shared one, if one fits (monitor/shared.h). */
void monitor_watch(struct test *t, const char *const *arguments);
void monitor_watch_as(struct test *t, const struct monitor_spec *spec);

/* Returns the back end that the ready line names; "" where there is none. */
const char *monitor_backend(struct test *t);

/* Tells whether the ready line says that portclash cannot see this. Only the tracepoint back end
 * may say so. */
bool monitor_cannot_see(struct test *t, const char *what);

/* Reads the lines that portclash has printed; a line that is not JSON fails the test. */
void monitor_read(struct test *t, struct monitor *m);

/* Adds a line to the file $PORTCLASH_LINES, if that is set. The lines there are validated against
 * docs/json-schema.json when all scenarios have run. */
void monitor_note_for_schema(const char *text, size_t len);

/* Returns the next unused line of this type and, if pid is not 0, about that process as requester
 * (refusal, outcome) or process (claim, warning). NULL when the time is over. */
json_t *monitor_line(struct test *t, const char *type, pid_t pid, double seconds);

/* Records a mismatch if there is such an unused line, now or within the time. */
#define QUIET_SECONDS 0.5
void monitor_no_line(struct test *t, const char *type, pid_t pid, double seconds);

/* Tells whether portclash has ended, and reaps it; only for a child of the caller. */
bool monitor_has_ended(struct monitor *m);

/* Ends portclash by a signal, or waits for its own end with 0. Returns its exit status, -1 if it
 * hangs or a signal killed it. */
int monitor_stop(struct test *t, struct monitor *m, int signal, double seconds);

/* Returns what portclash has printed so far; freed by the caller. */
char *monitor_text(int fd);
bool monitor_await_text(struct test *t, int fd, const char *what, double seconds);

/* Ends a scenario's portclash and checks the summary, the exit status, standard error, and that
 * there are no lines that nobody expected. */
void monitor_finish(struct test *t);

#endif
