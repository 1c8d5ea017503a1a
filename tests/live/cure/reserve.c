// SPDX-License-Identifier: GPL-2.0-only
/* `portclash reserve`: the kernel's own list afterwards, whose ports stay, the sysctl.d file, and what bad
 * input gets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/audit.h"
#include "run/cases.h"
#include "stage/space.h"
#include "stage/stage.h"

#define NOBODY 65534
#define MORE_MAX 8

/* A run of it, with folders of the scenario's own for the record and the sysctl files. */
struct reserved {
	struct test *t;
	struct audit audit;
	struct spot line;    /* of the scenario's network namespace */
	struct spot summary; /* the last line */
};

static struct reserved reserve(struct test *t, int status, const char *const *more)
{
	const char *argv[6 + MORE_MAX] = { "reserve", "--json", "--state" };
	struct reserved r = { .t = t };
	char folder[128];
	int n = 3;

	argv[n++] = test_path(t, "state", folder, sizeof(folder));
	for (int i = 0; more[i] && i < MORE_MAX; i++)
		argv[n++] = more[i];
	r.audit = audit_json(t, argv, status);
	r.line = audit_line(&r.audit, "reserve", 0);
	r.summary = audit_line(&r.audit, "reserve-summary", 0);
	expect_int(&r.summary, "exit_status", status);
	return r;
}

#define ARGUMENTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The kernel's list, by the kernel's word */
static void expect_list(struct test *t, const char *list)
{
	char now[4096] = "";

	space_get(RESERVED, now, sizeof(now));
	if (strcmp(now, list))
		test_fail(t, "expected \"%s\", got \"%s\" in " RESERVED, list, now);
}

static void scenario_reserve_adds(struct test *t)
{
	struct reserved r;

	audit_set(t, RESERVED, "5000,8085");
	r = reserve(t, 0, ARGUMENTS("8080-8090,40000", "50000"));
	expect_string(&r.line, "action", "add");
	expect_string(&r.line, "before", "5000,8085");
	expect_string(&r.line, "after", "5000,8080-8090,40000,50000");
	expect_string(&r.line, "changed", "8080-8084,8086-8090,40000,50000");
	expect_string(&r.line, "others", "8085");
	expect_list(t, "5000,8080-8090,40000,50000");
}

/* Two advices that are pasted one after the other both hold. */
static void scenario_reserve_twice(struct test *t)
{
	struct reserved r;

	reserve(t, 0, ARGUMENTS("40000"));
	reserve(t, 0, ARGUMENTS("40001"));
	r = reserve(t, 0, ARGUMENTS("40001"));
	expect_string(&r.line, "changed", "");
	expect_list(t, "40000-40001");
}

/* Only what portclash added is removed. */
static void scenario_reserve_removes(struct test *t)
{
	struct reserved r;

	audit_set(t, RESERVED, "5000,8085");
	reserve(t, 0, ARGUMENTS("8080-8090"));
	r = reserve(t, 3, ARGUMENTS("--remove", "8080-8090"));
	expect_string(&r.line, "changed", "8080-8084,8086-8090");
	expect_string(&r.line, "others", "8085");
	expect_list(t, "5000,8085");
	r = reserve(t, 3, ARGUMENTS("--remove", "8085"));
	expect_list(t, "5000,8085");
	r = reserve(t, 0, ARGUMENTS("--remove", "--force", "8085"));
	expect_string(&r.line, "changed", "8085");
	expect_list(t, "5000");
}

/* A port that another program has wiped, and an admin has reserved since, is the admin's. */
static void scenario_reserve_wiped(struct test *t)
{
	struct reserved r;

	reserve(t, 0, ARGUMENTS("40000,40001"));
	audit_set(t, RESERVED, "5000");
	r = reserve(t, 0, ARGUMENTS("40002"));
	expect_int(&r.line, "forgotten", 2);
	audit_set(t, RESERVED, "5000,40000,40002");
	r = reserve(t, 3, ARGUMENTS("--remove", "40000,40002"));
	expect_string(&r.line, "changed", "40002");
	expect_list(t, "5000,40000");
}

static void scenario_reserve_dry_run(struct test *t)
{
	struct reserved r = reserve(t, 0, ARGUMENTS("--dry-run", "40000"));
	char path[128];

	expect_bool(&r.line, "dry_run", true);
	expect_string(&r.line, "after", "40000");
	expect_list(t, "");
	if (!access(test_path(t, "state", path, sizeof(path)), F_OK))
		test_fail(t, "expected that a dry run makes no folder");
}

static void scenario_reserve_list(struct test *t)
{
	struct reserved r;
	struct spot s;

	audit_set(t, RESERVED, "5000");
	reserve(t, 0, ARGUMENTS("40000-40009"));
	r = reserve(t, 0, ARGUMENTS("--list"));
	expect_string(&r.line, "before", "5000,40000-40009");
	s = spot_below(&r.line, "kept");
	expect_string(&s, "reserve", "40000-40009");
	expect_string(&s, "guard", "");
}

/* The point of it: in a range of two ports, no client is given the reserved one; a server gets it. */
static void scenario_reserve_keeps_clients_off(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct prop out;

	audit_set(t, RANGE, "45000 45001");
	stage_listener(server, 0, "127.0.0.1", SERVER_PORT);
	reserve(t, 0, ARGUMENTS("45000"));
	for (int i = 0; i < 20; i++) {
		out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
		if (out.look.local.port != 45001)
			test_fail(t, "expected port 45001 for a client, got %u",
				  out.look.local.port);
		puppet_call(client, act_close, &(struct io_close){ .fd = out.fd, .reset = true },
			    sizeof(struct io_close));
	}
	stage_listener(server, 0, "0.0.0.0", 45000);
}

static void scenario_reserve_elsewhere(struct test *t)
{
	struct puppet *there = puppet_start(t, "there");
	char number[24], folder[128];
	struct reserved r;

	puppet_go_elsewhere(there);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)there->who.netns);
	r.t = t;
	test_path(t, "state", folder, sizeof(folder));
	r.audit = audit_json(
		t, ARGUMENTS("reserve", "--json", "--state", folder, "--netns", number, "40000"),
		0);
	r.audit.netns = there->who.netns;
	r.line = audit_line(&r.audit, "reserve", 0);
	expect_bool(&r.line, "own", false);
	expect_string(&r.line, "after", "40000");
	expect_list(t, "");
	r.audit = audit_json(t,
			     ARGUMENTS("reserve", "--json", "--state", folder, "--netns", number,
				       "--remove", "40000"),
			     0);
	r.audit.netns = there->who.netns;
	r.line = audit_line(&r.audit, "reserve", 0);
	expect_string(&r.line, "after", "");
}

/* A list of more than 4,095 bytes, which the kernel takes in several writes only. */
static void scenario_reserve_long_list(struct test *t)
{
	static char list[20000], now[20000];
	size_t len = 0;

	for (int port = 20001; port < 24000; port += 2)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%d", len ? "," : "",
					port);
	if (len < 2 * 4095)
		test_abort(t, "stage: the list is too short");
	reserve(t, 0, ARGUMENTS(list));
	space_get(RESERVED, now, sizeof(now));
	if (strcmp(now, list))
		test_fail(t, "expected the whole list, got %zu bytes of %zu", strlen(now), len);
	reserve(t, 0, ARGUMENTS("30000"));
	reserve(t, 0, ARGUMENTS("--remove", list));
	expect_list(t, "30000");
}

static void put_text_file(struct test *t, const char *name, const char *text)
{
	char path[192];
	FILE *file = fopen(test_path(t, name, path, sizeof(path)), "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		test_abort(t, "stage: %s cannot be written", path);
}

static void expect_file(struct test *t, const char *name, const char *what, bool there)
{
	char path[192], text[4096] = "";
	FILE *file = fopen(test_path(t, name, path, sizeof(path)), "re");

	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	if (!strstr(text, what) == there)
		test_fail(t, "expected %s\"%s\" in %s, got \"%s\"", there ? "" : "no ", what, name,
			  text);
}

static void make_root(struct test *t, char *root, size_t size)
{
	static const char *const names[] = { "root", "root/etc", "root/etc/sysctl.d" };
	char path[192];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (mkdir(test_path(t, names[i], path, sizeof(path)), 0755))
			test_abort(t, "stage: %s cannot be made", path);
	test_path(t, "root", root, size);
}

#define OWN_FILE "root/etc/sysctl.d/60-portclash.conf"

/* The sysctl.d file: an admin's ports of an earlier file are in the line, comments say whose they are, a file
 * that is read later is named. */
static void scenario_reserve_persist(struct test *t)
{
	char root[128];
	struct reserved r;
	struct spot s;

	make_root(t, root, sizeof(root));
	put_text_file(t, "root/etc/sysctl.d/50-admin.conf",
		      "net.ipv4.ip_local_reserved_ports = 30000-30010\n");
	put_text_file(t, OWN_FILE, "# a line of somebody's\nnet.core.somaxconn = 512\n");
	reserve(t, 0, ARGUMENTS("--root", root, "--persist", "40000"));
	r = reserve(t, 0, ARGUMENTS("--root", root, "--persist", "40001"));
	s = spot_below(&r.summary, "boot");
	expect_string(&s, "reserved", "30000-30010,40000-40001");
	expect_bool(&s, "written", true);
	expect_null(&s, "replaced_by");
	expect_file(t, OWN_FILE, "net.ipv4.ip_local_reserved_ports = 30000-30010,40000-40001\n",
		    true);
	expect_file(t, OWN_FILE, "net.core.somaxconn = 512\n", true);
	put_text_file(t, "root/etc/sysctl.d/99-later.conf",
		      "net.ipv4.ip_local_reserved_ports = 50000\n");
	r = reserve(t, 3, ARGUMENTS("--root", root, "--persist", "40002"));
	s = spot_below(&r.summary, "boot");
	expect_string(&s, "missing", "40002");
	s = spot_below(&s, "replaced_by");
	expect_contains(&s, "file", "99-later.conf");
	expect_int(&s, "line", 1);
	expect_list(t, "40000-40002");
	test_path(t, "root/etc/sysctl.d/99-later.conf", root, sizeof(root));
	unlink(root);
	test_path(t, "root", root, sizeof(root));
	reserve(t, 0, ARGUMENTS("--root", root, "--persist", "--remove", "40000-40002"));
	expect_file(t, OWN_FILE, "40000", false);
	expect_file(t, OWN_FILE, "net.core.somaxconn = 512\n", true);
	expect_list(t, "");
}

/* `audit --write` over the same file keeps the marks: `reserve --remove` still knows its ports. */
static void scenario_reserve_audit_write(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	char root[128], path[192];
	struct monitor_spec spec = { .in_space = true };
	struct reserved r;
	struct spot s;

	make_root(t, root, sizeof(root));
	test_path(t, OWN_FILE, path, sizeof(path));
	reserve(t, 0, ARGUMENTS("--root", root, "--persist", "40000"));
	stage_listener(web, 0, "0.0.0.0", 45000);
	spec.argv = ARGUMENTS("audit", "--netns", "self", "--write", path);
	audit_as(t, &spec, 3);
	expect_file(t, OWN_FILE, "40000", true);
	expect_file(t, OWN_FILE, "45000", true);
	expect_file(t, OWN_FILE, "# portclash reserve: 40000\n", true);
	r = reserve(t, 0, ARGUMENTS("--root", root, "--persist", "--remove", "40000"));
	s = spot_below(&r.summary, "boot");
	expect_string(&s, "staying", "");
	expect_file(t, OWN_FILE, "40000", false);
	expect_file(t, OWN_FILE, "45000", true);
}

static void reserve_says(struct test *t, const struct monitor_spec *spec, int status,
			 const char *says)
{
	struct monitor *m = monitor_spawn(t, spec);
	int have = monitor_stop(t, m, 0, 10);
	char *said = monitor_text(m->err), *out = monitor_text(m->out);

	if (have != status || (!strstr(said, says) && !strstr(out, says)))
		test_fail(t, "expected %d and \"%s\", got %d and \"%s\"", status, says, have, said);
	free(said);
	free(out);
}

static void scenario_reserve_not_root(struct test *t)
{
	char path[128], folder[128];
	struct monitor_spec spec = { .in_space = true, .uid = NOBODY };

	monitor_copy(t, path, sizeof(path));
	spec.exe = path;
	test_path(t, "state", folder, sizeof(folder));
	spec.argv = ARGUMENTS("reserve", "--state", folder, "40000");
	reserve_says(t, &spec, 1, "root");
	spec.argv = ARGUMENTS("reserve", "--state", folder, "--list");
	reserve_says(t, &spec, 0, "none");
	spec.argv = ARGUMENTS("reserve", "--state", folder, "--dry-run", "40000");
	reserve_says(t, &spec, 0, "would add");
	expect_list(t, "");
}

struct misuse {
	const char *argv[6];
	int status;
	const char *says;
};

static void scenario_reserve_misuse(struct test *t)
{
	static const struct misuse all[] = {
		{ { "reserve" }, 2, "which ports" },
		{ { "reserve", "0" }, 2, "0" },
		{ { "reserve", "70000" }, 2, "70000" },
		{ { "reserve", "80-70" }, 2, "80-70" },
		{ { "reserve", "" }, 2, "a port is missing" },
		{ { "reserve", "no-such-service" }, 2, "no-such-service" },
		{ { "reserve", "--list", "80" }, 2, "--list" },
		{ { "reserve", "--list", "--remove", "80" }, 2, "either --remove" },
		{ { "reserve", "--force", "80" }, 2, "--remove" },
		{ { "reserve", "1-65535" }, 2, "these are 65535 ports" },
		{ { "reserve", "30000-32767,40000-41400", "--dry-run" }, 2, "add --force" },
		{ { "reserve", "--netns=", "80" }, 2, "--netns" },
		{ { "reserve", "--netns=no-such-one", "80" }, 1, "no-such-one" },
		{ { "reserve", "--netns=all", "--persist", "80" }, 2, "--persist" },
		{ { "reserve", "--persist", "40000" }, 1, "process 1" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		reserve_says(t, &(struct monitor_spec){ .argv = all[i].argv, .in_space = true },
			     all[i].status, all[i].says);
	expect_list(t, "");
}

const struct scenario cases_cure_reserve[] = {
	{ .name = "reserve-adds", .run = scenario_reserve_adds, .where = EACH_KERNEL },
	{ .name = "reserve-twice", .run = scenario_reserve_twice, .where = EACH_KERNEL },
	{ .name = "reserve-removes", .run = scenario_reserve_removes, .where = EACH_KERNEL },
	{ .name = "reserve-wiped", .run = scenario_reserve_wiped, .where = EACH_KERNEL },
	{ .name = "reserve-dry-run", .run = scenario_reserve_dry_run, .where = ONCE },
	{ .name = "reserve-list", .run = scenario_reserve_list, .where = EACH_KERNEL },
	{ .name = "reserve-keeps-clients-off",
	  .run = scenario_reserve_keeps_clients_off,
	  .where = EACH_KERNEL },
	{ .name = "reserve-elsewhere", .run = scenario_reserve_elsewhere, .where = EACH_KERNEL },
	{ .name = "reserve-long-list", .run = scenario_reserve_long_list, .where = EACH_KERNEL },
	{ .name = "reserve-persist", .run = scenario_reserve_persist, .where = ONCE },
	{ .name = "reserve-audit-write", .run = scenario_reserve_audit_write, .where = ONCE },
	{ .name = "reserve-not-root", .run = scenario_reserve_not_root, .where = ONCE },
	{ .name = "reserve-misuse", .run = scenario_reserve_misuse, .where = ONCE },
	{ 0 },
};
