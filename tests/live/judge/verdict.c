// SPDX-License-Identifier: GPL-2.0-only
/* Comparing one refusal line with the truth. */
#include "judge/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monitor/monitor.h"
#include "stage/space.h"

#define VERDICT_SECONDS 10

static const char *errno_name(int error)
{
	return error == EADDRINUSE    ? "EADDRINUSE" :
	       error == EADDRNOTAVAIL ? "EADDRNOTAVAIL" :
	       error == EAGAIN	      ? "EAGAIN" :
	       error == EPERM	      ? "EPERM" :
					"EACCES";
}

static void check_call(const struct spot *s, const struct attempt *a)
{
	bool v6 = strchr(a->wanted.address, ':');

	expect_int(s, "schema", 1);
	expect_string(s, "type", "refusal");
	expect_time(s, "time", a->before, a->after);
	expect_string(s, "proto", a->socket.tcp_state ? "tcp" : "udp");
	expect_string(s, "family", v6 ? "ipv6" : "ipv4");
	expect_string(s, "op", a->op);
	expect_string(s, "errno", errno_name(a->error));
	expect_int(s, "errno_number", a->error);
	expect_end(s, "requested", &a->wanted);
}

static void check_refused_process(const struct spot *s, const struct attempt *a)
{
	struct spot at = spot_below(s, "requester");

	expect_person(s, "requester", &a->who);
	expect_int(&at, "tid", a->who.tid);
	expect_options(&at, "options", &a->socket);
}

/* The settings of the requester's network namespace, which is the scenario's. */
static void check_range(const struct spot *s, const struct attempt *a)
{
	static bool reserved[PORTS];
	struct spot range = spot_below(s, "range");
	char text[512];
	int low, high;

	if (!space_get("ipv4/ip_local_port_range", text, sizeof(text)) &&
	    sscanf(text, "%d %d", &low, &high) == 2) {
		expect_int(&range, "low", low);
		expect_int(&range, "high", high);
	}
	if (!space_get("ipv4/ip_local_reserved_ports", text, sizeof(text)) &&
	    space_parse_ports(text, reserved))
		expect_bool(&range, "reserved", reserved[a->wanted.port]);
	if (!space_get("ipv4/ip_unprivileged_port_start", text, sizeof(text)))
		expect_int(&range, "unprivileged_start", strtol(text, NULL, 10));
}

static void check_incomplete(const struct spot *s, const struct truth *truth)
{
	if (!truth->incomplete) {
		expect_complete(s);
		return;
	}
	expect_bool(s, "incomplete", true);
	expect_contains(s, "incomplete_reason", NULL);
}

static unsigned count_holders(const struct truth *truth)
{
	unsigned n = 0;

	while (truth->holders[n].socket)
		n++;
	return n;
}

static void check_head(const struct spot *s, const struct truth *truth)
{
	check_call(s, truth->attempt);
	check_refused_process(s, truth->attempt);
	check_range(s, truth->attempt);
	expect_string(s, "cause", truth->cause);
	expect_contains(s, "explanation", truth->says);
	check_incomplete(s, truth);
	fixes_check(s, truth);
	expect_int(s, "holders_total", truth->total ? truth->total : count_holders(truth));
}

static void check_holder_since(const struct spot *s, const struct true_holder *h,
			       const struct attempt *a)
{
	struct spot age = spot_below(s, "age_seconds");
	double slack = CLOCK_SLACK_NS * s->t->settings->patience / 1e9;
	double least = (double)(a->before - h->socket->after) / 1e9 - slack;
	double most = (double)(wall_ns() - h->socket->before) / 1e9 + slack;

	if (h->older || !h->socket->before) {
		expect_null(s, "since");
		expect_null(s, "age_seconds");
		return;
	}
	expect_time(s, "since", h->socket->before, h->socket->after);
	if (!json_is_number(age.json) || json_number_value(age.json) < least ||
	    json_number_value(age.json) > most)
		expected(&age, "%.6f to %.6f", least, most);
}

static void check_cookie(const struct spot *s, const struct io_look *look)
{
	struct spot at = spot_below(s, "cookie");

	if (look->cookie)
		expect_int(s, "cookie", (long long)look->cookie);
	else if (!json_is_null(at.json) && !json_is_integer(at.json))
		expected(&at, "null or a number: nobody has asked for it yet");
}

/* Around 300 s of uptime portclash makes no statement: bpf/jiffies.bpf.h. */
static bool seconds_are_unknown(const struct spot *s)
{
	struct timespec up;

	clock_gettime(CLOCK_MONOTONIC, &up);
	return json_is_null(s->json) && up.tv_sec > 280 && up.tv_sec < 330;
}

/* TIME_WAIT began after the port was claimed, and lasts at most 60 s. */
static void check_seconds_left(const struct spot *s, const struct true_holder *h)
{
	struct spot at = spot_below(s, "seconds_left");
	json_int_t left = json_integer_value(at.json);
	double age = h->socket->before ? (double)(wall_ns() - h->socket->before) / 1e9 : 60;

	if (!h->minisock || strcmp(h->state, "TIME_WAIT"))
		expect_null(s, "seconds_left");
	else if (seconds_are_unknown(&at))
		return;
	else if (!json_is_integer(at.json) || left < 1 || left > 60 || left < 59 - age)
		expected(&at, "%.0f to 60", age < 58 ? 59 - age : 1.0);
}

/* The entry of a connection in TIME_WAIT has neither inode nor user; a socket that its owner has
 * closed has no inode. */
static void check_socket(const struct spot *s, const struct true_holder *h)
{
	const struct io_look *look = &h->socket->look;

	expect_end(s, "local", &look->local);
	expect_end(s, "remote", &look->remote);
	check_cookie(s, look);
	if (h->owners[0].who || h->no_fd)
		expect_int(s, "inode", (long long)look->inode);
	else
		expect_null(s, "inode");
	if (h->minisock)
		expect_null(s, "uid");
	else
		expect_int(s, "uid", look->uid);
	expect_options(s, "options", look);
	check_seconds_left(s, h);
}

static void check_owner(const struct spot *owners, const struct true_owner *o)
{
	for (size_t i = 0; i < json_array_size(owners->json); i++) {
		struct spot at = spot_at(owners, i);
		json_t *pid = json_object_get(at.json, "pid");

		if (json_integer_value(pid) != o->who->pid)
			continue;
		compare_person(&at, &o->who->who);
		expect_int(&at, "fd", o->fd);
		expect_bool(&at, "running", true);
		return;
	}
	expected(owners, "%s[%d] among the owners", o->who->who.comm, o->who->pid);
}

static void check_owners(const struct spot *s, const struct true_holder *h)
{
	struct spot owners = spot_below(s, "owners");
	size_t count = 0;

	while (h->owners[count].who)
		check_owner(&owners, &h->owners[count++]);
	if (!json_is_array(owners.json) || json_array_size(owners.json) != count)
		expected(&owners, "%zu owners", count);
}

static void check_holder_process(const struct spot *s, const struct true_holder *h)
{
	struct spot at = spot_below(s, "process");

	expect_person(s, "process", h->process);
	if (h->process)
		expect_bool(&at, "running", !h->gone);
	if (h->note)
		expect_contains(s, "process_note", h->note);
	else
		expect_null(s, "process_note");
}

void verdict_check_holder(const struct spot *s, const struct true_holder *h,
			  const struct attempt *attempt)
{
	expect_bool(s, "blocking", !h->not_blocking);
	expect_string(s, "state", h->state);
	expect_string(s, "how", h->how);
	/* The claim was not seen, or never made, as for an accepted connection. */
	expect_bool(s, "how_inferred", h->how && (h->older || !strcmp(h->how, "accept")));
	expect_bool(s, "older", h->older && !h->unseen);
	check_socket(s, h);
	check_holder_since(s, h, attempt);
	check_holder_process(s, h);
	check_owners(s, h);
	expect_person(s, "peer", h->peer ? &h->peer->who : NULL);
}

static bool is_this(json_t *holder, const struct io_look *look)
{
	json_t *local = json_object_get(holder, "local"),
	       *remote = json_object_get(holder, "remote");
	const char *address = json_string_value(json_object_get(local, "address"));
	json_int_t cookie = json_integer_value(json_object_get(holder, "cookie"));

	if (cookie && look->cookie)
		return (uint64_t)cookie == look->cookie;
	return address && !strcmp(address, look->local.address) &&
	       json_integer_value(json_object_get(remote, "port")) == look->remote.port;
}

/* The function back ends take one holder from the kernel's own check, and it always blocks; the
 * tracepoint back end none. */
static void check_found_by(const struct spot *holders, const char *op)
{
	const char *backend = holders->t->settings->backend;
	unsigned exact = 0, expect;

	for (size_t i = 0; i < json_array_size(holders->json); i++) {
		struct spot holder = spot_at(holders, i), at = spot_below(&holder, "found_by");
		const char *found_by = json_string_value(at.json);

		if (found_by && !strcmp(found_by, "conflict-check")) {
			expect_bool(&holder, "blocking", true);
			exact++;
		} else if (!found_by || strcmp(found_by, "port-table")) {
			expected(&at, "\"conflict-check\" or \"port-table\"");
		}
	}
	/* A refused client asks no question of listeners. */
	if (!strcmp(op, "connect"))
		backend = "tracepoint";
	expect = backend ? strcmp(backend, "tracepoint") != 0 && strcmp(backend, "auto") != 0 :
			   exact;
	if (exact != expect || exact > 1)
		expected(holders, "%u holders found by the kernel's conflict check", expect);
}

static void check_holders(const struct spot *s, const struct truth *truth)
{
	struct spot holders = spot_below(s, "holders");
	unsigned count = count_holders(truth);

	if (json_array_size(holders.json) != count)
		expected(&holders, "%u holders", count);
	for (unsigned i = 0; i < count; i++) {
		size_t at = 0, size = json_array_size(holders.json);
		struct spot holder;

		while (at < size &&
		       !is_this(json_array_get(holders.json, at), &truth->holders[i].socket->look))
			at++;
		if (at == size)
			at = i;
		holder = spot_at(&holders, at);
		verdict_check_holder(&holder, &truth->holders[i], truth->attempt);
	}
	if (count)
		check_found_by(&holders, truth->attempt->op);
}

json_t *verdict_take(struct puppet *web)
{
	json_t *line = monitor_line(web->t, "refusal", web->pid, VERDICT_SECONDS);

	if (!line)
		test_abort(web->t, "expected a refusal of %s, got none", web->who.comm);
	return line;
}

json_t *verdict_check_head(struct test *t, const struct truth *truth)
{
	const struct attempt *a = truth->attempt;
	json_t *line = monitor_line(t, "refusal", a->who.pid, VERDICT_SECONDS);
	struct spot s = spot_of(t, line);

	if (!line) {
		test_fail(t, "expected a refusal of %s[%d], %s:%u, got none", a->who.comm,
			  a->who.pid, a->wanted.address, a->wanted.port);
		return NULL;
	}
	check_head(&s, truth);
	return line;
}

json_t *verdict_check(struct test *t, const struct truth *truth)
{
	unsigned before = t->report->failures;
	json_t *line = verdict_check_head(t, truth);
	struct spot s = spot_of(t, line);

	if (!line)
		return NULL;
	check_holders(&s, truth);
	if (t->report->failures > before)
		note_line(t, line);
	return line;
}

void expect_not_a_listener(const struct spot *line)
{
	struct spot at = spot_below(line, "explanation");
	const char *text = json_string_value(at.json);

	if (!text || (!strstr(text, "not a listener") && !strstr(text, "not by a listener") &&
		      !strstr(text, "not a server")))
		expected(&at, "a text that says that the holder is not a listener");
}
