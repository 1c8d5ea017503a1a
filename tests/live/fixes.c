// SPDX-License-Identifier: GPL-2.0-only
/* The fixes of a verdict: those that are true are there, the others are not, and the reserve
 * command does what it says when it is run. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor.h"
#include "space.h"
#include "verdict.h"

#define RESERVED "ipv4/ip_local_reserved_ports"

static const char *text_of(json_t *fix, const char *key)
{
	const char *text = json_string_value(json_object_get(fix, key));

	return text ? text : "";
}

/* What tells each fix, in its command or, for those with nothing to type, in its words. */
static bool is_fix(json_t *fix, unsigned which)
{
	const char *what = text_of(fix, "what"), *command = text_of(fix, "command");

	switch (which) {
	case FIX_STOP:
		return !strncmp(command, "kill ", 5) || !strncmp(command, "systemctl stop ", 15);
	case FIX_CUT:
		return strstr(command, "ss -K ");
	case FIX_RESERVE:
		return strstr(command, "sysctl -w net.ipv4.ip_local_reserved_ports=");
	case FIX_OTHER_PORT:
		return strstr(what, "listen on a port outside");
	case FIX_REUSEADDR:
		return strstr(what, "set SO_REUSEADDR on the refused socket");
	case FIX_REUSEADDR_ALL:
		return strstr(what, "set SO_REUSEADDR before bind() in every run");
	case FIX_OWN:
		return strstr(what, "the refused process's own");
	case FIX_REUSEPORT:
		return strstr(what, "set SO_REUSEPORT on both");
	default:
		return false;
	}
}

static json_t *find_fix(json_t *fixes, unsigned which)
{
	size_t i;
	json_t *fix;

	json_array_foreach(fixes, i, fix)
		if (is_fix(fix, which))
			return fix;
	return NULL;
}

static void check_shape(const struct spot *fixes)
{
	for (size_t i = 0; i < json_array_size(fixes->json); i++) {
		struct spot fix = spot_at(fixes, i), command = spot_below(&fix, "command");

		expect_contains(&fix, "what", NULL);
		if (!json_is_null(command.json))
			expect_contains(&fix, "command", NULL);
	}
}

/* A command that enters a namespace must enter the right one; a placeholder says that nobody
 * is known to be in it. */
static void check_enter(const struct spot *fixes, uint64_t netns)
{
	size_t i;
	json_t *fix;
	int pid;

	json_array_foreach(fixes->json, i, fix)
		if (sscanf(text_of(fix, "command"), "nsenter -t %d ", &pid) == 1 &&
		    space_of(pid) != netns)
			expected(fixes, "a process of namespace %llu after nsenter (%d is in %llu)",
				 (unsigned long long)netns, pid, (unsigned long long)space_of(pid));
}

static void check_stop(const struct spot *fixes, const struct truth *truth)
{
	json_t *fix = find_fix(fixes->json, FIX_STOP);
	char command[64];

	if (!fix || !truth->stop)
		return;
	snprintf(command, sizeof(command), "kill %d", truth->stop->pid);
	if (strcmp(text_of(fix, "command"), command))
		expected(fixes, "the command \"%s\"", command);
}

/* Is `list` exactly what was reserved and this port? */
static bool is_reserved_and(const char *list, const char *reserved, uint16_t port)
{
	static bool have[PORTS], want[PORTS];

	if (!space_parse_ports(list, have) || !space_parse_ports(reserved ? reserved : "", want))
		return false;
	want[port] = true;
	return !memcmp(have, want, sizeof(have));
}

static void check_reserve(const struct spot *fixes, const struct truth *truth)
{
	size_t i;
	json_t *fix;
	unsigned lists = 0;

	json_array_foreach(fixes->json, i, fix) {
		const char *at = strstr(text_of(fix, "command"), "ip_local_reserved_ports");
		char list[512];

		if (!at || sscanf(at, "ip_local_reserved_ports%*[ =]%511[0-9,-]", list) != 1)
			continue;
		lists++;
		if (!is_reserved_and(list, truth->reserved, truth->attempt->wanted.port))
			expected(fixes, "\"%s\" and %u in each command that reserves",
				 truth->reserved ? truth->reserved : "",
				 truth->attempt->wanted.port);
	}
	if (lists < 2)
		expected(fixes, "two commands that reserve the port, for now and for good");
}

void fixes_check(const struct spot *line, const struct truth *truth)
{
	static const struct {
		unsigned which;
		const char *name;
	} all[] = {
		{ FIX_STOP, "stop the process" },
		{ FIX_CUT, "cut the connection" },
		{ FIX_RESERVE, "reserve the port" },
		{ FIX_OTHER_PORT, "use another port" },
		{ FIX_REUSEADDR, "set SO_REUSEADDR on the refused socket" },
		{ FIX_REUSEADDR_ALL, "set SO_REUSEADDR in every run" },
		{ FIX_REUSEPORT, "set SO_REUSEPORT" },
		{ FIX_OWN, "close the own socket" },
	};
	struct spot fixes = spot_below(line, "fixes");

	check_shape(&fixes);
	check_enter(&fixes, truth->attempt->who.netns);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct spot fix = fixes;

		fix.json = find_fix(fixes.json, all[i].which);
		if (!fix.json != !(truth->fixes & all[i].which))
			expected(&fixes, "%s fix \"%s\"", fix.json ? "no" : "a", all[i].name);
		if (fix.json)
			expect_bool(&fix, "lasting", !(all[i].which & FIXES_NOW));
	}
	if (truth->fixes & FIX_STOP)
		check_stop(&fixes, truth);
	if (truth->fixes & FIX_RESERVE)
		check_reserve(&fixes, truth);
}

void fixes_expect_command(const struct spot *line, const char *command)
{
	struct spot fixes = spot_below(line, "fixes");
	size_t i;
	json_t *fix;

	json_array_foreach(fixes.json, i, fix)
		if (!strcmp(text_of(fix, "command"), command))
			return;
	expected(&fixes, "the command \"%s\"", command);
}

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

static int enter_space_of(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
}

/* What nsenter and sysctl do, where there are none. */
static void run_without_tools(const char *command)
{
	const char *list = strchr(command, '=');
	int pid;

	if (sscanf(command, "nsenter -t %d -n ", &pid) == 1 && enter_space_of(pid))
		_exit(1);
	_exit(!list || space_set(RESERVED, list + 1));
}

/* As typed beside the monitor, by root. */
static void run_in(const char *command, int netns)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (netns >= 0 && setns(netns, CLONE_NEWNET))
		_exit(125);
	dup2(quiet, STDOUT_FILENO);
	if (!have_tool("sh") || !have_tool("nsenter") || !have_tool("sysctl"))
		run_without_tools(command);
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

void fixes_run_reserve(struct test *t, json_t *line, const char *reserved, uint16_t port)
{
	json_t *fix = find_fix(json_object_get(line, "fixes"), FIX_RESERVE);
	char now[512] = "";
	int status;

	if (!fix)
		return;
	space_set(RESERVED, reserved);
	status = run_beside_monitor(t, text_of(fix, "command"));
	if (status)
		test_fail(t, "expected the exit status 0, got %#x from `%s`", status,
			  text_of(fix, "command"));
	space_get(RESERVED, now, sizeof(now));
	if (!is_reserved_and(now, reserved, port))
		test_fail(t, "expected %s and %u, got %s in " RESERVED " after `%s`", reserved,
			  port, now, text_of(fix, "command"));
}
