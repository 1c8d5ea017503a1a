/* SPDX-License-Identifier: GPL-2.0-only */
/* One live test: its surroundings, its mismatches and notes, and the clock that it compares times
 * with. */
#ifndef LIVE_RUN_TEST_H
#define LIVE_RUN_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest report of a scenario: a hundred mismatches with their JSON line fit. */
#define REPORT_MAX (1 << 20)

/* Further mismatches are counted and not shown. */
#define FAILURES_SHOWN 20

/* Processes a scenario can start. */
#define PUPPETS_MAX 64

enum result {
	RESULT_NONE = 0, /* still running, or it crashed */
	RESULT_DONE,
	RESULT_SKIPPED,
	RESULT_COUNT,
};

/* The report is shared with the runner, so that it survives a scenario that is killed. */
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
	WATCH_OWN,	  /* the start or end matters: the scenario starts it itself */
};

/* The kernels and back ends of the matrix that can make a difference (tests/kernels). */
enum where {
	EVERYWHERE = 0,
	EACH_KERNEL, /* the same under every back end: what comes before or beside it */
	ONCE,	     /* user space only: options, output, files */
	NATIVE, /* user space only, too heavy for an emulated machine or with services that it lacks */
};

struct puppet;
struct monitor;

struct test {
	const struct settings *settings;
	struct report *report;
	int home_netns; /* descriptor of the namespace the runner was started in */
	char folder[64];
	int64_t start; /* wall clock, ns: the scenario began */
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
	/* so many records that some are lost: runs when no scenario shares a portclash any more */
	bool load;
	enum watch watch;
	enum where where;
};

/* Records a mismatch; the scenario goes on. */
void test_fail(struct test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints a note below the mismatches, or below "ok": an explanation, or a measurement. */
void test_note(struct test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tells whether the scenario started this process. */
bool test_has_puppet(const struct test *t, pid_t pid);

/* Ends the scenario: it fails, or counts as skipped. */
_Noreturn void test_abort(struct test *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void test_skip(struct test *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Returns the wall clock in nanoseconds, as the JSON lines tell time. */
int64_t wall_ns(void);

/* The most that readings of two clocks differ by, with a preemption between them. */
#define CLOCK_SLACK_NS 20000000

void sleep_ms(unsigned ms);

/* Time limits: `until` is what deadline_in() returned. */
int64_t deadline_in(const struct test *t, double seconds);
bool deadline_over(int64_t until);

/* Returns, in `out`, the path of a file in the scenario's own folder. */
const char *test_path(struct test *t, const char *name, char *out, size_t size);

#endif
