// SPDX-License-Identifier: GPL-2.0-only
/* Running the commands that a verdict prints, as a user beside the monitor would type them. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cut.h"
#include "monitor.h"
#include "space.h"
#include "verdict.h"

#define RESERVED "ipv4/ip_local_reserved_ports"

/* Exit status of what cannot be done here. */
#define CANNOT 97

static bool have_tool(const char *name)
{
	static const char *const folders[] = { "/bin", "/sbin", "/usr/bin", "/usr/sbin" };
	char path[64];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

static bool have_tools_for(const char *command)
{
	static const char *const tools[] = { "nsenter", "sysctl", "ss" };
	char word[16];

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		snprintf(word, sizeof(word), "%s ", tools[i]);
		if (strstr(command, word) && !have_tool(tools[i]))
			return false;
	}
	return have_tool("sh");
}

static int enter_space_of(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
}

/* sysctl's KEY=VALUE, below net. */
static int set_by_sysctl(const char *assignment)
{
	char name[128], value[512];

	if (sscanf(assignment, "net.%127[^=]=%511[^\n]", name, value) != 2)
		return CANNOT;
	for (char *at = name; *at; at++)
		if (*at == '.')
			*at = '/';
	if (value[0] == '\'') {
		value[strlen(value) - 1] = '\0';
		memmove(value, value + 1, strlen(value));
	}
	return space_set(name, value) ? 1 : 0;
}

/* What nsenter, sysctl, kill and ss do, where there are none (an initramfs). */
static int run_without_tools(const char *command)
{
	const char *assignment = strstr(command, "sysctl -w ");
	const char *connection = strstr(command, "ss -K -t ");
	int pid;

	if (sscanf(command, "nsenter -t %d -n ", &pid) == 1 && enter_space_of(pid))
		return 1;
	if (sscanf(command, "kill %d", &pid) == 1)
		return kill(pid, SIGTERM) ? 1 : 0;
	if (connection) /* as ss does, it says nothing of what it could not cut */
		cut_connection(connection + strlen("ss -K -t "));
	if (connection)
		return 0;
	return assignment ? set_by_sysctl(assignment + strlen("sysctl -w ")) : CANNOT;
}

static void run_in(const char *command, int netns)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (netns >= 0 && setns(netns, CLONE_NEWNET))
		_exit(125);
	if (!have_tools_for(command))
		_exit(run_without_tools(command));
	dup2(quiet, STDOUT_FILENO);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static int run_beside_monitor(struct test *t, const char *command)
{
	bool same = space_of(t->monitor->pid) == space_of(getpid());
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		run_in(command, same ? -1 : t->home_netns);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

void fixes_run(struct test *t, json_t *line, const char *part)
{
	json_t *fix = fixes_with_command(line, part);
	const char *command = json_string_value(json_object_get(fix, "command"));
	int status;

	if (!command) {
		test_fail(t, "expected a command with \"%s\" among the fixes", part);
		return;
	}
	status = run_beside_monitor(t, command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		test_skip(t, "no tools here to run `%s`", command);
	if (status)
		test_fail(t, "expected the exit status 0, got %#x from `%s`", status, command);
}

void fixes_run_reserve(struct test *t, json_t *line, const char *reserved, uint16_t port)
{
	char now[512] = "";

	if (!line)
		return;
	space_set(RESERVED, reserved);
	fixes_run(t, line, "sysctl -w net.ipv4.ip_local_reserved_ports=");
	space_get(RESERVED, now, sizeof(now));
	if (!fixes_is_reserved_and(now, reserved, port))
		test_fail(t, "expected \"%s\" and %u, got \"%s\" in " RESERVED, reserved, port,
			  now);
}

void fixes_expect_free(struct puppet *web, unsigned options, const char *address, uint16_t port)
{
	int64_t until = deadline_in(web->t, 3);
	struct io_name a = { .to.port = port };

	web->t->retries = true;
	strcpy(a.to.address, address);
	do {
		struct prop p = stage_socket(web, options);
		struct io_close gone = { .fd = p.fd };

		a.fd = p.fd;
		puppet_call(web, act_bind, &a, sizeof(a));
		puppet_call(web, act_close, &gone, sizeof(gone));
		sleep_ms(10);
	} while (a.error && !deadline_over(until));
	if (a.error)
		test_fail(web->t,
			  "expected that the port is free after the fix, got \"%s\" from bind()",
			  strerror(a.error));
}
