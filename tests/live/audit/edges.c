// SPDX-License-Identifier: GPL-2.0-only
/* `portclash audit` under difficulties: hostile names, long lists, missing rights, files and
 * namespaces that do not exist. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "judge/audit.h"
#include "run/cases.h"
#include "stage/stage.h"

#define NOBODY 65534

static void scenario_audit_cannot_write(struct test *t)
{
	static const char *const argv[] = { "audit",   "--protect",	      "40000",
					    "--write", "/nonexistent/x.conf", NULL };
	struct audit a = audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 1);
	char *said = monitor_text(a.m->err), *out = monitor_text(a.m->out);

	if (!strstr(said, "cannot write /nonexistent/x.conf") || strstr(out, "sysctl -p"))
		test_fail(t, "expected a sentence about the file alone, got \"%s\"", said);
	free(said);
	free(out);
}

static void scenario_audit_hostile(struct test *t)
{
	static const char *const json[] = { "audit", "--json", NULL };
	static const char *const plain[] = { "audit", NULL };
	struct puppet *evil = puppet_start(t, EVIL_COMM);
	struct audit a;
	struct spot s;

	stage_listener(evil, 0, "0.0.0.0", 40000);
	a = audit_json(t, json, 3);
	s = audit_line(&a, "audit-listener", 40000);
	expect_person(&s, "process", &evil->who);
	audit_hostile(t, plain);
}

#define LONG_MAX 32768

/* Writes a list of every second port from `low` on. */
static void long_list(char out[LONG_MAX], unsigned low)
{
	size_t len = 0;

	for (unsigned port = low; port < low + 8000; port += 2)
		len += (size_t)snprintf(out + len, LONG_MAX - len, "%s%u", len ? "," : "", port);
}

/* A list of thousands takes more than one write(), and the kernel gives it in one read() only. */
static void scenario_audit_long_reserved(struct test *t)
{
	static const char *const argv[] = { "audit", "--json", "--netns", "self", NULL };
	static char list[LONG_MAX];
	struct audit a;
	struct spot s;
	int fd = open("/proc/sys/net/" RESERVED, O_WRONLY | O_CLOEXEC);

	long_list(list, 1025);
	for (size_t done = 0, len = strlen(list); done < len;) {
		ssize_t n = write(fd, list + done, len - done);

		if (n <= 0)
			test_abort(t, "stage: the kernel does not take a long list");
		done += (size_t)n;
	}
	close(fd);
	a = audit_json(t, argv, 0);
	s = audit_line(&a, "audit-netns", 0);
	expect_string(&s, "reserved", list);
}

/* sysctl(8) would load only the first 4 KiB of it; the command that portclash prints loads all. */
static void scenario_audit_long_drop_in(struct test *t)
{
	static char list[LONG_MAX], path[128];
	static const char *const argv[] = { "audit", "--json",	"--netns", "self", "--protect",
					    list,    "--write", path,	   NULL };
	struct audit a;
	struct spot s;

	if (system("dd if=/dev/null bs=1M iflag=fullblock status=none && sed -n 1p /dev/null"))
		test_skip(t, "there is no dd and sed to load the list with");
	long_list(list, 33001);
	test_path(t, "60-long.conf", path, sizeof(path));
	a = audit_json(t, argv, 3);
	s = audit_line(&a, "audit-summary", 0);
	s = spot_below(&s, "dropin");
	expect_string(&s, "ports", list);
	if (system(json_string_value(json_object_get(s.json, "load_command"))))
		test_fail(t, "expected that the load command does what it is for");
	a = audit_json(t, argv, 0);
	s = audit_line(&a, "audit-netns", 0);
	expect_string(&s, "reserved", list);
}

/* A user listens on most of the ports that clients can have. To reserve them all would leave the clients none. */
static void scenario_audit_too_many(struct test *t)
{
	static char path[128];
	static const char *const argv[] = { "audit",   "--json", "--netns", "self",
					    "--write", path,	 NULL };
	struct puppet *many =
		puppet_start_as(t, &(struct puppet_spec){ .name = "many", .uid = 65534 });
	struct audit a;
	struct spot s;

	audit_set(t, RANGE, "40000 40003");
	for (uint16_t port = 40000; port < 40003; port++)
		stage_listener(many, 0, "0.0.0.0", port);
	test_path(t, "60-many.conf", path, sizeof(path));
	a = audit_json(t, argv, 1);
	s = audit_line(&a, "audit-netns", 0);
	expect_int(&s, "exposed", 3);
	expect_null(&s, "command");
	expect_null(&s, "command_plain");
	s = audit_line(&a, "audit-summary", 0);
	expect_null(&s, "dropin");
	if (!access(path, F_OK))
		test_fail(t, "expected that %s is not written", path);
}

#define OTHERS "# tuned by hand\nnet.ipv4.tcp_fin_timeout = 30\n# portclash reserve: 9000\n"

static void edges_put_text(struct test *t, const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		test_abort(t, "stage: cannot write %s", path);
}

static void compare_text(struct test *t, const char *path, const char *expected)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *have = monitor_text(fd);

	if (strcmp(have, expected))
		test_fail(t, "expected \"%s\", got \"%s\" in %s", expected, have, path);
	free(have);
	close(fd);
}

/* The file holds other settings, which stay; the command that loads it does not set them. */
static void scenario_audit_write_edits(struct test *t)
{
	char path[128], command[256];
	const char *argv[] = { "audit", "--json",  "--netns", "self", "--protect",
			       "20501", "--write", path,      NULL };
	struct audit a;
	struct spot s;

	test_path(t, "60-portclash.conf", path, sizeof(path));
	edges_put_text(t, path,
		       OTHERS "net.ipv4.ip_local_reserved_ports = 9000\nvm.swappiness = 7\n");
	audit_set(t, RANGE, "20000 20999");
	audit_set(t, RESERVED, "80");
	a = audit_json(t, argv, 3);
	s = audit_line(&a, "audit-summary", 0);
	s = spot_below(&s, "dropin");
	expect_string(&s, "written", path);
	expect_string(&s, "ports", "80,9000,20501");
	expect_string(&s, "load_command",
		      "sysctl -w net.ipv4.ip_local_reserved_ports=80,9000,20501");
	compare_text(t, path,
		     OTHERS
		     "net.ipv4.ip_local_reserved_ports = 80,9000,20501\nvm.swappiness = 7\n");
	snprintf(command, sizeof(command), "%s >/dev/null",
		 json_string_value(json_object_get(s.json, "load_command")));
	if (system(command))
		test_fail(t, "expected that the load command does what it is for");
	a = audit_json(t, argv, 0);
	s = audit_line(&a, "audit-netns", 0);
	expect_string(&s, "reserved", "80,9000,20501");
}

/* --write changes no file that is not a sysctl.d file, nor the target of a link; the audit itself is told. */
static void scenario_audit_write_refuses(struct test *t)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n";
	char victim[128], link[128];
	const char *argv[] = { "audit", "--json",  "--netns", "self", "--protect",
			       "20501", "--write", victim,    NULL };
	struct audit a;
	struct spot s;
	char *said;

	edges_put_text(t, test_path(t, "passwd", victim, sizeof(victim)), passwd);
	if (symlink(victim, test_path(t, "60-portclash.conf", link, sizeof(link))))
		test_abort(t, "stage: cannot make a link");
	audit_set(t, RANGE, "20000 20999");
	for (int turn = 0; turn < 2; turn++) {
		argv[7] = turn ? link : victim;
		a = audit_json(t, argv, 1);
		s = audit_line(&a, "audit-summary", 0);
		expect_int(&s, "exit_status", 1);
		s = spot_below(&s, "dropin");
		expect_null(&s, "written");
		expect_null(&s, "load_command");
		said = monitor_text(a.m->err);
		if (!strstr(said,
			    turn ? "symbolic link" : "line 1 does not belong in a sysctl.d file"))
			test_fail(t, "expected a sentence about the file, got \"%s\"", said);
		free(said);
		compare_text(t, victim, passwd);
	}
}

/* Without root, portclash sees its own namespace, the listener and its port, but not the owner; and
 * it says so. */
static void scenario_audit_not_root(struct test *t)
{
	static const char *const argv[] = { "audit", "--json", NULL };
	struct puppet *web = puppet_start(t, "web");
	char path[128];
	struct audit a;
	struct spot s;

	monitor_copy(t, path, sizeof(path));
	stage_listener(web, 0, "0.0.0.0", 40000);
	a = audit_as(t,
		     &(struct monitor_spec){
			     .argv = argv, .in_space = true, .exe = path, .uid = NOBODY },
		     3);
	monitor_read(t, a.m);
	s = audit_line(&a, "audit-listener", 40000);
	expect_bool(&s, "exposed", true);
	expect_null(&s, "process");
	expect_contains(&s, "process_note", "may not read the descriptors");
	s = audit_line(&a, "audit-summary", 0);
	s = spot_below(&s, "unseen");
	if (json_array_size(s.json) < 2 ||
	    !strstr(json_string_value(json_array_get(s.json, 0)), "root"))
		expected(&s, "sentences of what was not seen without root");
}

/* Mounts the scenario's network namespace as `ip netns` does it. */
static void mount_space(struct test *t, char *path, size_t size)
{
	int fd = open(test_path(t, "blue", path, size), O_WRONLY | O_CREAT | O_CLOEXEC, 0444);

	if (fd < 0)
		test_abort(t, "stage: cannot make %s", path);
	close(fd);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL))
		test_skip(t, "a network namespace cannot be mounted here");
}

/* The namespace exists, and portclash may not enter it: it looked at nothing, so it must not report
 * that all is well. */
static void scenario_audit_may_not_enter(struct test *t)
{
	static char mounted[128];
	static const char *const argv[] = { "audit", "--json", "--netns", mounted, NULL };
	struct monitor_spec spec = { .argv = argv };
	char path[128];
	struct audit a;
	struct spot s;

	monitor_copy(t, path, sizeof(path));
	mount_space(t, mounted, sizeof(mounted));
	a = audit_as(t, &spec, 0);
	monitor_read(t, a.m);
	s = audit_line(&a, "audit-netns", 0);
	expect_bool(&s, "looked_at", true);
	expect_string(&s, "path", mounted);
	spec.exe = path;
	spec.uid = NOBODY;
	a = audit_as(t, &spec, 1);
	monitor_read(t, a.m);
	s = audit_line(&a, "audit-netns", 0);
	expect_bool(&s, "looked_at", false);
	expect_string(&s, "path", mounted);
	expect_contains(&s, "unseen_reason", "may not enter");
}

static void scenario_audit_no_such_namespace(struct test *t)
{
	static const char *const argv[] = { "audit", "--netns", "no-such-one", NULL };
	struct audit a = audit_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true }, 1);
	char *said = monitor_text(a.m->err);

	if (!strstr(said, "\"no-such-one\""))
		test_fail(t, "expected a sentence with the name, got \"%s\"", said);
	free(said);
}

const struct scenario cases_audit_edges[] = {
	{ .name = "audit-cannot-write",
	  .run = scenario_audit_cannot_write,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-hostile",
	  .run = scenario_audit_hostile,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-long-reserved",
	  .run = scenario_audit_long_reserved,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-long-drop-in",
	  .run = scenario_audit_long_drop_in,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-too-many",
	  .run = scenario_audit_too_many,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "audit-write-edits",
	  .run = scenario_audit_write_edits,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "audit-write-refuses",
	  .run = scenario_audit_write_refuses,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "audit-not-root",
	  .run = scenario_audit_not_root,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-may-not-enter",
	  .run = scenario_audit_may_not_enter,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-no-such-namespace",
	  .run = scenario_audit_no_such_namespace,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
