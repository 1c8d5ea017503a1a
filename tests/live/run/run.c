// SPDX-License-Identifier: GPL-2.0-only
/* Running scenarios and counting the results. */
#include "run/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "monitor/shared.h"
#include "stage/space.h"

#define LIMIT_DEFAULT 60
#define END_SECONDS 10
#define FOLDER "/tmp/portclash-live-XXXXXX"

static struct test test_of(struct tally *tally)
{
	return (struct test){
		.settings = tally->settings,
		.report = tally->report,
		.home_netns = tally->home_netns,
	};
}

/* The next function runs in the scenario's process. */

static void stage(struct tally *tally, const struct scenario *scenario, const char *folder)
{
	struct test t = test_of(tally);
	int err = space_enter();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(t.folder, sizeof(t.folder), "%s", folder);
	t.start = wall_ns();
	if (err)
		test_abort(&t, "stage: no network namespace: %s", strerror(-err));
	t.watch = scenario->watch;
	if (tally->settings->shared)
		t.shared = tally->shared;
	scenario->run(&t);
	monitor_finish(&t);
	t.report->result = RESULT_DONE;
	_exit(0);
}

/* Processes that a scenario left behind have become children of this one. */

static pid_t parent_of(const char *pid)
{
	char path[300], line[512] = "";
	const char *name_end;
	FILE *file;
	int parent;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	name_end = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	return name_end && sscanf(name_end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static bool is_shared(const struct tally *tally, pid_t pid)
{
	for (int i = 0; i < WATCH_OWN; i++)
		if (tally->shared[i] && tally->shared[i]->pid == pid)
			return true;
	return false;
}

static bool kill_one_child(const struct tally *tally)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t child = 0;

	while (proc && !child && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    parent_of(entry->d_name) == getpid() && !is_shared(tally, atoi(entry->d_name)))
			child = atoi(entry->d_name);
	if (proc)
		closedir(proc);
	if (!child)
		return false;
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child;
}

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char below[1024];

	while (folder && (entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    !unlinkat(dirfd(folder), entry->d_name, 0) || errno != EISDIR)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		remove_folder(below);
	}
	if (folder)
		closedir(folder);
	rmdir(path);
}

static bool child_ends_in(pid_t pid, double seconds)
{
	struct pollfd fd = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int n = poll(&fd, 1, (int)(seconds * 1000));

	close(fd.fd);
	return n == 1;
}

static void run_process(struct tally *tally, const struct scenario *scenario, const char *folder)
{
	double limit =
		(scenario->seconds ? scenario->seconds : LIMIT_DEFAULT) * tally->settings->patience;
	struct report *r = tally->report;
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		stage(tally, scenario, folder);
	if (!child_ends_in(pid, limit)) {
		kill(pid, SIGKILL);
		r->failures++;
		r->len += (size_t)snprintf(r->text + r->len, sizeof(r->text) - r->len,
					   "no end within %.0f s\n", limit);
	}
	waitpid(pid, &status, 0);
	if (r->result == RESULT_NONE && !r->failures) {
		r->failures++;
		r->len += (size_t)snprintf(r->text + r->len, sizeof(r->text) - r->len,
					   "the scenario itself ended with %#x\n", status);
	}
	while (kill_one_child(tally))
		;
}

static void print_indented(const char *text)
{
	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		printf("     %.*s\n", (int)strcspn(text, "\n"), text);
}

static void print_failure(const char *name, const struct report *r)
{
	const char *rest = strchr(r->text, '\n');

	printf("FAIL %s: %.*s\n", name, (int)strcspn(r->text, "\n"), r->text);
	print_indented(rest ? rest + 1 : NULL);
	if (r->failures > FAILURES_SHOWN)
		printf("     and %u mismatches more\n", r->failures - FAILURES_SHOWN);
}

void run_skip(struct tally *tally, const char *name, const char *why)
{
	tally->skipped++;
	printf("skip %s: %.*s\n", name, (int)strcspn(why, "\n"), why);
}

static void conclude(struct tally *tally, const char *name, double seconds)
{
	const struct report *r = tally->report;

	if (r->result == RESULT_SKIPPED && !r->failures) {
		run_skip(tally, name, r->text);
	} else if (r->failures) {
		tally->failed++;
		print_failure(name, r);
	} else {
		tally->passed++;
		printf("ok %s (%.1f s)\n", name, seconds);
		print_indented(r->text);
	}
	fflush(stdout);
}

static void note_timing(struct tally *tally, struct timing timing)
{
	for (int i = 0; i < SLOWEST_SHOWN; i++) {
		struct timing *at = &tally->slowest[i];

		if (!at->name || at->seconds < timing.seconds) {
			struct timing moved = *at;

			*at = timing;
			timing = moved;
		}
	}
}

/* Prints nothing after a few scenarios: their own lines are enough. */
static void print_slowest(const struct tally *tally)
{
	if (tally->passed + tally->failed <= SLOWEST_SHOWN)
		return;
	printf("slowest scenarios:\n");
	for (int i = 0; i < SLOWEST_SHOWN && tally->slowest[i].name; i++)
		printf("%6.1f s  %s\n", tally->slowest[i].seconds, tally->slowest[i].name);
}

/* Starts the shared portclash that this scenario needs, and ends the one for --claims when no later
 * scenario needs it. */
static void prepare_shared(struct tally *tally, enum watch watch)
{
	struct test t = test_of(tally);
	struct monitor **m = &tally->shared[watch];

	if (watch == WATCH_OWN || !tally->settings->shared)
		return;
	if (!*m)
		*m = shared_start(&t, watch);
	else
		monitor_has_ended(*m);
	if (watch != WATCH_CLAIMS && tally->shared[WATCH_CLAIMS])
		monitor_stop(&t, tally->shared[WATCH_CLAIMS], SIGINT, END_SECONDS);
}

void run_shared_end(struct tally *tally)
{
	struct test t = test_of(tally);

	for (int i = 0; i < WATCH_OWN; i++)
		if (tally->shared[i])
			monitor_stop(&t, tally->shared[i], SIGINT, END_SECONDS);
	run_scenario(tally, &shared_end);
	memset(tally->shared, 0, sizeof(tally->shared));
}

void run_scenario(struct tally *tally, const struct scenario *scenario)
{
	char folder[] = FOLDER;
	double seconds;
	int64_t start;

	if (tally->cannot[0]) {
		run_skip(tally, scenario->name, tally->cannot);
		return;
	}
	memset(tally->report, 0, offsetof(struct report, text));
	tally->report->text[0] = '\0';
	if (!mkdtemp(folder)) {
		tally->failed++;
		printf("FAIL %s: no folder %s: %s\n", scenario->name, folder, strerror(errno));
		return;
	}
	prepare_shared(tally, scenario->watch);
	start = wall_ns();
	run_process(tally, scenario, folder);
	remove_folder(folder);
	seconds = (double)(wall_ns() - start) / 1e9;
	note_timing(tally, (struct timing){ scenario->name, seconds });
	conclude(tally, scenario->name, seconds);
}

/* The next functions find out whether portclash can watch here at all. */

/* Starts the trial portclash. A shared one goes on watching, if it can. */
static struct monitor *start_shared(struct tally *tally, struct test *t)
{
	static const char *const argv[] = { "trace", "--json", "--for", "0.01", NULL };
	struct monitor *m;

	if (!tally->settings->shared)
		return monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	m = shared_start(t, WATCH_SHARED);
	if (shared_is_ready(t, m))
		tally->shared[WATCH_SHARED] = m;
	return m;
}

static void probe_machine(struct tally *tally)
{
	struct test t = test_of(tally);
	struct monitor *m = start_shared(tally, &t);
	int status = tally->shared[WATCH_SHARED] ? 0 : monitor_stop(&t, m, 0, 60);
	char *said = monitor_text(m->err);

	if (status == 1)
		snprintf(tally->cannot, sizeof(tally->cannot), "%s", said ? said : "exit status 1");
	else if (status != 0 && status != 3)
		fprintf(stderr, "live: %s ended with %d: %s\n", tally->settings->portclash, status,
			said ? said : "");
	free(said);
	if (tally->cannot[0])
		fprintf(stderr,
			"****************************************************************\n"
			"live: portclash CANNOT WATCH on this machine; NOTHING IS TESTED:\n"
			"live: %s\n"
			"****************************************************************\n",
			tally->cannot);
}

int run_open(struct tally *tally, const struct settings *settings)
{
	*tally = (struct tally){ .settings = settings };
	mkdir("/tmp", 01777);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (access(settings->portclash, X_OK)) {
		fprintf(stderr, "live: cannot run %s: %s\n", settings->portclash, strerror(errno));
		return -errno;
	}
	tally->report = mmap(NULL, sizeof(*tally->report), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	tally->home_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (tally->report == MAP_FAILED || tally->home_netns < 0) {
		fprintf(stderr, "live: cannot start: %s\n", strerror(errno));
		return -errno;
	}
	probe_machine(tally);
	return 0;
}

int run_close(struct tally *tally, bool no_skip)
{
	print_slowest(tally);
	printf("%u passed, %u failed, %u skipped\n", tally->passed, tally->failed, tally->skipped);
	return tally->failed || (no_skip && tally->skipped);
}
