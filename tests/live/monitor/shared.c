// SPDX-License-Identifier: GPL-2.0-only
/* One portclash for many scenarios. */
#include "monitor/shared.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stage/space.h"

#define READY_SECONDS 45
#define SETTLE_SECONDS 20

/* A port that no scenario uses. */
#define SETTLE_ADDRESS "127.0.0.123"
#define SETTLE_PORT 9

struct monitor *shared_start(struct test *t, enum watch watch)
{
	static const char *const argv[][4] = {
		/* The shared portclash has dropped its privileges; all that scenarios need of it
		 * works without. */
		[WATCH_SHARED] = { "agent", "--repeat-interval", "0", NULL },
		[WATCH_CLAIMS] = { "trace", "--json", "--claims", NULL },
	};

	if (watch >= WATCH_OWN)
		return NULL;
	return monitor_spawn(t, &(struct monitor_spec){ .argv = argv[watch], .in_space = true });
}

bool shared_is_ready(struct test *t, struct monitor *m)
{
	int64_t until = deadline_in(t, READY_SECONDS);

	while (!monitor_has_ended(m) && !deadline_over(until))
		if (monitor_await_text(t, m->out, "\n", 0.05))
			return true;
	return false;
}

static bool fits(enum watch watch, const char *const *arguments)
{
	if (watch == WATCH_CLAIMS)
		return arguments && !strcmp(arguments[0], "--claims") && !arguments[1];
	return watch == WATCH_SHARED && !arguments;
}

/* Returns the position behind the last whole line. */
static size_t end_of_lines(struct test *t, int fd)
{
	char *text = monitor_text(fd);
	const char *last = text ? strrchr(text, '\n') : NULL;
	size_t end = last ? (size_t)(last + 1 - text) : 0;

	if (!end)
		test_abort(t, "stage: the shared monitor's output cannot be read");
	free(text);
	return end;
}

static void must_watch(struct test *t, const struct monitor *m)
{
	char *said;

	if (!m->ended && monitor_await_text(t, m->out, "\n", READY_SECONDS))
		return;
	said = monitor_text(m->err);
	test_abort(t, "expected a shared monitor that watches, got \"%s\"", said ? said : "");
}

bool shared_attach(struct test *t, const char *const *arguments)
{
	const struct monitor *m;

	if (!t->shared || !fits(t->watch, arguments))
		return false;
	m = t->shared[t->watch];
	if (!m)
		return false;
	must_watch(t, m);
	t->monitor = calloc(1, sizeof(*t->monitor));
	if (!t->monitor)
		test_abort(t, "stage: out of memory");
	*t->monitor = (struct monitor){
		.pid = m->pid,
		.out = m->out,
		.err = m->err,
		.netns = space_of(getpid()),
		.taken = end_of_lines(t, m->out),
	};
	return true;
}

static bool is_of(const struct test *t, const struct monitor *m, json_t *who, json_t *netns)
{
	pid_t pid = (pid_t)json_integer_value(json_object_get(who, "pid"));

	return (uint64_t)json_integer_value(netns) == m->netns || test_has_puppet(t, pid);
}

/* The lines have times of one length in UTC, so their order is that of the texts. */
static bool is_from_before(const struct test *t, json_t *line)
{
	const char *time = json_string_value(json_object_get(line, "time"));
	time_t start = (time_t)(t->start / 1000000000);
	char text[32] = "";
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&start, &tm));
	return time && strncmp(time, text, strlen(text)) < 0;
}

/* On a busy machine the last refusals of one scenario are told in the next one, whose network namespace can have
 * the inode number of the first. */
bool shared_concerns(const struct test *t, const struct monitor *m, json_t *line)
{
	json_t *requester = json_object_get(line, "requester");

	if (is_from_before(t, line))
		return false;
	if (requester)
		return is_of(t, m, requester, json_object_get(requester, "netns"));
	return is_of(t, m, json_object_get(line, "process"), json_object_get(line, "netns"));
}

static int bind_one(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(SETTLE_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, SETTLE_ADDRESS, &at.sin_addr);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ? -errno : fd;
}

/* portclash prints verdicts in the order of the refusals. When this process has read the verdict of
 * its own refusal, all earlier verdicts are there. */
void shared_settle(struct test *t)
{
	int first = bind_one(), second = bind_one();

	if (first < 0 || second != -EADDRINUSE)
		test_abort(t, "stage: expected EADDRINUSE at the end, got \"%s\"",
			   strerror(first < 0  ? -first :
				    second < 0 ? -second :
						 0));
	if (!monitor_line(t, "refusal", getpid(), SETTLE_SECONDS))
		test_fail(t, "expected the scenario's own refusal as the last line, got none");
	close(first);
}

/* The runner has ended the shared portclashes. Alone on the machine they must not have lost a
 * record. */
static void scenario_shared_monitor(struct test *t)
{
	struct monitor *const *shared = t->shared;

	t->lossless = true;
	/* The kernel's choice, where it preempts lazily; and attacks that other scenarios stage. */
	t->forgiven = "not_run arguments";
	t->shared = NULL;
	for (int i = 0; i < WATCH_OWN; i++) {
		t->monitor = shared[i];
		monitor_finish(t);
	}
	t->monitor = NULL;
}

const struct scenario shared_end = { .name = "shared-monitor",
				     .run = scenario_shared_monitor,
				     .watch = WATCH_OWN };
