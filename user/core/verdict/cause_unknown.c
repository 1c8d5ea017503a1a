// SPDX-License-Identifier: GPL-2.0-only
/* In these causes the evidence does not explain the refusal; the sentence says what is missing. */
#include <errno.h>
#include <string.h>

#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/causes.h"

static void explain_unknown_path(struct pc_advice *a)
{
	const struct pc_site *site = &a->verdict->site;

	if (site->kind == PC_PATH_SOCKET)
		pc_advice_explain(
			a,
			"at this path there is a socket file of user %u; portclash may not ask whether a server still receives on it, and no process was found that has it open",
			site->uid);
	else if (site->kind == PC_PATH_GONE)
		pc_advice_explain(
			a,
			"nothing was at this path any more when it was looked at, an instant after the refusal: try again");
	else if (a->verdict->looks_missed & PC_LOOK_BIT(PC_LOOK_PATH))
		pc_advice_explain(
			a,
			"portclash did not look at the path: other refusals of this user had used up the time for such looks");
	else
		pc_advice_explain(a, "the path could not be looked at%s%s", site->error ? ": " : "",
				  site->error ? strerror(site->error) : "");
}

static void explain_unknown(struct pc_advice *a)
{
	const struct pc_verdict *v = a->verdict;

	if (v->request.foreign.family) {
		explain_unknown_path(a);
		return;
	}
	if (v->walk & PC_WALK_NO_TABLE)
		pc_advice_explain(
			a, "the kernel's port table was not found, so the holders are not known");
	else if (a->holder)
		pc_advice_explain(
			a,
			"%s holds the port; it is older than portclash, which therefore does not know whether it is an outgoing connection or was accepted by a listener that is gone",
			pc_advice_holder_word(a->holder));
	else if (v->walk & PC_WALK_TRUNCATED)
		pc_advice_explain(
			a,
			"more sockets are on this port than could be looked at, and none of those seen explains the refusal");
	else if (v->holders_total)
		pc_advice_explain(
			a,
			"%u sockets are on this port, but none of those seen should have blocked this one",
			v->holders_total);
	else
		pc_advice_explain(
			a,
			"nobody held the port any more when the kernel's table was read, an instant after the refusal: try again");
}

static void fix_unknown(struct pc_advice *a)
{
	if (a->verdict->site.kind == PC_PATH_SOCKET) {
		pc_advice_fix(
			a, PC_NOW,
			"see whether a process has it open; remove the file only if none has");
		pc_advice_command(a, "ss -xlp");
	}
	if (a->holder)
		pc_advice_fix_end(a);
}

static void explain_not_seen(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;

	pc_advice_explain(
		a,
		"portclash did not see why the kernel refused, because the kernel had interrupted the program that watches; ");
	if (a->verdict->holders_total)
		pc_advice_explain(a,
				  "%u sockets are on this port, but none of those seen blocks it",
				  a->verdict->holders_total);
	else if (r->wanted_port)
		pc_advice_explain(
			a,
			"no socket in the way was found, so perhaps the address is not of this machine, or a rule refused");
	else
		pc_advice_explain(
			a,
			"the port was the kernel's choice, so perhaps none is left, or the address is not of this machine");
}

static void fix_not_seen(struct pc_advice *a)
{
	(void)a;
}

const struct pc_cause_row pc_cause_not_seen = {
	.name = "not-seen",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_not_seen,
	.fix = fix_not_seen,
};

const struct pc_cause_row pc_cause_unknown = {
	.name = "unknown",
	.kind = PC_KIND_UNKNOWN,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_unknown,
	.fix = fix_unknown,
};
