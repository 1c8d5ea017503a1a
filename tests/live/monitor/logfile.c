// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for text in the agent's files. */
#include "monitor/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_SECONDS 30

char *logfile_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : monitor_text(fd);

	if (fd >= 0)
		close(fd);
	return text;
}

size_t logfile_count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

bool logfile_has(const char *path, const char *what)
{
	char *text = logfile_read(path);
	bool found = text && strstr(text, what);

	free(text);
	return found;
}

static bool comes(struct test *t, const char *path, const char *what)
{
	int64_t until = deadline_in(t, PATIENCE_SECONDS);

	while (!logfile_has(path, what)) {
		if (deadline_over(until))
			return false;
		sleep_ms(5);
	}
	return true;
}

void logfile_expect(struct test *t, const char *path, const char *what)
{
	char *text;

	if (comes(t, path, what))
		return;
	text = logfile_read(path);
	test_fail(t, "expected \"%s\" in %s, got \"%s\"", what, path, text ? text : "no file");
	free(text);
}

void logfile_await_said(struct test *t, struct monitor *m, const char *what)
{
	char *said;

	if (monitor_await_text(t, m->err, what, PATIENCE_SECONDS))
		return;
	said = monitor_text(m->err);
	test_fail(t, "expected \"%s\", got \"%s\" on standard error", what, said);
	free(said);
}

struct monitor *logfile_agent(struct test *t, const char *const *argv, const char *log)
{
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	char *said;

	monitor_is_own(t);
	if (comes(t, log, "\"type\":\"ready\""))
		return m;
	said = monitor_text(m->err);
	test_abort(t, "expected a ready line in %s, got \"%s\"", log, said);
}

void logfile_disk(struct test *t, const char *size, char *path, size_t len)
{
	test_path(t, "disk", path, len);
	if (mkdir(path, 0755) || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("disk", path, "tmpfs", 0, size))
		test_skip(t, "no small disk can be mounted here: %s", strerror(errno));
}
