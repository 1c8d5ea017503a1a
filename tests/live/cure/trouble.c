// SPDX-License-Identifier: GPL-2.0-only
/* `portclash reserve` and `free` in trouble: settings that cannot be written, a record that is damaged or of
 * another boot, a reservation whose keeper was killed, a lock that another process holds. Nothing is half done. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/free.h"
#include "judge/guard.h"
#include "run/cases.h"

#define ARGUMENTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* /proc/sys is read-only, as in a container. */
static void make_settings_read_only(struct test *t)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) ||
	    mount("none", "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		test_skip(t, "/proc/sys cannot be made read-only here: %s", strerror(errno));
}

/* Runs portclash to its end; the status, and a part of what it says on either output, must be these. */
static void expect_says(struct test *t, const char *const *argv, int status, const char *says)
{
	struct monitor_spec spec = { .argv = argv, .in_space = true };
	struct monitor *m = monitor_spawn(t, &spec);
	int have = monitor_stop(t, m, 0, 20);
	char *out = monitor_text(m->out), *err = monitor_text(m->err);

	if (have != status || (!strstr(out, says) && !strstr(err, says)))
		test_fail(t, "expected %d and \"%s\", got %d, \"%s\" and \"%s\"", status, says,
			  have, out, err);
	free(out);
	free(err);
}

static void scenario_reserve_read_only(struct test *t)
{
	char state[128], path[128], *record;

	test_path(t, "state", state, sizeof(state));
	make_settings_read_only(t);
	expect_says(t, ARGUMENTS("reserve", "--state", state, "40000"), 1, "read-only here");
	record = monitor_text(
		open(test_path(t, "state/reserved", path, sizeof(path)), O_RDONLY | O_CLOEXEC));
	if (record && strstr(record, "40000"))
		test_fail(t, "expected that the record does not have the port, got \"%s\"", record);
	free(record);
	guard_expect_list(t, "");
}

/* No reservation, no end: the port would be given away at once. */
static void scenario_free_read_only(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	char state[128];

	test_path(t, "state", state, sizeof(state));
	make_settings_read_only(t);
	expect_says(t, ARGUMENTS("free", "--yes", "--state", state, r.text), 1, "read-only here");
	robbery_expect_word(t, &r.out, &r.in, "the connection");
	robbery_expect_bystanders(&r);
	expect_says(t, ARGUMENTS("free", "--yes", "--no-reserve", "--state", state, r.text), 0,
		    "1 socket ended");
	robbery_serve(&r);
}

static void put_kept_record(struct test *t, const char *text)
{
	char path[128];
	FILE *file;

	mkdir(test_path(t, "state", path, sizeof(path)), 0755);
	file = fopen(test_path(t, "state/reserved", path, sizeof(path)), "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		test_abort(t, "stage: %s cannot be written", path);
}

/* A port of a damaged record counts as somebody else's from then on. */
static void scenario_reserve_damaged_record(struct test *t)
{
	char state[128], damaged[128];

	test_path(t, "state", state, sizeof(state));
	expect_says(t, ARGUMENTS("reserve", "--state", state, "40000"), 0, "added");
	put_kept_record(t, "portclash-reserved 1\nboot");
	expect_says(t, ARGUMENTS("reserve", "--state", state, "--remove", "40000"), 3,
		    "reserved.damaged");
	guard_expect_list(t, "40000");
	if (access(test_path(t, "state/reserved.damaged", damaged, sizeof(damaged)), R_OK))
		test_fail(t, "expected that the damaged record is kept beside");
	expect_says(t, ARGUMENTS("reserve", "--state", state, "40001"), 0, "added");
	guard_expect_list(t, "40000-40001");
}

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* The kernel of another boot, for what is started until it is unmounted again. */
static void pretend_boot(struct test *t)
{
	char path[128];
	FILE *file = fopen(test_path(t, "boot_id", path, sizeof(path)), "we");

	if (!file || fputs("01234567-89ab-4cde-8f01-23456789abcd\n", file) < 0 || fclose(file))
		test_abort(t, "stage: %s cannot be written", path);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(path, BOOT_ID, NULL, MS_BIND, NULL))
		test_skip(t, BOOT_ID " cannot be covered here: %s", strerror(errno));
}

/* A record of another boot says nothing of this one. */
static void scenario_reserve_other_boot(struct test *t)
{
	char state[128];

	test_path(t, "state", state, sizeof(state));
	pretend_boot(t);
	expect_says(t, ARGUMENTS("reserve", "--state", state, "40000"), 0, "added");
	if (umount(BOOT_ID))
		test_abort(t, "stage: " BOOT_ID " stays covered");
	expect_says(t, ARGUMENTS("reserve", "--state", state, "--remove", "40000"), 3, "boot");
	guard_expect_list(t, "40000");
}

static pid_t look_for_hold(uint64_t netns)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (proc && !found && (entry = readdir(proc))) {
		char path[300], comm[32] = "";
		pid_t pid = atoi(entry->d_name);
		struct stat st;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = pid > 0 ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) && !strcmp(comm, "portclash-hold\n")) {
			snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
			found = !stat(path, &st) && st.st_ino == netns ? pid : 0;
		}
		fclose(file);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* The pid of the process that keeps the port for the server, which outlives portclash; 0: none is there. */
static pid_t find_hold(struct test *t, uint64_t netns)
{
	int64_t until = deadline_in(t, 3);
	pid_t pid;

	while (!(pid = look_for_hold(netns)) && !deadline_over(until))
		sleep_ms(5);
	return pid;
}

/* Killed, the keeper of a moment's reservation leaves it on record, and it can be given up. */
static void scenario_free_hold_killed(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	char state[128];
	pid_t hold;

	test_path(t, "state", state, sizeof(state));
	free_robbed(&r, NULL, 0);
	hold = find_hold(t, r.client->who.netns);
	if (!hold || kill(hold, SIGKILL))
		test_abort(t, "stage: the process that keeps the port was not found");
	sleep_ms(100);
	guard_expect_list(t, r.text);
	expect_says(t, ARGUMENTS("reserve", "--list", "--state", state), 0, "by portclash free");
	robbery_serve(&r);
	sleep_ms(300);
	guard_expect_list(t, r.text);
	expect_says(t, ARGUMENTS("reserve", "--remove", "--state", state, r.text), 0, "removed");
	guard_expect_list(t, "");
}

/* SIGTERM ends it, and the reservation with it. */
static void scenario_free_hold_ended(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");
	pid_t hold;

	free_robbed(&r, NULL, 0);
	hold = find_hold(t, r.client->who.netns);
	if (!hold || kill(hold, SIGTERM))
		test_abort(t, "stage: the process that keeps the port was not found");
	free_await_given_up(t, r.port);
}

/* Another portclash has the record open for longer than anybody should. */
static void scenario_reserve_locked(struct test *t)
{
	char state[128], path[128];
	int lock;

	test_path(t, "state", state, sizeof(state));
	mkdir(state, 0755);
	lock = open(test_path(t, "state/reserved.lock", path, sizeof(path)),
		    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX))
		test_abort(t, "stage: %s cannot be locked", path);
	expect_says(t, ARGUMENTS("reserve", "--state", state, "40000"), 1, "reserved.lock");
	guard_expect_list(t, "");
	close(lock);
	expect_says(t, ARGUMENTS("reserve", "--state", state, "40000"), 0, "added");
}

/* A client whose name would paint the terminal, or end a line of JSON. */
static void scenario_free_hostile(struct test *t)
{
	struct puppet *evil = puppet_start(t, EVIL_COMM), *backend = puppet_start(t, "backend");
	struct prop listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	struct prop out = stage_client(evil, 0, "127.0.0.1", SERVER_PORT);
	char port[8], state[128], *text;
	struct freed f;
	struct audit a;

	snprintf(port, sizeof(port), "%u", out.look.local.port);
	f = free_run(t, port, ARGUMENTS("--dry-run"), 0);
	free_expect_socket(&f, &(struct robbery){ .out = out }, "end", "ESTABLISHED", evil);
	test_path(t, "state", state, sizeof(state));
	a = audit_as(
		t,
		&(struct monitor_spec){ .argv = ARGUMENTS("free", "--yes", "--state", state, port),
					.in_space = true },
		0);
	text = monitor_text(a.m->out);
	if (!strstr(text, "\\x1b[31m"))
		test_fail(t, "expected the hostile name, escaped, got \"%s\"", text);
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 && *at != '\n')
			test_fail(t, "expected no control character, got \\x%02x", *at);
	free(text);
	stage_look(&listener);
}

struct io_fan {
	int count;
	int done;
};

/* Connects to as many addresses of the backend from one port. */
static void act_fan(void *io)
{
	struct io_fan *a = io;

	for (a->done = 0; a->done < a->count; a->done++) {
		struct io_name to = { .to.port = SERVER_PORT };
		struct io_socket s = { 0 };

		act_socket(&s);
		to.fd = s.fd;
		snprintf(to.to.address, sizeof(to.to.address), "127.0.%d.%d", 1 + a->done / 250,
			 1 + a->done % 250);
		act_connect(&to);
		if (s.error || to.error)
			return;
	}
}

#define FAN 1000

/* A thousand connections have the port, which `free` ends in one go. */
static void scenario_free_many(struct test *t)
{
	struct puppet *client = puppet_start(t, "client"), *backend = puppet_start(t, "backend");
	struct prop listener = stage_socket(backend, 0);
	struct io_fan a = { .count = FAN };
	struct freed f;

	stage_bind(&listener, "0.0.0.0", SERVER_PORT);
	stage_listen(&listener, FAN);
	audit_set(t, RANGE, "45000 45000");
	puppet_begin(client, act_fan, &a, sizeof(a));
	puppet_end(client, &a, sizeof(a), 60);
	audit_set(t, RANGE, "32768 60999");
	if (a.done != FAN)
		test_abort(t, "stage: only %d connections", a.done);
	f = free_run(t, "45000", NULL, 0);
	free_expect_result(&f, "freed", FAN);
	stage_listener(client, 0, "0.0.0.0", 45000);
}

const struct scenario cases_cure_trouble[] = {
	{ .name = "reserve-read-only", .run = scenario_reserve_read_only, .where = ONCE },
	{ .name = "free-read-only", .run = scenario_free_read_only, .where = ONCE },
	{ .name = "reserve-damaged-record", .run = scenario_reserve_damaged_record, .where = ONCE },
	{ .name = "reserve-other-boot", .run = scenario_reserve_other_boot, .where = ONCE },
	{ .name = "free-hold-killed", .run = scenario_free_hold_killed, .where = EACH_KERNEL },
	{ .name = "free-hold-ended", .run = scenario_free_hold_ended, .where = ONCE },
	{ .name = "free-hostile", .run = scenario_free_hostile, .where = ONCE },
	{ .name = "free-many", .run = scenario_free_many, .seconds = 120, .where = EACH_KERNEL },
	{ .name = "reserve-locked", .run = scenario_reserve_locked, .where = ONCE },
	{ 0 },
};
