// SPDX-License-Identifier: GPL-2.0-only
/* `portclash history` where it is asked without a FILE, and by network namespace: the log that the configuration
 * names, the standard configuration, and the names of namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"

#define PATH_LEN 160

/* An inode number that no namespace has here. */
#define ELSEWHERE 77

static uint64_t home_inode(struct test *t)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st))
		test_abort(t, "stage: %s", strerror(errno));
	return st.st_ino;
}

static void put_refusal_line(FILE *out, unsigned port, uint64_t netns)
{
	fprintf(out,
		"{\"schema\":1,\"type\":\"refusal\",\"time\":\"2026-11-30T00:54:33.000000Z\",\"id\":\"%u\",\"cause\":\"listener\",\"proto\":\"tcp\",\"op\":\"bind\",\"errno\":\"EADDRINUSE\",\"requested\":{\"address\":\"0.0.0.0\",\"port\":%u},\"requester\":{\"pid\":%u,\"comm\":\"web\",\"uid\":0,\"netns\":%lu},\"holders\":[]}\n",
		port, port, port, (unsigned long)netns);
}

/* Two refusals in this network namespace, one elsewhere; the oldest line is in LOG.1. */
static void write_logs(struct test *t, const char *log)
{
	char older[PATH_LEN + 4];
	FILE *out;

	snprintf(older, sizeof(older), "%s.1", log);
	out = fopen(older, "we");
	if (!out)
		test_abort(t, "stage: %s: %s", older, strerror(errno));
	put_refusal_line(out, 8001, home_inode(t));
	fclose(out);
	out = fopen(log, "we");
	if (!out)
		test_abort(t, "stage: %s: %s", log, strerror(errno));
	put_refusal_line(out, 8002, home_inode(t));
	put_refusal_line(out, 8003, ELSEWHERE);
	fclose(out);
}

/* The ports of the groups that history prints are these, up to a 0. */
static void expect_ports(struct test *t, const char *const *argv, const unsigned *ports)
{
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 10), expected = *ports ? 3 : 0;
	char *text = monitor_text(m->out), *said = monitor_text(m->err), part[32];
	size_t count = 0;

	if (status != expected || *said)
		test_fail(t, "expected %d, got %d and \"%s\" from history", expected, status, said);
	for (; ports[count]; count++) {
		snprintf(part, sizeof(part), "\"port\":%u,", ports[count]);
		if (!strstr(text, part))
			test_fail(t, "expected port %u, got %s", ports[count], text);
	}
	if (logfile_count(text, "\"type\":\"history\",") != count)
		test_fail(t, "expected %zu groups, got %s", count, text);
	free(text);
	free(said);
}

static void write_config(struct test *t, const char *path, const char *log)
{
	FILE *out = fopen(path, "we");

	if (!out || fprintf(out, "log: \"%s\"\n", log) < 0 || fclose(out))
		test_abort(t, "stage: %s: %s", path, strerror(errno));
}

/* The log that a configuration names, with its older file; and another that names none. */
static void scenario_history_config(struct test *t)
{
	char log[PATH_LEN], config[PATH_LEN], none[PATH_LEN];
	const char *const argv[] = { "history", "--json", "--config", config, NULL };
	const char *const bad[] = { "history", "--config", none, NULL };
	struct monitor *m;
	char *said;

	test_path(t, "events.jsonl", log, sizeof(log));
	test_path(t, "portclash.yaml", config, sizeof(config));
	test_path(t, "none.yaml", none, sizeof(none));
	write_logs(t, log);
	write_config(t, config, log);
	write_config(t, none, "-");
	expect_ports(t, argv, (const unsigned[]){ 8001, 8002, 8003, 0 });
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = bad });
	if (monitor_stop(t, m, 0, 10) != 1)
		test_fail(t, "expected 1 from history without a log");
	said = monitor_text(m->err);
	if (!strstr(said, "which log?"))
		test_fail(t, "expected a sentence, got \"%s\"", said);
	free(said);
}

static void expect_history_error(struct test *t, const char *path, const char *says)
{
	const char *const argv[] = { "history", path, NULL };
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 10);
	char *said = monitor_text(m->err), *out = monitor_text(m->out);

	if (status != 1 || !strstr(said, says) || *out)
		test_fail(t, "expected 1, \"%s\" and no sum, got %d, \"%s\" and \"%s\"", says,
			  status, said, out);
	free(said);
	free(out);
}

/* Nothing is said of refusals where no log was read. */
static void scenario_history_no_log(struct test *t)
{
	static const char magic[] = "pcrec\r\n\x1a and the rest of a recording\n";
	char recording[PATH_LEN], missing[PATH_LEN];
	FILE *file;

	test_path(t, "a.pcrec", recording, sizeof(recording));
	test_path(t, "missing.jsonl", missing, sizeof(missing));
	file = fopen(recording, "w");
	if (!file || fputs(magic, file) < 0 || fclose(file))
		test_abort(t, "stage: cannot write %s", recording);
	expect_history_error(t, recording, "is a recording, not a log: portclash replay ");
	expect_history_error(t, missing, "cannot be read");
}

/* Without --config: /etc/portclash/portclash.yaml, here in a file system of the scenario's own. */
static void scenario_history_default(struct test *t)
{
	static const char *const argv[] = { "history", "--json", NULL };
	char log[PATH_LEN];

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("etc", "/etc", "tmpfs", 0, NULL) || mkdir("/etc/portclash", 0755))
		test_skip(t, "no file system can be mounted here: %s", strerror(errno));
	test_path(t, "events.jsonl", log, sizeof(log));
	write_logs(t, log);
	write_config(t, "/etc/portclash/portclash.yaml", log);
	expect_ports(t, argv, (const unsigned[]){ 8001, 8002, 8003, 0 });
}

/* --netns by number, by path, as self, and by a name in /run/netns. */
static void scenario_history_netns(struct test *t)
{
	static const unsigned here[] = { 8001, 8002, 0 }, there[] = { 8003, 0 }, nowhere[] = { 0 };
	char log[PATH_LEN], older[PATH_LEN + 4];

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		test_skip(t, "nothing can be mounted here: %s", strerror(errno));
	mkdir("/run/netns", 0755);
	test_path(t, "events.jsonl", log, sizeof(log));
	snprintf(older, sizeof(older), "%s.1", log);
	write_logs(t, log);
#define WITH(which) (const char *const[]){ "history", "--json", "--netns", which, log, older, NULL }
	expect_ports(t, WITH("77"), there);
	expect_ports(t, WITH("78"), nowhere);
	/* portclash runs where the scenario's runner does. */
	if (setns(t->home_netns, CLONE_NEWNET))
		test_abort(t, "stage: %s", strerror(errno));
	write_logs(t, log);
	expect_ports(t, WITH("self"), here);
	expect_ports(t, WITH("/proc/self/ns/net"), here);
	if (mount("run", "/run/netns", "tmpfs", 0, NULL) ||
	    close(open("/run/netns/blue", O_CREAT | O_WRONLY | O_CLOEXEC, 0444)) ||
	    mount("/proc/self/ns/net", "/run/netns/blue", NULL, MS_BIND, NULL))
		test_skip(t, "no name can be given to a network namespace here: %s",
			  strerror(errno));
	expect_ports(t, WITH("blue"), here);
#undef WITH
}

const struct scenario cases_session_history[] = {
	{ .name = "history-config",
	  .run = scenario_history_config,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "history-no-log", .run = scenario_history_no_log, .where = ONCE },
	{ .name = "history-default",
	  .run = scenario_history_default,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "history-netns",
	  .run = scenario_history_netns,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ 0 },
};
