// SPDX-License-Identifier: GPL-2.0-only
/* The real portclash as a child process. */
#include "monitor/monitor.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/apart.h"
#include "monitor/shared.h"

#define READY_SECONDS 45
#define POLL_MS 2

static int open_out(const struct monitor_spec *spec, const struct monitor *m)
{
	return spec->out_path ? open(spec->out_path, O_WRONLY | O_CLOEXEC) : m->out;
}

/* Completes the arguments: --backend follows the subcommand's name if one was asked for, no agent reads
 * the configuration of this machine's own, and `trace` writes each repeat unless the scenario says more. */
static void complete_arguments(struct test *t, const struct monitor_spec *spec, const char **argv)
{
	const char *first = spec->argv[0];
	int n = 0;

	argv[n++] = spec->exe ? spec->exe : t->settings->portclash;
	for (int i = 0; i < MONITOR_ARGS_MAX && spec->argv[i]; i++) {
		argv[n++] = spec->argv[i];
		if (!i && !strcmp(first, "agent")) {
			argv[n++] = "--config";
			argv[n++] = "none";
		}
		if (!i && !strcmp(first, "trace")) {
			argv[n++] = "--repeat-interval";
			argv[n++] = "0";
		}
		if (i || !t->settings->backend ||
		    (strcmp(first, "trace") && strcmp(first, "agent")))
			continue;
		argv[n++] = "--backend";
		argv[n++] = t->settings->backend;
	}
}

/* Sets what systemd sets when it connects the outputs to the journal: see systemd.exec(5). */
static void become_service(int stream)
{
	char value[64];
	struct stat st;

	if (fstat(stream, &st))
		_exit(125);
	snprintf(value, sizeof(value), "%lu:%lu", st.st_dev, st.st_ino);
	setenv("JOURNAL_STREAM", value, 1);
	dup2(stream, STDOUT_FILENO);
	dup2(stream, STDERR_FILENO);
}

/* Limits the bounding set, which is what execve() gives to root. */
static void set_bounding_capabilities(uint64_t capabilities)
{
	for (int i = 0; capabilities && prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (!(capabilities >> i & 1) && prctl(PR_CAPBSET_DROP, i))
			_exit(125);
}

static void become_monitor(struct test *t, const struct monitor_spec *spec, const struct monitor *m)
{
	const char *argv[MONITOR_ARGS_MAX + 6] = { NULL };

	complete_arguments(t, spec, argv);
	signal(SIGINT, SIG_DFL); /* a shell lets what runs in the background ignore it */
	if (!spec->in_space && setns(t->home_netns, CLONE_NEWNET))
		_exit(125);
	dup2(open_out(spec, m), STDOUT_FILENO);
	dup2(m->err, STDERR_FILENO);
	if (spec->stream)
		become_service(spec->stream);
	if (spec->uid && (setresgid(spec->uid, spec->uid, spec->uid) ||
			  setresuid(spec->uid, spec->uid, spec->uid)))
		_exit(125);
	if (spec->unshare)
		monitor_go_apart(spec->unshare);
	set_bounding_capabilities(spec->capabilities);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(argv[0], (char **)argv);
	_exit(127);
}

void monitor_copy(struct test *t, char *path, size_t size)
{
	int in = open(t->settings->portclash, O_RDONLY | O_CLOEXEC), out;
	struct stat st;

	test_path(t, "portclash", path, size);
	out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (in < 0 || out < 0 || fstat(in, &st) || chmod(t->folder, 0755))
		test_abort(t, "stage: cannot copy portclash");
	while (sendfile(out, in, NULL, (size_t)st.st_size) > 0)
		;
	close(in);
	close(out);
}

struct monitor *monitor_spawn(struct test *t, const struct monitor_spec *spec)
{
	struct monitor *m = calloc(1, sizeof(*m));

	if (!m)
		test_abort(t, "stage: out of memory");
	m->out = memfd_create("out", MFD_CLOEXEC);
	m->err = memfd_create("err", MFD_CLOEXEC);
	m->agent = spec->argv[0] && !strcmp(spec->argv[0], "agent");
	m->pid = fork();
	if (m->pid == 0)
		become_monitor(t, spec, m);
	if (m->out < 0 || m->err < 0 || m->pid < 0)
		test_abort(t, "stage: cannot start portclash: %s", strerror(errno));
	return m;
}

char *monitor_text(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) || !(text = malloc((size_t)st.st_size + 1)))
		return NULL;
	n = pread(fd, text, (size_t)st.st_size, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

void monitor_note_for_schema(const char *text, size_t len)
{
	const char *path = getenv("PORTCLASH_LINES");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	if (fd >= 0 && dprintf(fd, "%.*s\n", (int)len, text) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

static void keep_line(struct test *t, struct monitor *m, const char *text, size_t len)
{
	json_error_t error;
	json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!line)
		test_abort(t, "expected JSON, got \"%.*s\" at line %zu: %s", (int)len, text,
			   m->count + 1, error.text);
	if (m->netns && !shared_concerns(t, m, line)) {
		json_decref(line);
		return;
	}
	m->lines = realloc(m->lines, (m->count + 1) * sizeof(*m->lines));
	m->used = realloc(m->used, (m->count + 1) * sizeof(*m->used));
	if (!m->lines || !m->used)
		test_abort(t, "stage: out of memory");
	m->lines[m->count] = line;
	m->used[m->count++] = false;
	monitor_note_for_schema(text, len);
}

void monitor_read(struct test *t, struct monitor *m)
{
	char *text = NULL, *next, *end;
	struct stat st;

	if (fstat(m->out, &st) || (size_t)st.st_size == m->taken)
		return;
	text = malloc((size_t)st.st_size - m->taken + 1);
	if (!text || pread(m->out, text, (size_t)st.st_size - m->taken, (off_t)m->taken) < 0)
		test_abort(t, "stage: cannot read portclash's output");
	text[(size_t)st.st_size - m->taken] = '\0';
	for (next = text; (end = strchr(next, '\n')); next = end + 1)
		keep_line(t, m, next, (size_t)(end - next));
	m->taken += (size_t)(next - text);
	free(text);
}

static bool line_is_about(json_t *line, const char *type, pid_t pid)
{
	bool refused =
		!strcmp(type, "refusal") || !strcmp(type, "merged") || !strcmp(type, "outcome");
	json_t *who = json_object_get(line, refused ? "requester" : "process");
	const char *have = json_string_value(json_object_get(line, "type"));

	if (!have || strcmp(have, type))
		return false;
	return !pid || json_integer_value(json_object_get(who, "pid")) == pid;
}

static json_t *find_line(struct monitor *m, const char *type, pid_t pid)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->used[i] || !line_is_about(m->lines[i], type, pid))
			continue;
		m->used[i] = true;
		return m->lines[i];
	}
	return NULL;
}

bool monitor_has_ended(struct monitor *m)
{
	if (!m->ended && waitpid(m->pid, &m->status, WNOHANG) == m->pid)
		m->ended = true;
	return m->ended;
}

json_t *monitor_line(struct test *t, const char *type, pid_t pid, double seconds)
{
	struct monitor *m = t->monitor;
	int64_t until = deadline_in(t, seconds);

	for (;;) {
		bool last = monitor_has_ended(m) || deadline_over(until);
		json_t *line;

		monitor_read(t, m);
		line = find_line(m, type, pid);
		if (line || last)
			return line;
		sleep_ms(POLL_MS);
	}
}

void monitor_no_line(struct test *t, const char *type, pid_t pid, double seconds)
{
	bool settles = t->monitor->netns && !strcmp(type, "refusal");
	json_t *line;

	if (settles)
		shared_settle(t);
	line = monitor_line(t, type, pid, settles ? 0 : seconds);
	if (!line)
		return;
	test_fail(t, "expected no %s of %d, got one", type, pid);
	note_line(t, line);
}

bool monitor_await_text(struct test *t, int fd, const char *what, double seconds)
{
	int64_t until = deadline_in(t, seconds);

	for (;;) {
		bool last = deadline_over(until);
		char *text = monitor_text(fd);
		bool found = text && strstr(text, what);

		free(text);
		if (found || last)
			return found;
		sleep_ms(POLL_MS);
	}
}

int monitor_stop(struct test *t, struct monitor *m, int signal, double seconds)
{
	int64_t until = deadline_in(t, seconds);

	if (!monitor_has_ended(m) && signal)
		kill(m->pid, signal);
	while (!monitor_has_ended(m)) {
		if (deadline_over(until)) {
			test_fail(t, "expected an end within %.1f s, got a portclash that hangs",
				  seconds);
			kill(m->pid, SIGKILL);
			waitpid(m->pid, &m->status, 0);
			m->ended = true;
			return -1;
		}
		sleep_ms(POLL_MS);
	}
	return WIFEXITED(m->status) ? WEXITSTATUS(m->status) : -1;
}

void monitor_is_own(struct test *t)
{
	if (t->shared && t->watch != WATCH_OWN)
		test_fail(t,
			  "a scenario that starts a portclash that watches is to have WATCH_OWN");
}

void monitor_watch_as(struct test *t, const struct monitor_spec *spec)
{
	char *said;

	monitor_is_own(t);
	t->monitor = monitor_spawn(t, spec);
	if (monitor_line(t, "ready", 0, READY_SECONDS))
		return;
	said = monitor_text(t->monitor->err);
	test_abort(t, "expected a ready line within %d s, got \"%s\"", READY_SECONDS,
		   said ? said : "");
}

/* The ready line of a shared portclash is its first line, from before the scenario. */
static json_t *first_line(const struct monitor *m)
{
	char *text = monitor_text(m->out), *end = text ? strchr(text, '\n') : NULL;
	json_t *line = end ? json_loadb(text, (size_t)(end - text), 0, NULL) : NULL;

	free(text);
	return line;
}

static json_t *find_ready(struct monitor *m)
{
	if (m->netns)
		return first_line(m);
	for (size_t i = 0; i < m->count; i++)
		if (line_is_about(m->lines[i], "ready", 0))
			return m->lines[i];
	return NULL;
}

const char *monitor_backend(struct test *t)
{
	const char *backend = json_string_value(json_object_get(find_ready(t->monitor), "backend"));

	return backend ? backend : "";
}

bool monitor_cannot_see(struct test *t, const char *what)
{
	json_t *ready = find_ready(t->monitor);
	const char *backend = json_string_value(json_object_get(ready, "backend"));
	const char *blind = json_string_value(json_object_get(ready, "cannot_see"));
	bool cannot = blind && strstr(blind, what);

	if (!backend || cannot != !strcmp(backend, "tracepoint"))
		test_abort(t, "expected that %s %s \"%s\" in cannot_see, got \"%s\"",
			   backend ? backend : "no back end", cannot ? "does not have" : "has",
			   what, blind ? blind : "");
	return cannot;
}

void monitor_watch(struct test *t, const char *const *arguments)
{
	const char *argv[MONITOR_ARGS_MAX] = { "trace", "--json" };

	if (shared_attach(t, arguments))
		return;
	for (int i = 0; arguments && arguments[i]; i++)
		argv[i + 2] = arguments[i];
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv });
}
