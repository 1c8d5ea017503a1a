// SPDX-License-Identifier: GPL-2.0-only
/* Running `portclash guard`. */
#include "judge/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stage/space.h"

#define ARGUMENTS_MAX 20

static const char *const everything[] = { "--own-netns", "--policy", "all", NULL };

static int guard_arguments(struct guard *g, const char **argv, const char *const *more)
{
	int n = 0;

	argv[n++] = "guard";
	argv[n++] = "--json";
	argv[n++] = "--state";
	argv[n++] = g->state;
	argv[n++] = "--root";
	argv[n++] = g->root;
	for (int i = 0; more[i] && n < ARGUMENTS_MAX - 1; i++)
		argv[n++] = more[i];
	argv[n] = NULL;
	return n;
}

void guard_again(struct guard *g, const char *const *more)
{
	const char *argv[ARGUMENTS_MAX];
	char *said;

	guard_arguments(g, argv, more ? more : everything);
	g->m = monitor_spawn(g->t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	if (monitor_await_text(g->t, g->m->err, "portclash: guards ", 20))
		return;
	said = monitor_text(g->m->err);
	test_abort(g->t, "expected a guard, got \"%s\"", said);
}

struct guard guard_begin(struct test *t, const char *const *more)
{
	static const char *const folders[] = { "root", "root/etc", "root/etc/sysctl.d" };
	struct guard g = { .t = t };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdir(test_path(t, folders[i], g.root, sizeof(g.root)), 0755))
			test_abort(t, "stage: %s cannot be made", g.root);
	test_path(t, "root", g.root, sizeof(g.root));
	test_path(t, "state", g.state, sizeof(g.state));
	guard_again(&g, more);
	return g;
}

void guard_end(struct guard *g, int signal)
{
	monitor_stop(g->t, g->m, signal, 10);
}

struct audit guard_run(struct guard *g, const char *const *more, int status)
{
	const char *argv[ARGUMENTS_MAX];

	guard_arguments(g, argv, more);
	return audit_json(g->t, argv, status);
}

struct audit guard_beside(struct guard *g, const char *const *argv, int status)
{
	const char *all[ARGUMENTS_MAX] = { argv[0], "--state", g->state };
	int n = 3;

	for (int i = 1; argv[i] && n < ARGUMENTS_MAX - 1; i++)
		all[n++] = argv[i];
	return audit_json(g->t, all, status);
}

static bool is_about_port(json_t *line, uint16_t port)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(line, "ports"), i,
			   one) if (json_integer_value(one) == port) return true;
	return !port;
}

static json_t *find_told(struct guard *g, const char *deed, uint16_t port)
{
	for (size_t i = 0; i < g->m->count; i++) {
		json_t *line = g->m->lines[i];
		const char *have = json_string_value(json_object_get(line, "deed"));

		if (g->m->used[i] || !have || strcmp(have, deed) || !is_about_port(line, port))
			continue;
		g->m->used[i] = true;
		return line;
	}
	return NULL;
}

static void fail_untold(struct guard *g, const char *deed, uint16_t port)
{
	char *said = monitor_text(g->m->out);

	test_fail(g->t, "expected a line \"%s\" about port %u, got none", deed, port);
	test_note(g->t, "the guard said \"%s\"", said ? said : "");
	free(said);
}

struct spot guard_told(struct guard *g, const char *deed, uint16_t port)
{
	int64_t until = deadline_in(g->t, 10);
	json_t *line;

	do {
		bool last = deadline_over(until);

		monitor_read(g->t, g->m);
		line = find_told(g, deed, port);
		if (last)
			break;
		sleep_ms(5);
	} while (!line);
	if (!line)
		fail_untold(g, deed, port);
	return spot_of(g->t, line);
}

static bool is_list(const char *list, char *now, size_t size)
{
	now[0] = '\0';
	space_get(RESERVED, now, size);
	return !strcmp(now, list);
}

void guard_expect_list(struct test *t, const char *list)
{
	char now[4096];

	if (!is_list(list, now, sizeof(now)))
		test_fail(t, "expected \"%s\", got \"%s\" in " RESERVED, list, now);
}

void guard_await_list(struct test *t, const char *list)
{
	int64_t until = deadline_in(t, 10);
	char now[4096];

	while (!is_list(list, now, sizeof(now)) && !deadline_over(until))
		sleep_ms(5);
	guard_expect_list(t, list);
}
