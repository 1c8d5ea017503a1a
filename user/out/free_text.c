// SPDX-License-Identifier: GPL-2.0-only
/* The plan and the result of `portclash free`, as text for people. Everything that comes from
 * another process is escaped. */
#include "out/free.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "out/text_parts.h"
#include "out/text_process.h"

/* Sockets of one kind with a line of their own; the others are counted. */
#define SOCKETS_SHOWN 16

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void free_put_port(FILE *out, const struct pc_request *server)
{
	char text[PC_ADDRESS_TEXT];

	fprintf(out, "%s port %u", pc_proto_name(server->proto), server->wanted_port);
	if (!pc_address_is_any(server->wanted_family, server->wanted))
		fprintf(out, " of %s",
			pc_address_text(server->wanted_family, server->wanted, text));
}

static void free_head(FILE *out, const struct pc_free_report *r)
{
	free_put_port(out, r->server);
	fputs(" in ", out);
	pc_put_netns(out, r->netns, r->own, r->path, r->pid);
	fprintf(out, ": %zu socket%s", r->plan->count, plural(r->plan->count));
}

static void put_owners(FILE *out, const struct pc_free_socket *e)
{
	if (!e->owners_count)
		fputs(e->note ? e->note : "no process", out);
	for (unsigned i = 0; i < e->owners_count; i++) {
		if (pc_owner_is_repeated(e->owners, i))
			continue;
		if (i)
			fprintf(out, PC_TEXT_ROW "and ", "");
		pc_put_party(out, &e->owners[i]);
		if (e->owners[i].who) {
			fprintf(out, PC_TEXT_ROW, "");
			pc_put_process(out, e->owners[i].who);
		}
		pc_put_alike_owners(out, PC_TEXT_ROW_BELOW "and ", e->owners, e->owners_count, i);
	}
}

static const char *const remarks[PC_FREE_KIND_COUNT] = {
	[PC_FREE_SERVER] =
		"it receives for anyone, and portclash never ends such a socket: stop its process",
	[PC_FREE_BOUND] =
		"its process asked for this port, and keeps it until it closes the socket or ends",
	[PC_FREE_LEFT] = PC_FREE_LEFT_SENTENCE,
	[PC_FREE_KERNEL] =
		"no process has it open: it is the kernel's own, or only io_uring or a message in flight refers to it",
};

static void put_socket_line(FILE *out, const struct pc_free_socket *f, const char *label)
{
	const struct pc_socket *s = &f->s.socket;

	fprintf(out, PC_TEXT_ROW, label);
	put_owners(out, f);
	fprintf(out, PC_TEXT_ROW, "");
	pc_put_connection(out, s);
	if (s->seconds_left)
		fprintf(out, ", %u s left", s->seconds_left);
	if (remarks[f->kind] && !(f->kind == PC_FREE_KERNEL && f->note))
		fprintf(out, PC_TEXT_ROW "%s", "", remarks[f->kind]);
	if (f->peer.who) {
		fprintf(out, PC_TEXT_ROW "the other end is ", "");
		pc_put_party(out, &f->peer);
	}
}

/* How many more of a kind there are than have a line, by state. */
static void put_uncounted(FILE *out, const struct pc_free_plan *plan, enum pc_free_kind kind)
{
	unsigned states[PC_STATE_COUNT] = { 0 };
	size_t seen = 0;
	const char *comma = ": ";

	if (plan->counts[kind] <= SOCKETS_SHOWN)
		return;
	for (size_t i = 0; i < plan->count; i++)
		if (plan->list[i].kind == kind && seen++ >= SOCKETS_SHOWN)
			states[pc_socket_state(&plan->list[i].s.socket)]++;
	fprintf(out, PC_TEXT_ROW "%zu more", "and", plan->counts[kind] - SOCKETS_SHOWN);
	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++) {
		if (!states[i])
			continue;
		fprintf(out, "%s%s %u", comma, pc_state_name((enum pc_state)i), states[i]);
		comma = ", ";
	}
}

static void put_kind(FILE *out, const struct pc_free_plan *plan, enum pc_free_kind kind,
		     const char *label)
{
	size_t shown = 0;

	for (size_t i = 0; i < plan->count && shown < SOCKETS_SHOWN; i++) {
		if (plan->list[i].kind != kind)
			continue;
		put_socket_line(out, &plan->list[i], label);
		shown++;
	}
	put_uncounted(out, plan, kind);
}

/* A user's name for a unit may be anything: a shell is to take it as one word, and no program as an option. */
static void free_put_command(FILE *out, const struct pc_stop *stop)
{
	struct pc_text text;
	char *command;

	if (pc_text_open(&text))
		return;
	fputs(stop->command, text.out);
	if (stop->by_manager)
		fprintf(text.out, " --user -M %u@ stop", stop->manager);
	if (stop->name) {
		fputs(*stop->name == '-' ? " -- " : " ", text.out);
		pc_text_quote(text.out, stop->name);
	}
	command = pc_text_close(&text);
	if (command)
		pc_put_string(out, command);
	free(command);
}

static void put_never(FILE *out, const struct pc_stop *stop)
{
	fputs(stop->why, out);
	if (stop->command) {
		fprintf(out, PC_TEXT_ROW "    ", "");
		free_put_command(out, stop);
	} else if (stop->name) {
		fprintf(out, PC_TEXT_ROW "    ", "");
		pc_put_string(out, stop->name);
	}
}

static void put_stop(FILE *out, const struct pc_free_report *r, const struct pc_free_stop *s)
{
	static const struct pc_stop unit = { .command = "systemctl stop" };
	struct pc_stop by_hand = unit;

	fprintf(out, PC_TEXT_ROW, r->stop && s->stop.way != PC_STOP_NEVER ? "to stop" : "stop");
	pc_put_party(out, s->owner);
	fprintf(out, PC_TEXT_ROW, "");
	if (s->stop.way == PC_STOP_NEVER) {
		put_never(out, &s->stop);
		return;
	}
	by_hand.name = s->stop.name;
	if (s->stop.way == PC_STOP_UNIT)
		free_put_command(out, &by_hand);
	else
		fprintf(out, "kill %u", s->owner->key.tgid);
	if (!r->stop)
		fputs("   (--stop does that)", out);
}

int pc_free_text_plan(struct pc_log *log, const struct pc_free_report *report)
{
	const struct pc_free_plan *plan = report->plan;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	free_head(text.out, report);
	put_kind(text.out, plan, PC_FREE_KERNEL, "in the way");
	put_kind(text.out, plan, PC_FREE_SERVER, "in the way");
	put_kind(text.out, plan, PC_FREE_BOUND, "in the way");
	put_kind(text.out, plan, PC_FREE_LEFT, "left");
	for (size_t i = 0; i < report->stops_count; i++)
		put_stop(text.out, report, &report->stops[i]);
	put_kind(text.out, plan, PC_FREE_END,
		 pc_free_plan_blocked(plan) && !report->stop ? "besides" : "to end");
	if (plan->counts[PC_FREE_PASSES])
		fprintf(text.out,
			PC_TEXT_ROW "%zu socket%s that the server can share the port with",
			"untouched", plan->counts[PC_FREE_PASSES],
			plural(plan->counts[PC_FREE_PASSES]));
	return pc_text_finish(log, &text);
}

static void put_freed(FILE *out, const struct pc_free_outcome *o)
{
	if (o->dry) {
		fputs(": a server could then have it", out);
		return;
	}
	fprintf(out, ": %zu socket%s ended", o->ended, plural(o->ended));
	if (o->by_descriptor)
		fprintf(out, " (%zu by a copy of the descriptor)", o->by_descriptor);
	if (o->stopped)
		fprintf(out, ", %zu process%s or unit%s stopped", o->stopped,
			o->stopped == 1 ? "" : "es", plural(o->stopped));
	fputs(" in ", out);
	pc_put_age(out, o->took_ns);
	fputs(*o->why ? "; " : "; bind() succeeds", out);
}

static void put_reservation(FILE *out, const struct pc_request *server,
			    const struct pc_free_outcome *o)
{
	if (o->reserved_for_good) {
		fprintf(out,
			PC_TEXT_ROW
			"until the next reboot; `portclash reserve %u --persist` keeps it after that",
			"reserved", server->wanted_port);
	} else if (o->reserved_ns) {
		fprintf(out, PC_TEXT_ROW "until a server has it, at most ", "reserved");
		pc_put_age(out, o->reserved_ns);
	}
}

static void put_result(FILE *out, const struct pc_free_outcome *o)
{
	static const char *const words[PC_FREE_RESULT_COUNT] = {
		[PC_FREE_NOTHING] = ": nothing keeps a server from it; bind() succeeds",
		[PC_FREE_VANISHED] = ": what held it was gone before portclash did anything",
		[PC_FREE_DECLINED] = ": portclash did nothing",
	};

	if (o->result == PC_FREE_FREED)
		put_freed(out, o);
	else if (words[o->result])
		fputs(words[o->result], out);
	if (!*o->why)
		return;
	if (o->result != PC_FREE_FREED)
		fputs(": ", out);
	pc_put_string(out, o->why);
}

int pc_free_text_outcome(struct pc_log *log, const struct pc_request *server,
			 const struct pc_free_outcome *outcome)
{
	static const char *const heads[PC_FREE_RESULT_COUNT] = {
		[PC_FREE_RESULT_INVALID] = "failed", [PC_FREE_FREED] = "freed",
		[PC_FREE_HELD] = "not freed",	     [PC_FREE_NOTHING] = "free",
		[PC_FREE_CAME_BACK] = "came back",   [PC_FREE_VANISHED] = "free",
		[PC_FREE_STUCK] = "not freed",	     [PC_FREE_DECLINED] = "not freed",
	};
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	fprintf(text.out, "%-12s  ",
		outcome->dry && outcome->result == PC_FREE_FREED ? "would free" :
								   heads[outcome->result]);
	free_put_port(text.out, server);
	put_result(text.out, outcome);
	if (!outcome->dry)
		put_reservation(text.out, server, outcome);
	return pc_text_finish(log, &text);
}
