// SPDX-License-Identifier: GPL-2.0-only
/* The privileges that `portclash agent` keeps while it watches, that they suffice, and its messages
 * when it has fewer. The numbers come from capabilities(7), not from the code. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "judge/truth.h"
#include "monitor/logfile.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/theft.h"

#define BIT(number) (1ULL << (number))
#define NET_ADMIN BIT(12)
#define SYS_PTRACE BIT(19)
#define SYS_ADMIN BIT(21)
#define PERFMON BIT(38)
#define BPF BIT(39)

#define KEPT (BPF | SYS_PTRACE)

/* The capabilities that the start needs where the kernel does not demand more. */
#define LEAST (KEPT | PERFMON | NET_ADMIN)

/* CapabilityBoundingSet= of packaging/systemd/portclash.service. */
#define UNIT (LEAST | SYS_ADMIN)

/* All is read-only except this and the two folders, as under the unit (ReadWritePaths=). */
#define PROBES "/sys/kernel/tracing/kprobe_events"

#define NOBODY 65534
#define SERVICE_UID 1234

/* Reads the number behind "LABEL:\t" in /proc/PID/status, written in this base. */
static uint64_t proc_status_of(struct test *t, pid_t pid, const char *label, int base)
{
	size_t len = strlen(label);
	char path[64], line[256];
	uint64_t value = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		found = !strncmp(line, label, len) && line[len] == ':';
		value = found ? strtoull(line + len + 1, NULL, base) : 0;
	}
	if (file)
		fclose(file);
	if (!found)
		test_fail(t, "expected %s in %s", label, path);
	return value;
}

static void expect_set(struct test *t, pid_t pid, const char *label, uint64_t want)
{
	uint64_t have = proc_status_of(t, pid, label, 16);

	if (have != want)
		test_fail(t, "expected %#" PRIx64 ", got %#" PRIx64 " as %s", want, have, label);
}

static void check_dropped(struct test *t, pid_t pid, uint64_t kept, uint64_t bounding)
{
	expect_set(t, pid, "CapEff", kept);
	expect_set(t, pid, "CapPrm", kept);
	expect_set(t, pid, "CapInh", 0);
	expect_set(t, pid, "CapAmb", 0);
	expect_set(t, pid, "CapBnd", bounding);
	if (proc_status_of(t, pid, "NoNewPrivs", 10) != 1)
		test_fail(t, "expected no_new_privs");
	if (proc_status_of(t, pid, "Seccomp", 10) != 2)
		test_fail(t, "expected a seccomp filter");
}

/* LimitMEMLOCK=infinity of the unit. */
static void lift_memlock(void)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &none); /* kernels before 5.11 need it, and there it works */
}

/* Makes the mounts that a unit or a container has. Tracefs is among them, because the agent cannot
 * mount it without CAP_SYS_ADMIN. */
static void confine(struct test *t)
{
	static const char *const read_only[] = { "/", "/proc", "/sys", "/sys/kernel/tracing",
						 "/sys/fs/cgroup" };

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		test_abort(t, "stage: no mount namespace: %s", strerror(errno));
	if (access("/sys/kernel/tracing/events", F_OK) &&
	    mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL))
		test_abort(t, "stage: no tracefs: %s", strerror(errno));
	if (!access(PROBES, F_OK) && mount(PROBES, PROBES, NULL, MS_BIND, NULL))
		test_abort(t, "stage: no mount of " PROBES ": %s", strerror(errno));
	if (mount(t->folder, t->folder, NULL, MS_BIND, NULL))
		test_abort(t, "stage: no mount of the folder: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++)
		if (mount(NULL, read_only[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) &&
		    errno != EINVAL) /* not a mount of its own here */
			test_abort(t, "stage: %s cannot be made read-only: %s", read_only[i],
				   strerror(errno));
	lift_memlock();
}

/* Starts the agent and does not wait for READY=1; see `confined`. */
static void watch_confined(struct test *t, const char *prom, const char *more,
			   uint64_t capabilities)
{
	const char *argv[] = { "agent", "--textfile", prom, "--interval", "0.2", more, NULL };

	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .capabilities = capabilities });
	logfile_expect(t, prom, "portclash_confined 1\n");
}

/* A server of another user listens, and a process of a third user was only handed its socket. The
 * agent, which watches already, can learn that third user from /proc alone. */
static void check_identities(struct test *t)
{
	struct puppet_spec specs[] = { { .name = "api", .uid = SERVICE_UID },
				       { .name = "heir", .uid = NOBODY },
				       { .name = "web", .uid = SERVICE_UID } };
	struct puppet *api = puppet_start_as(t, &specs[0]), *heir = puppet_start_as(t, &specs[1]);
	struct puppet *web = puppet_start_as(t, &specs[2]);
	struct prop listener = stage_listener(api, 0, "0.0.0.0", 8080), shared;
	struct attempt a;
	struct truth truth;

	shared = stage_pass(&listener, heir);
	a = stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	truth = truth_listener(&a, &listener);
	truth.stop = NULL;
	truth.holders[0].owners[1] = (struct true_owner){ heir, shared.fd };
	verdict_check(t, &truth);
}

static void scenario_privileges_dropped(struct test *t)
{
	char prom[128];

	watch_confined(t, test_path(t, "metrics.prom", prom, sizeof(prom)), NULL, 0);
	check_dropped(t, t->monitor->pid, KEPT, KEPT);
	logfile_expect(t, prom, "portclash_capability_missing{capability=\"CAP_BPF\"} 0\n");
	check_identities(t);
	logfile_expect(t, prom, "portclash_up 1\n");
}

/* Runs the agent as under the unit: with fewer capabilities to start with, without CAP_SETPCAP to
 * shrink the bounding set, on a read-only file system. */
static void scenario_privileges_of_the_unit(struct test *t)
{
	char prom[128];

	confine(t);
	watch_confined(t, test_path(t, "metrics.prom", prom, sizeof(prom)), NULL, UNIT);
	if (!access("/", W_OK) || errno != EROFS)
		test_abort(t, "stage: expected a read-only file system");
	check_dropped(t, t->monitor->pid, KEPT, UNIT);
	check_identities(t);
}

/* The range of the scenario's network namespace is used up; the agent must enter that namespace to
 * find the processes that use it. */
static json_t *exhaust(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct prop late;

	space_set("ipv4/ip_local_port_range", "20001 20002");
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	late = stage_socket(client, 0);
	stage_refused_connect(&late, act_connect, "connect", "127.0.0.1", SERVER_PORT,
			      EADDRNOTAVAIL);
	return verdict_take(client);
}

static void scenario_privileges_enter_netns(struct test *t)
{
	char prom[128];
	struct spot line, use;

	watch_confined(t, test_path(t, "metrics.prom", prom, sizeof(prom)), "--enter-netns", 0);
	check_dropped(t, t->monitor->pid, KEPT | SYS_ADMIN, KEPT | SYS_ADMIN);
	line = spot_of(t, exhaust(t));
	use = spot_below(&line, "range_use");
	expect_int(&use, "held", 2);
	check_identities(t);
}

/* Without a capability the agent loses exactly what the table of capabilities says. */
static void scenario_privileges_own_netns(struct test *t)
{
	char prom[128];
	struct spot line;

	watch_confined(t, test_path(t, "metrics.prom", prom, sizeof(prom)), NULL, 0);
	line = spot_of(t, exhaust(t));
	expect_string(&line, "cause", "range-exhausted");
	expect_null(&line, "range_use");
}

/* One capability is missing: the agent prints a sentence, sets a metric and watches. */
static void missing(struct test *t, const char *name, uint64_t bit, const char *option)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	char log[128], prom[128], metric[128];
	const char *argv[] = { "agent", "--log", log, "--textfile", prom, option, NULL };
	struct monitor *m;

	test_path(t, name, log, sizeof(log));
	snprintf(prom, sizeof(prom), "%s/%s.prom", t->folder, name);
	snprintf(metric, sizeof(metric), "portclash_capability_missing{capability=\"%s\"} 1\n",
		 name);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .capabilities = LEAST & ~bit });
	logfile_expect(t, log, "\"type\":\"ready\"");
	logfile_expect(t, prom, metric);
	logfile_await_said(t, m, name);
	check_dropped(t, m->pid, KEPT & ~bit, LEAST & ~bit);
	stage_listener(api, 0, "0.0.0.0", 8080);
	stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	logfile_expect(t, log, "\"type\":\"refusal\"");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as exit status without %s", name);
	puppet_exit(api);
	puppet_exit(web);
}

/* Without this capability nothing can be watched, and the agent says so. */
static void cannot_start(struct test *t, const char *name, uint64_t bit)
{
	static const char *const argv[] = { "agent", NULL };
	struct monitor *m;
	char *said;
	int status;

	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .capabilities = LEAST & ~bit });
	status = monitor_stop(t, m, 0, 60);
	said = monitor_text(m->err);
	if (status != 1 || !strstr(said, name) || !strstr(said, "watches nothing"))
		test_fail(t, "expected 1 and a sentence on %s, got %d and \"%s\"", name, status,
			  said);
	free(said);
}

/* Debian's kernels demand CAP_SYS_ADMIN then, which implies most of the others. */
static bool perf_is_paranoid(void)
{
	int fd = open("/proc/sys/kernel/perf_event_paranoid", O_RDONLY | O_CLOEXEC);
	char number[16] = "";

	if (fd >= 0 && read(fd, number, sizeof(number) - 1) < 0)
		number[0] = '\0';
	close(fd);
	return strtol(number, NULL, 10) > 2;
}

static void skip_if_paranoid(struct test *t)
{
	if (perf_is_paranoid() && t->settings->backend && strcmp(t->settings->backend, "fentry"))
		test_skip(
			t,
			"kernel.perf_event_paranoid is above 2: nothing attaches without CAP_SYS_ADMIN");
}

/* Takes all mounts of cgroup2 away from what this process starts. */
static void hide_cgroup2(struct test *t)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;

	while (mounts && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2") && umount2(entry->mnt_dir, MNT_DETACH))
			test_abort(t, "stage: %s stays mounted: %s", entry->mnt_dir,
				   strerror(errno));
	if (mounts)
		endmntent(mounts);
}

/* No program can be attached to a cgroup: the back end's own hook sees connect(). Up to 5.11
 * nothing gives the socket a cookie then. */
static void connect_without_cgroup(struct test *t, bool hidden, uint64_t capabilities)
{
	static const char *const argv[] = { "trace", "--json", NULL };
	struct utsname kernel;
	int major = 0, minor = 0;
	struct theft theft;

	skip_if_paranoid(t);
	if (uname(&kernel) || sscanf(kernel.release, "%d.%d", &major, &minor) != 2 ||
	    major * 100 + minor < 512)
		test_skip(t, "sockets have no cookie without cgroup programs before 5.12");
	confine(t);
	theft = theft_cast(t);
	if (hidden)
		hide_cgroup2(t);
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .capabilities = capabilities });
	theft_listen(&theft, 0);
	theft_connect(&theft, 0);
	theft_refuse(&theft);
	truth_check_client(t, &theft.attempt, &theft.out, theft.backend);
}

/* The kernel loads no cgroup program. */
static void scenario_connect_without_cgroup(struct test *t)
{
	connect_without_cgroup(t, false, LEAST & ~NET_ADMIN);
}

/* The kernel loads the cgroup programs, but there is nothing to attach them to: portclash opens the back end again. */
static void scenario_connect_without_cgroup2(struct test *t)
{
	connect_without_cgroup(t, true, LEAST);
}

static void scenario_privileges_missing(struct test *t)
{
	skip_if_paranoid(t);
	confine(t);
	missing(t, "CAP_NET_ADMIN", NET_ADMIN, NULL);
	missing(t, "CAP_SYS_PTRACE", SYS_PTRACE, NULL);
	missing(t, "CAP_SYS_ADMIN", SYS_ADMIN, "--enter-netns");
	cannot_start(t, "CAP_BPF", BPF);
	cannot_start(t, "CAP_PERFMON", PERFMON);
}

const struct scenario cases_agent_privileges[] = {
	{ .name = "privileges-dropped", .run = scenario_privileges_dropped, .watch = WATCH_OWN },
	{ .name = "privileges-of-the-unit",
	  .run = scenario_privileges_of_the_unit,
	  .watch = WATCH_OWN },
	{ .name = "privileges-enter-netns",
	  .run = scenario_privileges_enter_netns,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "privileges-own-netns",
	  .run = scenario_privileges_own_netns,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "privileges-missing",
	  .run = scenario_privileges_missing,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "connect-without-cgroup",
	  .run = scenario_connect_without_cgroup,
	  .watch = WATCH_OWN },
	{ .name = "connect-without-cgroup2",
	  .run = scenario_connect_without_cgroup2,
	  .watch = WATCH_OWN },
	{ 0 },
};
