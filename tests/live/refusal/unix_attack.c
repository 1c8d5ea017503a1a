// SPDX-License-Identifier: GPL-2.0-only
/* A user has portclash advise root to remove a file, and then makes the path lead to another one. And the
 * families that portclash does not look into. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/named.h"

#define ALICE 4711

static json_t *take_refusal_of(struct puppet *web, const char *cause)
{
	json_t *line = verdict_take(web);
	struct spot s = spot_of(web->t, line);

	expect_string(&s, "cause", cause);
	return line;
}

static void make_secret(struct test *t, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		test_abort(t, "stage: %s: %s", path, strerror(errno));
	close(fd);
}

static void must_rename(struct test *t, const char *from, const char *to)
{
	if (rename(from, to))
		test_abort(t, "stage: rename %s: %s", from, strerror(errno));
}

/* The victim's file has the name of the attacker's socket, and lies in a folder of root's. */
struct attack {
	struct puppet *web;
	char home[512];	  /* the attacker's */
	char folder[512]; /* in it */
	char victim[512];
	char secret[600];
	struct named name;
};

static struct attack attack_begin(struct test *t)
{
	struct attack a = { .web = puppet_start(t, "web") };
	struct named_socket s;

	chmod(t->folder, 0755);
	monitor_watch(t, NULL);
	named_folder(t, "home", ALICE, a.home);
	named_folder(t, "home/run", ALICE, a.folder);
	named_folder(t, "etc", 0, a.victim);
	snprintf(a.secret, sizeof(a.secret), "%s/shadow", a.victim);
	make_secret(t, a.secret);
	puppet_become(a.web, ALICE);
	snprintf(a.secret, sizeof(a.secret), "%s/shadow", a.folder);
	a.name = named_path(a.secret);
	s = named_bound(a.web, SOCK_STREAM, &a.name);
	named_close(&s);
	named_refused(a.web, SOCK_STREAM, &a.name);
	snprintf(a.secret, sizeof(a.secret), "%s/shadow", a.victim);
	return a;
}

/* The honest case: the command works. */
static void scenario_unix_users_folder(struct test *t)
{
	struct attack a = attack_begin(t);
	json_t *line = take_refusal_of(a.web, "unix-left-behind");

	fixes_run(t, line, "setpriv --reuid=4711 ");
	named_free(a.web, SOCK_STREAM, &a.name);
}

/* The part of the command that removes the file: what comes after its look at the file. */
static void removal_of(const char *command, char *out, size_t size)
{
	const char *from = strstr(command, "setpriv "), *end = strstr(command, " ;; esac");

	if (!from)
		from = strstr(command, "rm -f --");
	snprintf(out, size, "%.*s 2>/dev/null", end ? (int)(end - from) : (int)strlen(from), from);
}

static void run_against(struct attack *a, const char *command)
{
	if (system(command) < 0 || access(a->secret, F_OK))
		test_fail(a->web->t, "`%s` removed the victim's file", command);
}

/* The attacker swaps a folder for a link once the command was printed. Root runs it, and the victim's file stays;
 * also when the swap comes between the command's look at the file and its removal. */
static void scenario_unix_planted_link(struct test *t)
{
	struct attack a = attack_begin(t);
	json_t *line = take_refusal_of(a.web, "unix-left-behind"), *fix;
	char aside[600], command[1536];

	snprintf(aside, sizeof(aside), "%s.old", a.folder);
	must_rename(t, a.folder, aside);
	if (symlink(a.victim, a.folder))
		test_abort(t, "stage: symlink: %s", strerror(errno));
	fix = fixes_with_command(line, "rm -f --");
	if (!fix)
		test_abort(t, "expected a command that removes the file");
	snprintf(command, sizeof(command), "%s 2>/dev/null",
		 json_string_value(json_object_get(fix, "command")));
	run_against(&a, command);
	removal_of(json_string_value(json_object_get(fix, "command")), command, sizeof(command));
	run_against(&a, command);
}

/* The attacker leads the server's path to the socket of an innocent one, which is not to be stopped for it. */
static void scenario_unix_led_elsewhere(struct test *t)
{
	struct puppet *web = puppet_start(t, "web"), *bus = puppet_start(t, "bus");
	char home[512], innocent[512], path[600];
	struct named name;
	json_t *line;

	chmod(t->folder, 0755);
	monitor_watch(t, NULL);
	named_folder(t, "home", ALICE, home);
	named_folder(t, "bus", 0, innocent);
	snprintf(path, sizeof(path), "%s/socket", innocent);
	name = named_path(path);
	named_listener(bus, SOCK_STREAM, &name);
	snprintf(path, sizeof(path), "%s/run", home);
	if (symlink(innocent, path) || lchown(path, ALICE, ALICE))
		test_abort(t, "stage: symlink: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/run/socket", home);
	name = named_path(path);
	named_refused(web, SOCK_STREAM, &name);
	line = take_refusal_of(web, "unix-server");
	if (fixes_with_command(line, "kill ") || fixes_run_now(t, line))
		test_fail(t, "expected no command: the innocent process would end");
}

/* In a folder into which all may write, no command is safe. */
static void scenario_unix_open_folder(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	char open_folder[512], folder[512], path[600];
	struct named_socket s;
	struct named name;
	json_t *line;

	monitor_watch(t, NULL);
	named_folder(t, "open", 0, open_folder);
	chmod(open_folder, 0777);
	named_folder(t, "open/run", 0, folder);
	snprintf(path, sizeof(path), "%s/app.sock", folder);
	name = named_path(path);
	s = named_bound(web, SOCK_STREAM, &name);
	named_close(&s);
	named_refused(web, SOCK_STREAM, &name);
	line = take_refusal_of(web, "unix-left-behind");
	if (fixes_with_command(line, "rm "))
		test_fail(t, "a command leads through a folder that all may change");
}

/* The agent may not ask the kernel about another user's socket file that is closed to it. It goes by all
 * open sockets then, and tells a server that lives from one that has ended. */
static void scenario_unix_not_allowed(struct test *t)
{
	static const char *const argv[] = { "agent", "--repeat-interval", "0", NULL };
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct monitor_spec spec = { .argv = argv };
	char folder[512], path[600];
	struct named_socket s;
	struct named name;
	struct spot line, at;

	chmod(t->folder, 0755);
	named_folder(t, "run", ALICE, folder);
	snprintf(path, sizeof(path), "%s/app.sock", folder);
	name = named_path(path);
	puppet_become(api, ALICE);
	puppet_become(web, ALICE);
	monitor_watch_as(t, &spec);
	s = named_listener(api, SOCK_STREAM, &name);
	chmod(path, 0755);
	named_refused(web, SOCK_STREAM, &name);
	take_refusal_of(web, "unix-server");
	named_close(&s);
	named_refused(web, SOCK_STREAM, &name);
	line = spot_of(t, take_refusal_of(web, "unix-left-behind"));
	at = spot_below(&line, "unix");
	expect_null(&at, "bound");
	fixes_run(t, line.json, "rm -f --");
	named_free(web, SOCK_STREAM, &name);
}

struct io_netlink {
	int first;
	int error;
};

static void act_netlink(void *io)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = 4242 };
	struct io_netlink *a = io;
	int second;

	a->first = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	second = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (bind(a->first, (const struct sockaddr *)&to, sizeof(to)))
		a->error = -errno;
	else if (bind(second, (const struct sockaddr *)&to, sizeof(to)))
		a->error = errno;
	close(second);
}

static void scenario_other_family(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct io_netlink a = { .first = -1 };
	struct spot s, requested;
	json_t *line;

	monitor_watch(t, NULL);
	puppet_call(web, act_netlink, &a, sizeof(a));
	if (a.error != EADDRINUSE)
		test_abort(t, "stage: bind() of netlink ended with %d", a.error);
	line = take_refusal_of(web, "other-family");
	s = spot_of(t, line);
	requested = spot_below(&s, "requested");
	expect_string(&s, "proto", "netlink");
	expect_contains(&s, "explanation", "netlink");
	expect_null(&requested, "address");
	expect_null(&s, "unix");
	expect_person(&s, "requester", &web->who);
	expect_bool(&s, "incomplete", true);
}

const struct scenario cases_refusal_unix_attack[] = {
	{ .name = "unix-users-folder", .run = scenario_unix_users_folder, .where = EACH_KERNEL },
	{ .name = "unix-planted-link", .run = scenario_unix_planted_link, .where = EACH_KERNEL },
	{ .name = "unix-led-elsewhere", .run = scenario_unix_led_elsewhere, .where = EACH_KERNEL },
	{ .name = "unix-open-folder", .run = scenario_unix_open_folder, .where = EACH_KERNEL },
	{ .name = "unix-not-allowed",
	  .run = scenario_unix_not_allowed,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "other-family", .run = scenario_other_family },
	{ 0 },
};
