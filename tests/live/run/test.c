// SPDX-License-Identifier: GPL-2.0-only
/* Mismatches, notes, the clock and time limits of a scenario. */
#include "run/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "stage/puppet.h"

static void append_text(struct report *r, const char *indent, const char *format, va_list args)
{
	size_t room = sizeof(r->text) - r->len;
	int n = snprintf(r->text + r->len, room, "%s", indent);

	if (n < 0 || (size_t)n >= room)
		return;
	n += vsnprintf(r->text + r->len + n, room - (size_t)n, format, args);
	if (n < 0 || (size_t)n + 2 > room)
		n = (int)room - 2;
	r->len += (size_t)n;
	r->text[r->len++] = '\n';
	r->text[r->len] = '\0';
}

void test_fail(struct test *t, const char *format, ...)
{
	va_list args;

	if (t->report->failures++ >= FAILURES_SHOWN)
		return;
	va_start(args, format);
	append_text(t->report, "", format, args);
	va_end(args);
}

void test_note(struct test *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append_text(t->report, "    ", format, args);
	va_end(args);
}

void test_abort(struct test *t, const char *format, ...)
{
	va_list args;

	t->report->failures++;
	va_start(args, format);
	append_text(t->report, "", format, args);
	va_end(args);
	t->report->result = RESULT_DONE;
	_exit(1);
}

void test_skip(struct test *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append_text(t->report, "", format, args);
	va_end(args);
	t->report->result = RESULT_SKIPPED;
	_exit(0);
}

bool test_has_puppet(const struct test *t, pid_t pid)
{
	for (unsigned i = 0; i < t->puppets_count; i++)
		if (t->puppets[i]->pid == pid)
			return true;
	return false;
}

static int64_t clock_read(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

void sleep_ms(unsigned ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

int64_t deadline_in(const struct test *t, double seconds)
{
	return clock_read(CLOCK_MONOTONIC) + (int64_t)(seconds * t->settings->patience * 1e9);
}

bool deadline_over(int64_t until)
{
	return clock_read(CLOCK_MONOTONIC) >= until;
}

const char *test_path(struct test *t, const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", t->folder, name);
	return out;
}
