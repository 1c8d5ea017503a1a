// SPDX-License-Identifier: GPL-2.0-only
/* `guard --status`: what is guarded, since when and why, from the guard's notes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "out/guard.h"
#include "out/guard_private.h"
#include "out/text_parts.h"

static uint64_t refused_total(const struct pc_guard_counters *c)
{
	uint64_t total = 0;

	for (int i = PC_GUARD_OVER_SHARE; i < PC_GUARD_ANSWER_COUNT; i++)
		total += c->refused[i];
	return total;
}

static uint64_t status_age(const struct pc_clock *clock, uint64_t ns)
{
	return clock->now_ns > ns ? clock->now_ns - ns : 0;
}

static void status_put_port(FILE *out, const struct pc_clock *clock, const struct pc_guard_note *n)
{
	const struct pc_guard_port *p = &n->port;

	fprintf(out, "\n  %5u  netns %u  ", p->port, n->netns.inode);
	if (p->who.name[0])
		pc_put_string(out, p->who.name);
	else if (p->who.comm[0])
		fprintf(out, "uid %u", p->who.uid);
	else
		fputs(p->reason == PC_GUARD_PROTECTED ? "--protect" : "not known", out);
	if (p->who.comm[0]) {
		fputs(" (", out);
		pc_put_text(out, p->who.comm, strnlen(p->who.comm, sizeof(p->who.comm)));
		fputc(')', out);
	}
	fputs(", guarded for ", out);
	pc_put_age(out, status_age(clock, p->since_ns));
	if (p->reason == PC_GUARD_PROTECTED)
		fputs(", listed by --protect", out);
	else if (p->listens)
		fputs(", it listens", out);
	else if (p->reason == PC_GUARD_LEARNT)
		fputs(", known from before the reboot, no server has come yet", out);
	else {
		fputs(", gone for ", out);
		pc_put_age(out, status_age(clock, p->seen_ns));
	}
	if (!p->kept)
		fputs(", not reserved yet", out);
}

int pc_guard_status_text(struct pc_log *log, const struct pc_clock *clock,
			 const struct pc_guard_status *s)
{
	const struct pc_guard_counters *c = &s->notes->counters;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	if (s->running < 0)
		fputs("portclash needs root to know whether a guard runs", text.out);
	else if (s->running)
		fprintf(text.out, "the guard runs as process %d", s->running);
	else
		fputs("no guard runs; what it reserved stays reserved", text.out);
	fprintf(text.out,
		"; %zu port%s guarded\nsince its start: %" PRIu64 " reserved, %" PRIu64
		" released, %" PRIu64 " kept from being wiped, %" PRIu64
		" refused by a limit, %" PRIu64 " errors, %" PRIu64 " events lost",
		s->notes->count, s->notes->count == 1 ? "" : "s", c->additions, c->removals,
		c->restored, refused_total(c), c->errors, c->lost);
	for (size_t i = 0; i < s->notes->count; i++)
		status_put_port(text.out, clock, &s->notes->list[i]);
	return pc_text_finish(log, &text);
}

static json_t *status_port_json(const struct pc_clock *clock, const struct pc_guard_note *n)
{
	const struct pc_guard_port *p = &n->port;
	json_t *o = json_object();

	json_object_set_new(o, "port", json_integer(p->port));
	json_object_set_new(o, "netns", json_integer(n->netns.inode));
	json_object_set_new(o, "reason", json_string(pc_guard_reason_name(p->reason)));
	json_object_set_new(o, "listens", json_boolean(p->listens));
	json_object_set_new(o, "reserved", json_boolean(p->kept));
	json_object_set_new(o, "since", pc_json_time(clock, p->since_ns));
	json_object_set_new(o, "seen", pc_json_time(clock, p->seen_ns));
	json_object_set_new(o, "process", pc_guard_who_json(&p->who));
	return o;
}

int pc_guard_status_json(struct pc_log *log, const struct pc_clock *clock,
			 const struct pc_guard_status *s)
{
	const struct pc_guard_counters *c = &s->notes->counters;
	json_t *o = pc_json_line("guard-status", clock, clock->now_ns), *ports = json_array();

	json_object_set_new(o, "pid", s->running > 0 ? json_integer(s->running) : json_null());
	json_object_set_new(o, "additions", json_integer((json_int_t)c->additions));
	json_object_set_new(o, "removals", json_integer((json_int_t)c->removals));
	json_object_set_new(o, "restored", json_integer((json_int_t)c->restored));
	json_object_set_new(o, "refused", json_integer((json_int_t)refused_total(c)));
	json_object_set_new(o, "errors", json_integer((json_int_t)c->errors));
	json_object_set_new(o, "events_lost", json_integer((json_int_t)c->lost));
	for (size_t i = 0; i < s->notes->count; i++)
		json_array_append_new(ports, status_port_json(clock, &s->notes->list[i]));
	json_object_set_new(o, "ports", ports);
	return pc_json_write(log, o);
}

int pc_guard_off_json(struct pc_log *log, const struct pc_clock *clock, unsigned released,
		      const char *error)
{
	json_t *o = pc_json_line("guard-off", clock, clock->now_ns);

	json_object_set_new(o, "released", json_integer(released));
	json_object_set_new(o, "error", pc_json_string(error));
	return pc_json_write(log, o);
}
