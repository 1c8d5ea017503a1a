// SPDX-License-Identifier: GPL-2.0-only
/* Lines of a log. */
#include "logline.h"

#include <stdio.h>

#define PART 2048

static char line[8 * PART];

static const char *or_else(const char *text, const char *other)
{
	return text ? text : other;
}

static void add_process_of_line(char *out, const char *comm, const char *unit, const char *cmdline,
				unsigned pid, unsigned uid)
{
	snprintf(
		out, PART,
		"{\"pid\":%u,\"tid\":%u,\"comm\":\"%s\",\"exe\":\"/usr/bin/%s\",\"cmdline\":\"%s\",\"uid\":%u,\"cgroup\":\"/\",\"unit\":%s%s%s,\"inner_unit\":null,\"container\":null,\"pod\":null,\"netns\":4026531840,\"running\":true}",
		pid, pid, comm, comm, or_else(cmdline, comm), uid, unit ? "\"" : "",
		or_else(unit, "null"), unit ? "\"" : "");
}

static void add_holder_of_line(char *out, const struct logline *l)
{
	char process[PART];

	add_process_of_line(process, l->thief, l->thief_unit, NULL, 4120, 1000);
	snprintf(
		out, 2 * PART,
		"{\"blocking\":true,\"state\":\"ESTABLISHED\",\"local\":{\"address\":\"10.0.0.5\",\"port\":%u},\"remote\":{\"address\":\"192.0.2.7\",\"port\":443},\"how\":\"connect\",\"since\":\"2026-11-30T05:00:00.000000Z\",\"process\":%s,\"process_note\":null,\"owners\":[]}",
		l->port, process);
}

static void add_call(char *out, const struct logline *l)
{
	char process[PART];

	add_process_of_line(process, or_else(l->server, "web"), l->server_unit, l->cmdline, l->pid,
			    l->uid);
	snprintf(
		out, 2 * PART,
		"\"proto\":\"tcp\",\"family\":\"ipv4\",\"op\":\"bind\",\"errno\":\"EADDRINUSE\",\"errno_number\":98,\"late\":false,\"requested\":{\"address\":\"0.0.0.0\",\"port\":%u},\"requester\":%s",
		l->port, process);
}

static const char *cause_of_line(const struct logline *l)
{
	return or_else(l->cause, l->thief ? "ephemeral-client" : "unknown");
}

const char *logline_refusal(const struct logline *l)
{
	char call[2 * PART], holder[2 * PART] = "";

	add_call(call, l);
	if (l->thief)
		add_holder_of_line(holder, l);
	snprintf(
		line, sizeof(line),
		"{\"schema\":1,\"type\":\"refusal\",\"time\":\"2026-11-30T%s.000000Z\",\"id\":\"%s\",%s,\"cause\":\"%s\",\"explanation\":\"it is so\",\"fixes\":[{\"lasting\":false,\"what\":\"wait\",\"command\":null}],\"cause_holder\":%s,\"holders_total\":1,\"holders\":[%s]}",
		or_else(l->time, "05:02:25"), l->id, call, cause_of_line(l),
		l->thief ? "0" : "null", holder);
	return line;
}

const char *logline_repeat(const struct logline *l)
{
	char call[2 * PART], holder[2 * PART] = "null";
	const char *time = or_else(l->time, "05:02:35");

	add_call(call, l);
	if (l->thief)
		add_holder_of_line(holder, l);
	snprintf(
		line, sizeof(line),
		"{\"schema\":1,\"type\":\"repeat\",\"time\":\"2026-11-30T%s.500000Z\",\"of\":\"%s\",\"why\":\"goes-on\",\"count\":%u,\"total\":%u,\"first_time\":\"2026-11-30T05:02:25.000000Z\",\"last_time\":\"2026-11-30T%s.000000Z\",%s,\"cause\":\"%s\",\"holder\":%s}",
		time, l->id, l->count, l->total, time, call, cause_of_line(l), holder);
	return line;
}

const char *logline_outcome(const struct logline *l, const char *kind)
{
	char call[2 * PART];
	const char *time = or_else(l->time, "05:02:26");

	add_call(call, l);
	snprintf(
		line, sizeof(line),
		"{\"schema\":1,\"type\":\"outcome\",\"time\":\"2026-11-30T%s.000000Z\",\"of\":\"%s\",\"outcome\":\"%s\",\"hunt\":%s,\"gained\":{\"port\":8931,\"how\":\"bind\"},\"refusals\":%u,\"folded\":%u,\"total\":%u,\"first_time\":\"2026-11-30T05:02:25.000000Z\",\"last_time\":\"2026-11-30T%s.000000Z\",%s,\"cause\":\"listener\"}",
		time, l->id, kind, l->count ? "true" : "false", l->count + 1, l->count, l->total,
		time, call);
	return line;
}

const char *logline_merged(const struct logline *l, const char *scope)
{
	char call[2 * PART];

	add_call(call, l);
	snprintf(
		line, sizeof(line),
		"{\"schema\":1,\"type\":\"merged\",\"time\":\"2026-11-30T05:02:40.000000Z\",\"scope\":\"%s\",\"count\":%u,\"first_time\":\"2026-11-30T05:02:30.000000Z\",\"last_time\":\"2026-11-30T05:02:39.000000Z\",%s,\"uid\":0}",
		scope, l->count, call);
	return line;
}
