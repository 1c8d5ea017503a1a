// SPDX-License-Identifier: GPL-2.0-only
/* Running `portclash free` and comparing its lines with the truth. */
#include "judge/free.h"

#include <stdio.h>
#include <string.h>

#include "stage/space.h"

/* How many further arguments a scenario may give */
#define MORE_MAX 10

/* The state of the record is the scenario's own: no other portclash waits for its lock. */
static void add_options(struct test *t, const char **argv, char *folder, size_t size,
			const char *const *more)
{
	int n = 0;

	while (argv[n])
		n++;
	argv[n++] = "--state";
	argv[n++] = test_path(t, "state", folder, size);
	for (int i = 0; more && more[i] && i < MORE_MAX; i++)
		argv[n++] = more[i];
	argv[n] = NULL;
}

static struct spot line_if_any(struct test *t, const struct monitor *m, const char *type)
{
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(json_string_value(json_object_get(m->lines[i], "type")), type))
			return spot_of(t, m->lines[i]);
	return spot_of(t, NULL);
}

struct freed free_run(struct test *t, const char *port, const char *const *more, int status)
{
	const char *argv[8 + MORE_MAX] = { "free", port, "--yes", "--json" };
	struct freed f;
	char folder[128];

	add_options(t, argv, folder, sizeof(folder), more);
	f.audit = audit_json(t, argv, status);
	f.plan = line_if_any(t, f.audit.m, "free-plan");
	f.line = audit_line(&(struct audit){ t, f.audit.m, 0 }, "free", 0);
	expect_int(&f.line, "exit_status", status);
	if (json_integer_value(json_object_get(f.line.json, "exit_status")) != status)
		note_line(t, f.line.json);
	return f;
}

struct freed free_robbed(struct robbery *r, const char *const *more, int status)
{
	const char *all[MORE_MAX + 1] = { NULL };
	int n = 0;

	if (r->netns) {
		all[n++] = "--netns";
		all[n++] = r->netns;
	}
	for (int i = 0; more && more[i] && n < MORE_MAX; i++)
		all[n++] = more[i];
	return free_run(r->t, r->text, all, status);
}

void free_expect_socket(const struct freed *f, const struct robbery *r, const char *kind,
			const char *state, const struct puppet *by)
{
	struct spot sockets = spot_below(&f->plan, "sockets"), s = spot_at(&sockets, 0), owners;

	if (json_array_size(sockets.json) != 1)
		expected(&sockets, "one socket on the port");
	expect_string(&s, "kind", kind);
	expect_string(&s, "state", state);
	expect_end(&s, "local", &r->out.look.local);
	owners = spot_below(&s, "owners");
	if (json_array_size(owners.json) != (by ? 1 : 0))
		expected(&owners, "%d owners", by ? 1 : 0);
	if (!by)
		return;
	expect_int(&s, "inode", (long long)r->out.look.inode);
	expect_int(&s, "cookie", (long long)r->out.look.cookie);
	owners = spot_at(&owners, 0);
	compare_person(&owners, &by->who);
	expect_int(&owners, "fd", r->out.fd);
}

void free_expect_result(const struct freed *f, const char *result, int ended)
{
	expect_string(&f->line, "result", result);
	expect_int(&f->line, "ended", ended);
}

static bool port_is_reserved(struct test *t, uint16_t port)
{
	static bool ports[PORTS];
	char list[4096] = "";

	if (space_get(RESERVED, list, sizeof(list)) || (*list && !space_parse_ports(list, ports)))
		test_abort(t, "stage: the reserved ports cannot be read");
	return *list && ports[port];
}

void free_expect_reserved(struct test *t, uint16_t port, bool reserved)
{
	if (port_is_reserved(t, port) != reserved)
		test_fail(t, "expected that port %u is %sreserved now", port,
			  reserved ? "" : "not ");
}

void free_await_given_up(struct test *t, uint16_t port)
{
	int64_t until = deadline_in(t, 5);

	while (port_is_reserved(t, port) && !deadline_over(until))
		sleep_ms(20);
	free_expect_reserved(t, port, false);
}

void free_check(struct robbery *r, const char *const *more, const char *state, bool open)
{
	struct freed f = free_robbed(r, more, 0);

	free_expect_socket(&f, r, "end", state, open ? r->client : NULL);
	free_expect_result(&f, "freed", 1);
	expect_string(&f.line, "reserved", "until-taken");
	robbery_serve(r);
	robbery_expect_bystanders(r);
}
