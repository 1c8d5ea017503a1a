// SPDX-License-Identifier: GPL-2.0-only
/* The sink for people: a block a verdict, a line a claim, the time of day before it. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/address.h"
#include "core/names.h"
#include "core/text.h"
#include "out/sink.h"
#include "out/text_block.h"
#include "out/text_parts.h"

/* Local time of day, milliseconds. */
static void put_time(FILE *out, const struct pc_clock *clock, uint64_t boot_ns)
{
	uint64_t ns = boot_ns + clock->wall_minus_boot_ns;
	time_t seconds = (time_t)(ns / 1000000000);
	char text[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(out, "%s.%03lu  ", text, (unsigned long)(ns % 1000000000 / 1000000));
}

static int text_verdict(void *to, const struct pc_clock *clock, const struct pc_verdict *v)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_time(text.out, clock, v->refusal.time_ns);
	pc_put_verdict(text.out, clock, v);
	return pc_text_finish(to, &text);
}

static int text_claim(void *to, const struct pc_clock *clock, const struct pc_claim_event *c)
{
	const struct pc_endpoints *e = c->endpoints.header.type ? &c->endpoints : NULL;
	char local[PC_ENDPOINT_TEXT], remote[PC_ENDPOINT_TEXT];
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_time(text.out, clock, c->claim.time_ns);
	fprintf(text.out, "%s claim %-9s ", pc_proto_name(c->claim.proto),
		pc_how_name(c->claim.how));
	if (e && e->lport)
		fputs(pc_endpoint_text(e->family, e->local, e->lport, local), text.out);
	else if (c->claim.port)
		fprintf(text.out, "port %u", c->claim.port);
	else
		fputs(e ? "no port (connect() failed)" : "a port not known yet", text.out);
	if (e && e->rport)
		fprintf(text.out, " → %s",
			pc_endpoint_text(e->family, e->remote, e->rport, remote));
	if (c->party.who) {
		fputs("   ", text.out);
		pc_put_party(text.out, &c->party);
	}
	return pc_text_finish(to, &text);
}

static int text_warning(void *to, const struct pc_clock *clock, const struct pc_warning *w)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_time(text.out, clock, w->claim.time_ns);
	pc_put_warning(text.out, clock, w);
	return pc_text_finish(to, &text);
}

static int text_ready(void *to, const struct pc_clock *clock, const struct pc_ready *r)
{
	struct pc_text text;

	(void)clock;
	if (pc_text_open(&text))
		return -ENOMEM;
	pc_put_ready(text.out, r);
	return pc_text_finish(to, &text);
}

static int text_summary(void *to, const struct pc_clock *clock, const struct pc_summary *s)
{
	struct pc_text text;

	(void)clock;
	if (pc_text_open(&text))
		return -ENOMEM;
	pc_put_summary(text.out, s);
	return pc_text_finish(to, &text);
}

/* Only the agent, which does not print text, summarises repeats. */
const struct pc_sink pc_sink_text = {
	.name = "text",
	.ready = text_ready,
	.verdict = text_verdict,
	.claim = text_claim,
	.warning = text_warning,
	.summary = text_summary,
};
