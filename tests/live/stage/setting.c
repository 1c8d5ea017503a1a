// SPDX-License-Identifier: GPL-2.0-only
/* A sysctl of the whole machine that is restored when the scenario ends, also when it is killed. A
 * process of its own waits for the scenario's end and restores it. */
#include "stage/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VALUE_MAX 64

bool setting_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool put_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, value, strlen(value)) > 0;

	if (fd >= 0)
		close(fd);
	return written;
}

struct setting setting_keep(struct test *t, const char *path)
{
	struct setting s = { .t = t, .path = path };
	char before[VALUE_MAX], byte;
	int ends[2];

	if (!setting_read(path, before, sizeof(before)))
		test_skip(t, "%s cannot be read", path);
	if (pipe2(ends, O_CLOEXEC))
		test_abort(t, "stage: no pipe: %s", strerror(errno));
	s.keeper = fork();
	if (s.keeper == 0) {
		close(ends[1]);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(!put_setting(path, before));
	}
	close(ends[0]);
	s.keeps = ends[1];
	return s;
}

void setting_write(struct setting *s, const char *value)
{
	if (!put_setting(s->path, value))
		test_skip(s->t, "%s cannot be written: %s", s->path, strerror(errno));
}

void setting_restore(struct setting *s)
{
	int status = 0;

	close(s->keeps);
	if (waitpid(s->keeper, &status, 0) != s->keeper || status)
		test_fail(s->t, "expected %s as it was, got %#x", s->path, status);
}
