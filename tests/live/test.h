/* SPDX-License-Identifier: GPL-2.0-only */
/* One live test: what a scenario may use of its surroundings, how it says what went wrong,
 * and the clock it compares times with. */
#ifndef LIVE_TEST_H
#define LIVE_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All that a scenario says; a hundred mismatches with their JSON line fit. */
#define REPORT_MAX (1 << 20)

/* Mismatches beyond these are counted, no more. */
#define FAILURES_SHOWN 20

/* Processes a scenario can start. */
#define PUPPETS_MAX 64

enum result {
	RESULT_NONE = 0, /* still running, or it crashed */
	RESULT_DONE,
	RESULT_SKIPPED,
	RESULT_COUNT,
};

/* Shared with the runner, so that it survives a scenario that is killed. */
struct report {
	enum result result;
	unsigned failures;
	size_t len;
	char text[REPORT_MAX];
};

struct settings {
	const char *portclash;
	const char *backend; /* NULL: whichever it chooses */
	double patience;     /* all time limits are multiplied by it */
	unsigned long churn;
	unsigned long burst;
	bool shared; /* scenarios watch one portclash where any will do */
};

/* The portclash that a scenario watches. Only in a run with --shared are there shared ones. */
enum watch {
	WATCH_SHARED = 0, /* `trace --json` or `agent`, started at any time */
	WATCH_CLAIMS,	  /* `trace --json --claims` */
	WATCH_OWN,	  /* its start or end matters: the scenario starts it itself */
};

/* Which kernels and back ends of the matrix can make a difference (tests/kernels). */
enum where {
	EVERYWHERE = 0,
	EACH_KERNEL, /* the same under every back end: what comes before or beside it */
	ONCE,	     /* user space only: options, output, files */
	NATIVE, /* the same, too heavy for an emulated machine or with services that it has not */
};

struct puppet;
struct monitor;

struct test {
	const struct settings *settings;
	struct report *report;
	int home_netns; /* descriptor of the namespace the runner was started in */
	char folder[64];
	enum watch watch;
	struct monitor *const *shared; /* by enum watch; NULL: none */
	struct monitor *monitor;       /* NULL: not started */
	struct puppet *puppets[PUPPETS_MAX];
	unsigned puppets_count;
	bool lossless;	      /* no lost record is forgiven … */
	const char *forgiven; /* … but of these kinds; NULL: none */
	bool retries;	      /* puppets may be refused more often than is compared */
	unsigned noted;	      /* JSON lines shown beside mismatches */
};

struct scenario {
	const char *name; /* NULL: end of the table */
	void (*run)(struct test *t);
	unsigned seconds; /* a scenario that takes longer hangs; 0: LIMIT_DEFAULT */
	bool slow;
	bool load; /* so much that records are lost: comes when nobody shares a portclash any more */
	enum watch watch;
	enum where where;
};

/* A mismatch: recorded, and the scenario goes on. */
void test_fail(struct test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Indented below the mismatches, or below "ok": what helps to understand them, what was
 * measured. */
void test_note(struct test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Is this one of the processes it started? */
bool test_has_puppet(const struct test *t, pid_t pid);

/* The scenario cannot go on: it fails, or it is counted as skipped. */
_Noreturn void test_abort(struct test *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void test_skip(struct test *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The wall clock in nanoseconds, as the JSON lines tell time. */
int64_t wall_ns(void);

/* What two readings of two clocks, with a preemption between them, can differ by. */
#define CLOCK_SLACK_NS 20000000

void sleep_ms(unsigned ms);

/* Time limits: `until` is what deadline_in() returned. */
int64_t deadline_in(const struct test *t, double seconds);
bool deadline_over(int64_t until);

/* A file of the scenario's own folder. */
const char *test_path(struct test *t, const char *name, char *out, size_t size);

#endif
