// SPDX-License-Identifier: GPL-2.0-only
/* Running the commands that a verdict prints, as a user beside the monitor would type them. */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "stage/device.h"
#include "stage/space.h"

#define RESERVED "ipv4/ip_local_reserved_ports"

/* Exit status of a command that this machine lacks. */
#define CANNOT 97

/* Exit status of `portclash free`: the kernel does not end what is in the way. */
#define STUCK 7

/* Busybox has a setpriv without the options that commands give it. */
static bool is_busybox(const char *path, const char *name)
{
	char target[64];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	target[len > 0 ? len : 0] = '\0';
	return !strcmp(name, "setpriv") && strstr(target, "busybox");
}

static bool have_tool(const char *name)
{
	static const char *const folders[] = { "/bin", "/sbin", "/usr/bin", "/usr/sbin" };
	char path[64];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (!access(path, X_OK))
			return !is_busybox(path, name);
	}
	return false;
}

static bool have_tools_for(const char *command)
{
	static const char *const tools[] = { "nsenter", "sysctl",  "ss",    "rm", "setcap",
					     "grep",	"setpriv", "xargs", "ip", "stat" };
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

/* Does what sysctl does with KEY=VALUE, below net. */
static int set_by_sysctl(const char *assignment)
{
	char name[128], value[512];

	if (sscanf(assignment, "net%*[./]%127[^=]=%511[^\n]", name, value) != 2)
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

static int kill_all(const char *pids)
{
	char *end;
	long pid;

	while ((pid = strtol(pids, &end, 10)) > 0) {
		if (kill((pid_t)pid, SIGTERM))
			return 1;
		pids = end;
	}
	return *pids ? CANNOT : 0;
}

/* Does what `while grep -qs '^State:.[^ZX]' /proc/PID/status …` waits for. */
static void wait_for_end(int pid)
{
	char path[64], text[512];
	bool runs = true;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (int i = 0; runs && i < 300; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

		text[len > 0 ? len : 0] = '\0';
		runs = len > 0 && !strstr(text, "State:\tZ") && !strstr(text, "State:\tX");
		if (fd >= 0)
			close(fd);
		usleep(10000);
	}
}

/* Does what setpriv does: this process, which ends with the command, becomes that user. */
static int become_user_of(const char *command)
{
	const char *user = strstr(command, "--reuid=");
	unsigned uid;

	if (!user)
		return 0;
	if (sscanf(user, "--reuid=%u ", &uid) != 1 || setgroups(0, NULL))
		return -1;
	return setresgid(65534, 65534, 65534) || setresuid(uid, uid, uid) ? -1 : 0;
}

/* Does what `case $(stat -c %i:%.9Z -- PATH) in INODE:TIME|…)` does. */
static bool is_another_file(const char *command, const char *path)
{
	const char *seen = strstr(command, ") in ");
	unsigned long long inode;
	long long changed;
	struct stat st;
	long ns;

	return !seen || sscanf(seen, ") in %llu:%lld.%9ld|", &inode, &changed, &ns) != 3 ||
	       lstat(path, &st) || st.st_ino != inode || st.st_ctim.tv_sec != changed ||
	       st.st_ctim.tv_nsec != ns;
}

/* Does what rm does with one path that a shell reads as it stands. */
static int remove_plain(const char *command)
{
	const char *from = strstr(command, "rm -f -- /"), *end = strstr(command, " ;; esac");
	const char *status = strstr(command, "/proc/");
	char path[PATH_MAX];
	int pid;

	if (!from || !end || strpbrk(from, "'|") || become_user_of(command))
		return CANNOT;
	from += strlen("rm -f -- ");
	snprintf(path, sizeof(path), "%.*s", (int)(end - from), from);
	if (status && sscanf(status, "/proc/%d/", &pid) == 1)
		wait_for_end(pid);
	return !is_another_file(command, path) && unlink(path) ? 1 : 0;
}

/* Does what nsenter, sysctl, kill and rm do, where there are none (an initramfs). */
static int run_without_tools(const char *command)
{
	const char *assignment = strstr(command, "sysctl -w ");
	const char *link = strstr(command, "ip link set dev ");
	char device[16];
	int pid;

	if (sscanf(command, "nsenter -t %d -n ", &pid) == 1 && enter_space_of(pid))
		return 1;
	if (link && sscanf(link, "ip link set dev %15s down", device) == 1)
		return device_set(device, false) ? 1 : 0;
	if (!strncmp(command, "kill ", 5))
		return kill_all(command + 5);
	return assignment ? set_by_sysctl(assignment + strlen("sysctl -w ")) :
			    remove_plain(command);
}

/* Splits the command at spaces; it quotes nothing. */
static void exec_portclash(const char *portclash, const char *command)
{
	static char words[512];
	char *argv[16] = { NULL }, *save = NULL;
	size_t count = 0;

	snprintf(words, sizeof(words), "%s", command);
	for (char *word = strtok_r(words, " ", &save); word && count < 15;
	     word = strtok_r(NULL, " ", &save))
		argv[count++] = word;
	execv(portclash, argv);
	_exit(127);
}

static void run_in(const char *portclash, const char *command, int netns)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (netns >= 0 && setns(netns, CLONE_NEWNET))
		_exit(125);
	if (!strncmp(command, "portclash ", strlen("portclash "))) {
		dup2(quiet, STDOUT_FILENO);
		exec_portclash(portclash, command);
	}
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
		run_in(t->settings->portclash, command, same ? -1 : t->home_netns);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

static void run_typed(struct test *t, const char *command)
{
	int status = run_beside_monitor(t, command);

	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		test_skip(t, "no tools here to run `%s`", command);
	if (status)
		test_fail(t, "expected the exit status 0, got %#x from `%s`", status, command);
}

void fixes_run(struct test *t, json_t *line, const char *part)
{
	json_t *fix = fixes_with_command(line, part);
	const char *command = json_string_value(json_object_get(fix, "command"));

	if (!command)
		test_fail(t, "expected a command with \"%s\" among the fixes", part);
	else
		run_typed(t, command);
}

/* The portclash under test is in no folder of $PATH, and nobody answers its question here. On an old kernel it
 * waits for an orphan that it must not end. */
static void run_portclash(struct test *t, const char *command)
{
	const char *word = strstr(command, "portclash ");
	char *typed = NULL;
	int status;

	if (asprintf(&typed, "%.*s%s %s --yes --wait 2", (int)(word - command), command,
		     t->settings->portclash, word + strlen("portclash ")) < 0)
		test_abort(t, "no memory");
	status = run_beside_monitor(t, typed);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STUCK)
		test_skip(t, "this kernel does not end these sockets, and `%s` said so", command);
	if (status)
		test_fail(t, "expected the exit status 0, got %#x from `%s`", status, typed);
	free(typed);
}

void fixes_run_free(struct test *t, json_t *line)
{
	json_t *fix = fixes_with_command(line, "portclash free ");
	const char *command = json_string_value(json_object_get(fix, "command"));

	if (!command)
		test_fail(t, "expected `portclash free` among the fixes");
	else
		run_portclash(t, command);
}

unsigned fixes_run_now(struct test *t, json_t *line)
{
	json_t *fixes = json_object_get(line, "fixes"), *fix;
	unsigned run = 0;
	size_t i;

	json_array_foreach(fixes, i, fix)
	{
		const char *command = json_string_value(json_object_get(fix, "command"));

		if (!command || json_is_true(json_object_get(fix, "lasting")) ||
		    !strncmp(json_string_value(json_object_get(fix, "what")), "or ", 3))
			continue;
		if (strstr(command, "portclash "))
			run_portclash(t, command);
		else
			run_typed(t, command);
		run++;
	}
	return run;
}

void fixes_run_reserve(struct test *t, json_t *line, const char *reserved, uint16_t port)
{
	char now[512] = "";

	if (!line)
		return;
	space_set(RESERVED, reserved);
	fixes_run(t, line, "portclash reserve ");
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
