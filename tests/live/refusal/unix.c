// SPDX-License-Identifier: GPL-2.0-only
/* Unix sockets: a file left behind, a server that lives, an abstract name, a path that is no socket. Each
 * piece of advice is taken, and the refused bind() is made again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/named_verdict.h"
#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/named.h"

struct unix_cast {
	struct puppet *api;
	struct puppet *web;
	struct named name;
	char path[512];
};

static struct unix_cast unix_cast(struct test *t, const char *file)
{
	struct unix_cast c = { .api = puppet_start(t, "api"), .web = puppet_start(t, "web") };

	test_path(t, file, c.path, sizeof(c.path));
	c.name = named_path(c.path);
	monitor_watch(t, NULL);
	return c;
}

static void check_unix_call(const struct spot *s, const struct puppet *by, const char *address)
{
	struct spot requested = spot_below(s, "requested"), requester = spot_below(s, "requester");

	expect_string(s, "type", "refusal");
	expect_string(s, "proto", "unix");
	expect_string(s, "family", "unix");
	expect_string(s, "op", "bind");
	expect_string(s, "errno", "EADDRINUSE");
	if (address)
		expect_hostile(&requested, "address", address);
	expect_null(&requested, "port");
	expect_null(s, "range");
	expect_null(&requester, "options");
	expect_recent(s, "time");
	if (by->control >= 0)
		expect_person(s, "requester", &by->who);
	else
		expect_hostile(&requester, "comm", by->who.comm);
}

/* Waits for the verdict about this puppet, and compares all but the holders. */
static json_t *check_unix(struct puppet *by, const char *address, const char *cause,
			  const char *says)
{
	json_t *line = named_verdict_take(by);
	struct spot s = spot_of(by->t, line);
	unsigned before = by->t->report->failures;

	check_unix_call(&s, by, address);
	expect_string(&s, "cause", cause);
	expect_contains(&s, "explanation", says);
	if (by->t->report->failures > before)
		note_line(by->t, line);
	return line;
}

static void check_found(struct test *t, json_t *line, const char *found, const char *path)
{
	struct spot s = spot_of(t, line), at = spot_below(&s, "unix");
	struct stat st;

	expect_bool(&at, "abstract", false);
	expect_string(&at, "found", found);
	expect_hostile(&at, "path", path);
	if (lstat(path, &st)) {
		test_fail(t, "stage: %s: %s", path, strerror(errno));
		return;
	}
	expect_int(&at, "inode", (long long)st.st_ino);
	expect_int(&at, "uid", st.st_uid);
}

static void check_no_holder(struct test *t, json_t *line)
{
	struct spot s = spot_of(t, line);

	expect_int(&s, "holders_total", 0);
	expect_complete(&s);
}

static const char *unix_text_of(const struct spot *s, const char *key)
{
	const char *text = json_string_value(json_object_get(s->json, key));

	return text ? text : "";
}

static void check_unix_holder(struct test *t, json_t *line, const struct named_socket *socket,
			      const char *state)
{
	struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");
	struct spot h = spot_at(&holders, 0), owners = spot_below(&h, "owners");
	struct spot owner = spot_at(&owners, 0);

	expect_int(&s, "holders_total", 1);
	expect_bool(&h, "blocking", true);
	expect_string(&h, "found_by", "open-files");
	/* A datagram socket has no state of its own: from 5.15 on, connect() marks its peer, and
	 * portclash has asked by a connect() by then (unix_dgram_connect()). */
	if (state || !h.json || strcmp(unix_text_of(&h, "state"), "ESTABLISHED"))
		expect_string(&h, "state", state ? state : "CLOSE");
	expect_int(&h, "inode", (long long)socket->inode);
	expect_null(&h, "local");
	expect_null(&h, "since");
	expect_person(&h, "process", &socket->by->who);
	compare_person(&owner, &socket->by->who);
	expect_int(&owner, "fd", socket->fd);
	expect_complete(&s);
}

/* Runs the command that removes the file, and binds again. */
static void remove_and_retry(struct test *t, struct puppet *web, json_t *line,
			     const struct named *name)
{
	fixes_run(t, line, "rm -f --");
	named_free(web, SOCK_STREAM, name);
}

static void left_behind_of(struct test *t, const char *file, int type)
{
	struct unix_cast c = unix_cast(t, file);
	struct named_socket s = named_bound(c.api, type, &c.name);
	json_t *line;

	named_close(&s);
	named_refused(c.web, type, &c.name);
	line = check_unix(c.web, c.path, "unix-left-behind", "no socket is bound to it");
	check_found(t, line, "socket", c.path);
	check_no_holder(t, line);
	remove_and_retry(t, c.web, line, &c.name);
}

static void scenario_unix_left_behind(struct test *t)
{
	left_behind_of(t, "app.sock", SOCK_STREAM);
}

static void scenario_unix_left_behind_datagram(struct test *t)
{
	left_behind_of(t, "log", SOCK_DGRAM);
}

/* A shell, a terminal and a log read this path as bytes, and nothing else. */
static void scenario_unix_hostile_path(struct test *t)
{
	left_behind_of(t, "a'b\n$(id)`\033[31m\"\\ %s\377\342\200\256", SOCK_STREAM);
}

/* A path of 108 bytes has no NUL at its end. */
static void scenario_unix_longest_path(struct test *t)
{
	char file[NAME_LEN + 1] = "";

	memset(file, 'x', NAME_LEN - strlen(t->folder) - 1);
	left_behind_of(t, file, SOCK_STREAM);
}

/* The server ends by the advice, and its file is left behind: the next command waits for the one and
 * removes the other. */
static void stop_and_retry(struct test *t, const struct unix_cast *c, json_t *line)
{
	char kill[32];

	snprintf(kill, sizeof(kill), "kill %d", c->api->pid);
	fixes_run(t, line, kill);
	remove_and_retry(t, c->web, line, &c->name);
}

static void scenario_unix_server(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct named_socket s = named_listener(c.api, SOCK_STREAM, &c.name);
	json_t *line;

	named_refused(c.web, SOCK_STREAM, &c.name);
	line = check_unix(c.web, c.path, "unix-server", "listens on this socket file");
	check_found(t, line, "socket", c.path);
	check_unix_holder(t, line, &s, "LISTEN");
	stop_and_retry(t, &c, line);
}

/* The server is started again before the advice is taken, and has made its file anew: the file stays. */
static void scenario_unix_server_restarted(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct puppet *again = puppet_start(t, "again");
	struct named_socket s = named_listener(c.api, SOCK_STREAM, &c.name);
	struct stat first, now;
	json_t *line;

	named_refused(c.web, SOCK_STREAM, &c.name);
	line = check_unix(c.web, c.path, "unix-server", "listens on this socket file");
	lstat(c.path, &first);
	puppet_exit(c.api);
	do {
		unlink(c.path);
		sleep_ms(100);
		s = named_listener(again, SOCK_STREAM, &c.name);
		lstat(c.path, &now);
		if (now.st_ctime == first.st_ctime)
			named_close(&s);
	} while (now.st_ctime == first.st_ctime);
	fixes_run(t, line, "rm -f --");
	named_refused(c.web, SOCK_STREAM, &c.name);
	line = check_unix(c.web, c.path, "unix-server", "listens on this socket file");
	check_unix_holder(t, line, &s, "LISTEN");
}

static void scenario_unix_server_datagram(struct test *t)
{
	struct unix_cast c = unix_cast(t, "log");
	struct named_socket s = named_bound(c.api, SOCK_DGRAM, &c.name);
	json_t *line;

	named_refused(c.web, SOCK_DGRAM, &c.name);
	line = check_unix(c.web, c.path, "unix-server", "receives on this socket file");
	check_unix_holder(t, line, &s, NULL);
}

static void scenario_unix_server_not_listening(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct named_socket s = named_bound(c.api, SOCK_STREAM, &c.name);
	json_t *line;

	named_refused(c.web, SOCK_STREAM, &c.name);
	line = check_unix(c.web, c.path, "unix-server", "is bound to this socket file");
	check_unix_holder(t, line, &s, "CLOSE");
}

/* A file is no network namespace's: containers share directories. */
static void scenario_unix_server_elsewhere(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct named_socket s;
	json_t *line;

	puppet_go_elsewhere(c.api);
	puppet_identify(c.api);
	s = named_listener(c.api, SOCK_STREAM, &c.name);
	named_refused(c.web, SOCK_STREAM, &c.name);
	line = check_unix(c.web, c.path, "unix-server", "listens on this socket file");
	check_unix_holder(t, line, &s, "LISTEN");
}

/* The crashing server of every day: gone before portclash looks, and its path is relative. */
static void scenario_unix_relative_gone(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct named relative = named_path("./app.sock");
	struct named_socket s = named_bound(c.api, SOCK_STREAM, &c.name);
	struct puppet *retry = puppet_start(t, "retry");
	char full[600];
	json_t *line;

	named_close(&s);
	named_go_to(c.web, t->folder);
	named_refused_last(c.web, &relative);
	line = check_unix(c.web, "./app.sock", "unix-left-behind", "left behind");
	snprintf(full, sizeof(full), "%s/./app.sock", t->folder);
	check_found(t, line, "socket", full);
	remove_and_retry(t, retry, line, &c.name);
}

/* The path of a process with another root directory is longer outside of it. */
static void scenario_unix_changed_root(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct named inside = named_path("/app.sock");
	struct named_socket s = named_bound(c.api, SOCK_STREAM, &c.name);
	json_t *line;

	named_close(&s);
	named_change_root(c.web, t->folder);
	named_refused(c.web, SOCK_STREAM, &inside);
	line = check_unix(c.web, "/app.sock", "unix-left-behind", "left behind");
	check_found(t, line, "socket", c.path);
	remove_and_retry(t, c.web, line, &inside);
}

/* Under the same path is another file here: no command may remove that one. */
static void scenario_unix_other_mount(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct named_socket outside = named_listener(c.api, SOCK_STREAM, &c.name), s;
	json_t *line;

	named_hide(c.web, t->folder);
	s = named_bound(c.web, SOCK_STREAM, &c.name);
	named_close(&s);
	named_refused(c.web, SOCK_STREAM, &c.name);
	line = check_unix(c.web, c.path, "unix-left-behind", "left behind");
	if (fixes_with_command(line, "rm "))
		test_fail(t, "a command removes a file of another mount namespace");
	named_close(&outside);
}

/* In its place a server that has the same path elsewhere is no holder. */
static void scenario_unix_same_path_elsewhere(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	struct puppet *other = puppet_start(t, "other");
	struct named_socket s = named_listener(c.api, SOCK_STREAM, &c.name), hidden;
	json_t *line;

	named_hide(other, t->folder);
	hidden = named_listener(other, SOCK_STREAM, &c.name);
	named_refused(c.web, SOCK_STREAM, &c.name);
	line = check_unix(c.web, c.path, "unix-server", "api[");
	check_unix_holder(t, line, &s, "LISTEN");
	named_refused(other, SOCK_STREAM, &c.name);
	line = check_unix(other, c.path, "unix-server", "this very process");
	check_unix_holder(t, line, &hidden, "LISTEN");
}

static void scenario_unix_abstract(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct named name = { .bytes = "\0port\0clash\0", .len = 12 };
	struct named_socket s;
	char kill[32];
	json_t *line;

	monitor_watch(t, NULL);
	s = named_listener(api, SOCK_SEQPACKET, &name);
	named_refused(web, SOCK_SEQPACKET, &name);
	line = check_unix(web, "@port@clash@", "unix-abstract", "listens on this abstract name");
	check_unix_holder(t, line, &s, "LISTEN");
	snprintf(kill, sizeof(kill), "kill %d", api->pid);
	fixes_run(t, line, kill);
	named_free(web, SOCK_SEQPACKET, &name);
}

static void occupied_by(struct test *t, const struct unix_cast *c, const char *found,
			const char *says)
{
	json_t *line;

	named_refused(c->web, SOCK_STREAM, &c->name);
	line = check_unix(c->web, c->path, "unix-not-a-socket", says);
	check_found(t, line, found, c->path);
	if (fixes_with_command(line, "rm "))
		test_fail(t, "a command removes what is no socket");
	if (remove(c->path))
		test_abort(t, "stage: remove %s: %s", c->path, strerror(errno));
}

static void scenario_unix_not_a_socket(struct test *t)
{
	struct unix_cast c = unix_cast(t, "app.sock");
	int fd = open(c.path, O_WRONLY | O_CREAT, 0600);

	close(fd);
	occupied_by(t, &c, "file", "a file that is no socket");
	mkdir(c.path, 0755);
	occupied_by(t, &c, "folder", "a directory");
	if (symlink("nowhere", c.path))
		test_abort(t, "stage: symlink: %s", strerror(errno));
	occupied_by(t, &c, "link", "a symbolic link");
}

const struct scenario cases_refusal_unix[] = {
	{ .name = "unix-left-behind", .run = scenario_unix_left_behind },
	{ .name = "unix-left-behind-datagram", .run = scenario_unix_left_behind_datagram },
	{ .name = "unix-hostile-path", .run = scenario_unix_hostile_path },
	{ .name = "unix-longest-path", .run = scenario_unix_longest_path },
	{ .name = "unix-server", .run = scenario_unix_server },
	{ .name = "unix-server-restarted", .run = scenario_unix_server_restarted, .where = ONCE },
	{ .name = "unix-server-datagram", .run = scenario_unix_server_datagram },
	{ .name = "unix-server-not-listening", .run = scenario_unix_server_not_listening },
	{ .name = "unix-server-elsewhere", .run = scenario_unix_server_elsewhere },
	{ .name = "unix-relative-gone", .run = scenario_unix_relative_gone },
	{ .name = "unix-changed-root", .run = scenario_unix_changed_root },
	{ .name = "unix-other-mount", .run = scenario_unix_other_mount },
	{ .name = "unix-same-path-elsewhere", .run = scenario_unix_same_path_elsewhere },
	{ .name = "unix-abstract", .run = scenario_unix_abstract },
	{ .name = "unix-not-a-socket", .run = scenario_unix_not_a_socket },
	{ 0 },
};
