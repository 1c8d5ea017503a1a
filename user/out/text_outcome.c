// SPDX-License-Identifier: GPL-2.0-only
/* Text for people about outcomes: a line each. */
#include <string.h>
#include <sys/wait.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/verdict/causes.h"
#include "out/text_block.h"
#include "out/text_parts.h"

static const char *outcome_how(const struct pc_outcome *o)
{
	return o->how == PC_HOW_BIND ? "" : ", which the kernel chose";
}

static void put_gave_up(FILE *out, const struct pc_outcome *o)
{
	fputs("gave up: it ended", out);
	if (!o->status_known)
		return;
	if (WIFSIGNALED(o->status))
		fprintf(out, " by signal %d", WTERMSIG(o->status));
	else
		fprintf(out, " with status %d", WEXITSTATUS(o->status));
}

static void put_got_later(FILE *out, const struct pc_outcome *o)
{
	fputs(o->port ? "got it later" : "got a port later", out);
	if (!o->winner.who)
		return;
	fputs(", as ", out);
	pc_put_party(out, &o->winner);
}

static void put_outcome_kind(FILE *out, const struct pc_outcome *o)
{
	switch (o->kind) {
	case PC_OUTCOME_TOOK_ANOTHER:
		fprintf(out, "took another port: %u%s", o->port, outcome_how(o));
		break;
	case PC_OUTCOME_GOT_LATER:
		put_got_later(out, o);
		break;
	case PC_OUTCOME_GAVE_UP:
		put_gave_up(out, o);
		break;
	default:
		fputs("still waits: it runs without it", out);
	}
}

static void put_count(FILE *out, const struct pc_outcome *o)
{
	fprintf(out, "; %lu refusal%s", (unsigned long)o->total, o->total == 1 ? "" : "s");
	if (o->lowest != o->highest)
		fprintf(out, " of ports from %u to %u", o->lowest, o->highest);
	if (o->processes > 1)
		fprintf(out, " of %lu processes", (unsigned long)o->processes);
	if (o->hunt)
		fputs("; it looks for any free port", out);
}

void pc_put_outcome(FILE *out, const struct pc_clock *clock, const struct pc_outcome *o)
{
	const struct pc_request *r = &o->request;
	char proto[PC_FAMILY_TEXT];

	(void)clock;
	fprintf(out, "%s %s", pc_request_proto(r, proto), pc_op_name(r->op));
	pc_put_wanted(out, r);
	fputs(": ", out);
	if (o->requester.who) {
		pc_put_party(out, &o->requester);
	} else {
		pc_put_text(out, o->requester.comm, strnlen(o->requester.comm, PC_COMM_LEN));
		fprintf(out, "[%u]", o->requester.key.tgid);
	}
	fputc(' ', out);
	put_outcome_kind(out, o);
	fputs(", ", out);
	pc_put_age(out, o->time_ns - o->first_ns);
	fputs(" after the first refusal", out);
	put_count(out, o);
}

void pc_put_outcomes(FILE *out, const struct pc_outcomes_counters *c)
{
	const char *comma = "; outcomes: ";

	for (int kind = PC_OUTCOME_INVALID + 1; kind < PC_OUTCOME_COUNT; kind++) {
		uint64_t sum = 0;

		for (int cause = 0; cause < PC_CAUSE_COUNT; cause++)
			sum += c->outcomes[cause][kind];
		if (!sum)
			continue;
		fprintf(out, "%s%s %lu", comma, pc_outcome_name(kind), (unsigned long)sum);
		comma = ", ";
	}
	if (c->open)
		fprintf(out, "%sopen %lu", comma, (unsigned long)c->open);
	if (c->folded)
		fprintf(out, "; counted with a hunt: %lu", (unsigned long)c->folded);
	if (c->evicted)
		fprintf(out, "; not followed any more: %lu", (unsigned long)c->evicted);
}
