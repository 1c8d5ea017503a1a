// SPDX-License-Identifier: GPL-2.0-only
/* Running the real systemd-journald and asking it by journalctl. */
#include "monitor/journald.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG "/run/systemd/journald.conf.d/portclash-test.conf"
#define SOCKET "/run/systemd/journal/socket"
#define STREAM "/run/systemd/journal/stdout"

static const char *const programs[] = { "/usr/lib/systemd/systemd-journald",
					"/lib/systemd/systemd-journald" };

/* journald keeps its journal in memory, takes only what the test sends, and leaves the machine's
 * audit as it is. */
static const char config[] = "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\n"
			     "ForwardToSyslog=no\nForwardToWall=no\nForwardToConsole=no\n"
			     "RateLimitIntervalSec=0\nSyncIntervalSec=0\n";

static const char *program(void)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!access(programs[i], X_OK))
			return programs[i];
	return NULL;
}

static void must_journald(struct test *t, int result, const char *what)
{
	if (result)
		test_abort(t, "stage: %s: %s", what, strerror(errno));
}

static void journald_make_folders(struct test *t)
{
	static const char *const folders[] = { "/run/systemd",
					       "/run/systemd/journal",
					       "/run/systemd/system",
					       "/run/systemd/journald.conf.d",
					       "/run/log",
					       "/run/log/journal" };
	int fd;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		must_journald(t, mkdir(folders[i], 0755), folders[i]);
	fd = open(CONFIG, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	must_journald(t, fd < 0 || write(fd, config, sizeof(config) - 1) != sizeof(config) - 1,
		      CONFIG);
	close(fd);
}

void journald_enter(struct test *t)
{
	struct stat st;

	if (!program() || system("command -v journalctl >/dev/null"))
		test_skip(t, "there is no systemd-journald here");
	if (stat("/etc/machine-id", &st) || !st.st_size)
		test_skip(t, "journald needs /etc/machine-id");
	must_journald(t, unshare(CLONE_NEWNS), "a mount namespace");
	must_journald(t, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	must_journald(t, mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), "/run");
	if (!access("/var/log/journal", F_OK))
		must_journald(t, mount("tmpfs", "/var/log/journal", "tmpfs", 0, NULL),
			      "/var/log/journal");
	journald_make_folders(t);
}

static bool takes(const char *path, int type, int *out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		*out = fd;
		return true;
	}
	close(fd);
	return false;
}

static int await_path(struct test *t, const char *path, int type)
{
	int64_t until = deadline_in(t, 20);
	int fd;

	while (!takes(path, type, &fd)) {
		if (deadline_over(until))
			test_abort(t, "stage: nobody listens on %s", path);
		sleep_ms(5);
	}
	return fd;
}

pid_t journald_start(struct test *t)
{
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl(program(), program(), NULL);
		_exit(127);
	}
	close(await_path(t, SOCKET, SOCK_DGRAM));
	return pid;
}

void journald_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The stream's header: identifier, unit, priority, whether lines begin with a priority, and where
 * else they go. */
int journald_stream(struct test *t)
{
	static const char head[] = "agent\n\n6\n0\n0\n0\n0\n";
	int fd = await_path(t, STREAM, SOCK_STREAM);

	must_journald(t, write(fd, head, sizeof(head) - 1) != sizeof(head) - 1, STREAM);
	return fd;
}

char *journald_command(struct test *t, const char *command)
{
	FILE *pipe = popen(command, "re");
	char *text = NULL;
	size_t size = 0;

	must_journald(t, !pipe, command);
	if (getdelim(&text, &size, '\0', pipe) < 0) {
		free(text);
		text = strdup("");
	}
	pclose(pipe);
	return text;
}

static json_t *ask_journalctl(struct test *t, const char *arguments)
{
	char command[1024], *text, *line, *save = NULL;
	json_t *list = json_array();

	snprintf(command, sizeof(command), "journalctl -q --no-pager --all -o json %s 2>/dev/null",
		 arguments);
	text = journald_command(t, command);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *entry = json_loads(line, 0, NULL);

		if (!entry)
			test_fail(t, "expected JSON of journalctl, got \"%.200s\"", line);
		json_array_append_new(list, entry);
	}
	free(text);
	return list;
}

json_t *journald_find(struct test *t, const char *arguments, size_t least)
{
	int64_t until = deadline_in(t, 10);
	json_t *list = ask_journalctl(t, arguments);

	while (json_array_size(list) < least && !deadline_over(until)) {
		json_decref(list);
		sleep_ms(50);
		list = ask_journalctl(t, arguments);
	}
	return list;
}

json_t *journald_only(struct test *t, const char *arguments)
{
	json_t *list = journald_find(t, arguments, 1);

	if (json_array_size(list) != 1)
		test_abort(t, "expected one entry for %s, got %zu", arguments,
			   json_array_size(list));
	return json_array_get(list, 0);
}

void journald_field(struct test *t, json_t *entry, const char *name, const char *value)
{
	const char *have = json_string_value(json_object_get(entry, name));

	if (!have || strcmp(have, value))
		test_fail(t, "expected \"%s\", got \"%s\" at %s", value, have ? have : "(none)",
			  name);
	json_object_del(entry, name);
}

void journald_number(struct test *t, json_t *entry, const char *name, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	journald_field(t, entry, name, text);
}

void journald_part(struct test *t, json_t *entry, const char *name, const char *part)
{
	const char *have = json_string_value(json_object_get(entry, name));

	if (!have || !strstr(have, part))
		test_fail(t, "expected \"…%s…\", got \"%s\" at %s", part, have ? have : "(none)",
			  name);
	json_object_del(entry, name);
}

void journald_among(struct test *t, json_t *entry, const char *name, const char *part)
{
	json_t *list = json_object_get(entry, name), *value;
	bool found = false;
	size_t i;

	json_array_foreach(list, i, value) found |= strstr(json_string_value(value), part) != NULL;
	if (!found)
		test_fail(t, "expected \"…%s…\" among the values of %s", part, name);
	json_object_del(entry, name);
}
