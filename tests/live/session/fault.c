// SPDX-License-Identifier: GPL-2.0-only
/* portclash is killed, runs twice, or lacks a right: what it leaves behind, and its messages. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "judge/truth.h"
#include "monitor/bpf_objects.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

/* Instants at which a starting portclash is killed. */
#define KILLS 8

static void check_theft_seen(struct test *t, const struct theft *o)
{
	truth_check_client(t, &o->attempt, &o->out, o->backend);
}

static void kill_it(struct test *t, struct monitor *m)
{
	if (monitor_stop(t, m, SIGKILL, 20) != -1)
		test_fail(t, "expected that it dies of the signal, got status %#x", m->status);
}

static void scenario_killed(struct test *t)
{
	struct bpf_objects held;
	struct theft theft;

	monitor_watch(t, NULL);
	theft = theft_connected(t);
	theft_refuse(&theft);
	check_theft_seen(t, &theft);
	bpf_objects_of(t, t->monitor->pid, &held);
	if (!held.programs || !held.maps || !held.links)
		test_abort(t, "expected programs, maps and links, got %u, %u and %u", held.programs,
			   held.maps, held.links);
	kill_it(t, t->monitor);
	bpf_objects_expect_gone(t, &held);
	test_note(t, "%u programs, %u maps and %u links, all gone", held.programs, held.maps,
		  held.links);
	t->monitor = NULL;
	/* Sockets, old and new, work as before. */
	theft_refuse(&theft);
	stage_client(theft.web, 0, "127.0.0.1", SERVER_PORT);
	stage_bound(theft.web, OPT_UDP, "127.0.0.1", 0);
}

/* Counts the return probes of this portclash in tracefs; those of another do not count. */
static unsigned probes_of(struct test *t, pid_t pid)
{
	FILE *list = fopen("/sys/kernel/tracing/kprobe_events", "re");
	char line[1024], end[16];
	unsigned count = 0;

	if (!list)
		test_skip(t, "no list of kprobes: %s", strerror(errno));
	snprintf(end, sizeof(end), "_%d ", (int)pid);
	while (fgets(line, sizeof(line), list))
		count += strstr(line, ":portclash/") && strstr(line, end);
	fclose(list);
	return count;
}

/* The probes in tracefs go with portclash, or with the next one if it was killed. */
static void scenario_return_probes(struct test *t)
{
	pid_t killed, next;
	unsigned left;

	probes_of(t, 0);
	monitor_watch(t, NULL);
	killed = t->monitor->pid;
	if (!t->settings->backend || strcmp(t->settings->backend, "kprobe")) {
		if (probes_of(t, killed))
			test_fail(t, "expected no return probes without the kprobe back end");
		return;
	}
	left = probes_of(t, killed);
	if (!left)
		test_fail(t, "expected return probes in tracefs, got none");
	kill_it(t, t->monitor);
	if (probes_of(t, killed) != left)
		test_fail(t, "expected that a kill leaves %u probes, got %u", left,
			  probes_of(t, killed));
	monitor_watch(t, NULL);
	next = t->monitor->pid;
	left = probes_of(t, killed);
	monitor_finish(t);
	t->monitor = NULL;
	left += probes_of(t, next);
	if (left)
		test_fail(t, "expected that the next one removes them and its own, got %u left",
			  left);
}

/* Starts portclash, stops it after so long, and kills it then: the objects it has by then cannot
 * change. */
static void kill_after(struct test *t, int64_t ns, struct bpf_objects *held)
{
	static const char *const argv[] = { "trace", "--json", NULL };
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });

	sleep_ms((unsigned)(ns / 1000000));
	footprint_stop(t, m->pid);
	bpf_objects_of(t, m->pid, held);
	kill_it(t, m);
	bpf_objects_expect_gone(t, held);
}

static void scenario_killed_while_loading(struct test *t)
{
	struct bpf_objects all, held;
	int64_t before = wall_ns(), took;
	unsigned midway = 0;

	monitor_watch(t, NULL);
	took = wall_ns() - before;
	bpf_objects_of(t, t->monitor->pid, &all);
	for (int i = 0; i < KILLS; i++) {
		kill_after(t, took * i / KILLS, &held);
		midway += held.count && held.count < all.count;
	}
	test_note(
		t,
		"ready after %.0f ms; of %d kills before that %u with some but not all of %u BPF objects",
		(double)took / 1e6, KILLS, midway, all.count);
	if (!midway)
		test_fail(t, "expected a kill in the middle of loading, got none");
	/* The portclash that ran all the time was not disturbed. */
	bpf_objects_of(t, t->monitor->pid, &held);
	if (held.count != all.count)
		test_fail(t, "expected %u BPF objects, got %u", all.count, held.count);
}

static void check_by(struct test *t, struct monitor *m, const struct theft *theft)
{
	t->monitor = m;
	check_theft_seen(t, theft);
}

/* Two portclashes report the same; one that ends, in an orderly way or not, takes nothing from the
 * other. */
static void two_with(struct test *t, int signal)
{
	struct monitor *first, *second;
	struct theft theft;

	monitor_watch(t, NULL);
	first = t->monitor;
	monitor_watch(t, NULL);
	second = t->monitor;
	theft = theft_connected(t);
	theft_refuse(&theft);
	check_by(t, first, &theft);
	check_by(t, second, &theft);
	t->monitor = first;
	if (signal == SIGKILL)
		kill_it(t, first);
	else
		monitor_finish(t);
	theft_refuse(&theft);
	check_by(t, second, &theft);
	/* The survivor sees a later claim, too. */
	theft_connect(&theft, 0);
	theft_refuse(&theft);
	check_theft_seen(t, &theft);
}

static void scenario_two_monitors(struct test *t)
{
	two_with(t, SIGINT);
}

static void scenario_two_monitors_one_killed(struct test *t)
{
	two_with(t, SIGKILL);
}

/* The back end is used, or one sentence says why not. */
static void check_backend_start(struct test *t, const char *name)
{
	const char *const argv[] = { "trace", "--json", "--for", "0.1", "--backend", name, NULL };
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 30);
	char *out = monitor_text(m->out), *err = monitor_text(m->err), expect[64];

	snprintf(expect, sizeof(expect), "\"backend\":\"%s", strcmp(name, "auto") ? name : "");
	test_note(t, "%s: %.*s", name, status == 1 ? (int)strcspn(err, "\n") : 6,
		  status == 1 ? err : "in use");
	if (status == 1) {
		if (strncmp(err, "portclash: ", 11) || strchr(err, '\n') != err + strlen(err) - 1)
			test_fail(t, "expected one sentence, got \"%s\"", err);
		if (!strstr(err, name))
			test_fail(t, "expected a sentence with \"%s\", got \"%s\"", name, err);
		if (*out)
			test_fail(t, "expected nothing on standard output, got \"%s\"", out);
	} else if ((status != 0 && status != 3) || !strstr(out, expect)) {
		test_fail(t, "expected %s and 0 or 3, got %d and \"%s\"", expect, status, out);
	}
	free(out);
	free(err);
}

static void scenario_back_ends(struct test *t)
{
	check_backend_start(t, "fentry");
	check_backend_start(t, "kprobe");
	check_backend_start(t, "tracepoint");
	check_backend_start(t, "auto");
}

/* `ulimit -l 0`: root may lock memory anyway. */
static void scenario_no_locked_memory(struct test *t)
{
	struct rlimit none = { 0, 0 };
	struct theft theft;

	if (setrlimit(RLIMIT_MEMLOCK, &none))
		test_abort(t, "stage: setrlimit(): %s", strerror(errno));
	monitor_watch(t, NULL);
	theft = theft_connected(t);
	theft_refuse(&theft);
	check_theft_seen(t, &theft);
}

const struct scenario cases_session_fault[] = {
	{ .name = "killed", .run = scenario_killed, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "return-probes", .run = scenario_return_probes, .watch = WATCH_OWN },
	{ .name = "killed-while-loading",
	  .run = scenario_killed_while_loading,
	  .seconds = 120,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "two-monitors",
	  .run = scenario_two_monitors,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "two-monitors-one-killed",
	  .run = scenario_two_monitors_one_killed,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "back-ends", .run = scenario_back_ends, .watch = WATCH_OWN, .where = ONCE },
	{ .name = "no-locked-memory",
	  .run = scenario_no_locked_memory,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
