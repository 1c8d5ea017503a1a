// SPDX-License-Identifier: GPL-2.0-only
/* The sink for people: a block a verdict, a line a claim, the time of day before it. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "out/sink.h"
#include "out/text_block.h"
#include "out/text_parts.h"

/* Local time of day, milliseconds. */
static void text_put_time(FILE *out, const struct pc_clock *clock, uint64_t boot_ns)
{
	uint64_t ns = boot_ns + clock->wall_minus_boot_ns;
	time_t seconds = (time_t)(ns / PC_NS_PER_SECOND);
	char text[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(out, "%s.%03lu  ", text, (unsigned long)(ns % PC_NS_PER_SECOND / PC_NS_PER_MS));
}

static bool text_is_verbose(const void *to)
{
	return ((const struct pc_log *)to)->verbose;
}

static int text_verdict(void *to, const struct pc_clock *clock, const struct pc_verdict *v)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	text_put_time(text.out, clock, v->time_ns);
	pc_put_verdict(text.out, clock, v, text_is_verbose(to));
	return pc_text_finish(to, &text);
}

static int text_merged(void *to, const struct pc_clock *clock, const struct pc_merged *m)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	text_put_time(text.out, clock, m->last_ns);
	pc_put_merged(text.out, clock, m);
	return pc_text_finish(to, &text);
}

static int text_outcome(void *to, const struct pc_clock *clock, const struct pc_outcome *o)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	text_put_time(text.out, clock, o->time_ns);
	pc_put_outcome(text.out, clock, o);
	return pc_text_finish(to, &text);
}

static int text_repeat(void *to, const struct pc_clock *clock, const struct pc_repeat *r)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	text_put_time(text.out, clock, r->time_ns);
	pc_put_repeat(text.out, clock, r);
	return pc_text_finish(to, &text);
}

static int text_claim(void *to, const struct pc_clock *clock, const struct pc_claim *c)
{
	const struct pc_endpoints *e = pc_claim_ends(c);
	char local[PC_ENDPOINT_TEXT], remote[PC_ENDPOINT_TEXT];
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	text_put_time(text.out, clock, c->time_ns);
	fprintf(text.out, "%s claim %-9s ", pc_proto_name(c->proto), pc_how_name(c->how));
	if (e && e->lport)
		fputs(pc_endpoint_text(e->family, e->local, e->lport, local), text.out);
	else if (c->port)
		fprintf(text.out, "port %u", c->port);
	else
		fputs(e ? "no port (connect() failed)" : "a port not known yet", text.out);
	if (e && e->rport)
		fprintf(text.out, " → %s",
			pc_endpoint_text(e->family, e->remote, e->rport, remote));
	if (c->claimer.who) {
		fputs("   ", text.out);
		pc_put_party(text.out, &c->claimer);
	}
	return pc_text_finish(to, &text);
}

static int text_warning(void *to, const struct pc_clock *clock, const struct pc_warning *w)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	text_put_time(text.out, clock, w->claim.time_ns);
	pc_put_warning(text.out, clock, w, text_is_verbose(to));
	return pc_text_finish(to, &text);
}

static int text_ready(void *to, const struct pc_clock *clock, const struct pc_ready *r)
{
	struct pc_text text;

	(void)clock;
	if (pc_text_open(&text))
		return -ENOMEM;
	pc_put_ready(text.out, r, text_is_verbose(to));
	return pc_text_finish(to, &text);
}

static int text_summary(void *to, const struct pc_clock *clock, const struct pc_summary *s)
{
	struct pc_text text;

	(void)clock;
	if (pc_text_open(&text))
		return -ENOMEM;
	pc_put_summary(text.out, s, text_is_verbose(to));
	return pc_text_finish(to, &text);
}

const struct pc_sink pc_sink_text = {
	.name = "text",
	.ready = text_ready,
	.verdict = text_verdict,
	.merged = text_merged,
	.outcome = text_outcome,
	.repeat = text_repeat,
	.claim = text_claim,
	.warning = text_warning,
	.summary = text_summary,
};
