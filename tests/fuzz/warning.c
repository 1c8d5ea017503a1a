// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings and claims: the input is what is known of the place, then a claim, its two ends,
 * and who made it, with texts as hostile as the input. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/join/decode.h"
#include "core/join/record.h"
#include "core/verdict/warning.h"
#include "out/sink.h"

struct place {
	uint64_t ended_ns;
	uint64_t reserved;
	uint32_t suppressed;
	uint32_t netns_pid;
	uint32_t fd;
	uint16_t low;
	uint16_t high;
	uint16_t gone_port;
	uint8_t with; /* bits: which of the parts are known */
	uint8_t pad;
};

enum { WITH_ENDS = 1, WITH_CLIENT = 2, WITH_GONE = 4, WITH_SETTINGS = 8, LISTED = 16, OWN = 32 };

struct parts {
	struct pc_claim_record claim;
	struct pc_endpoints_record endpoints;
	unsigned seen;
};

static void warning_on_claim(void *context, const struct pc_claim_record *c)
{
	((struct parts *)context)->claim = *c;
	((struct parts *)context)->seen |= 1;
}

static void warning_on_endpoints(void *context, const struct pc_endpoints_record *e)
{
	((struct parts *)context)->endpoints = *e;
	((struct parts *)context)->seen |= 2;
}

static void warning_on_process(void *context, const struct pc_process_record *p)
{
	(void)context, (void)p;
}

static void warning_on_refusal(void *context, const struct pc_refusal_record *r)
{
	(void)context, (void)r;
}

static void warning_on_foreign(void *context, const struct pc_foreign_record *r)
{
	(void)context, (void)r;
}

static void warning_on_merged(void *context, const struct pc_merged_record *r)
{
	(void)context, (void)r;
}

static void warning_on_end(void *context, const struct pc_end_record *e)
{
	(void)context, (void)e;
}

/* The claim and the listener, as the decoder lets them through. */
static unsigned take_records(struct fuzz_input *in, struct parts *parts)
{
	const struct pc_record_handler handler = { parts,
						   warning_on_process,
						   warning_on_claim,
						   warning_on_endpoints,
						   warning_on_refusal,
						   warning_on_foreign,
						   warning_on_merged,
						   warning_on_end };
	struct pc_claim_record claim;
	struct pc_endpoints_record endpoints;

	fuzz_take(in, &claim, sizeof(claim));
	fuzz_take(in, &endpoints, sizeof(endpoints));
	pc_record_dispatch(&claim, sizeof(claim), &handler);
	pc_record_dispatch(&endpoints, sizeof(endpoints), &handler);
	return parts->seen;
}

static void take_identity(struct fuzz_input *in, struct pc_identity *who)
{
	fuzz_take(in, &who->key, sizeof(who->key));
	fuzz_take(in, who->comm, sizeof(who->comm));
	who->exe = fuzz_take_string(in);
	who->cmdline = fuzz_take_string(in);
	who->unit = fuzz_take_string(in);
	who->container = fuzz_take_string(in);
	who->pod = fuzz_take_string(in);
}

static void free_identity(struct pc_identity *who)
{
	free(who->exe);
	free(who->cmdline);
	free(who->unit);
	free(who->container);
	free(who->pod);
}

static char *finish_text(struct pc_log *log)
{
	char *text = fuzz_log_end(log);

	fuzz_check_terminal(text);
	return text;
}

static void print_warning(const struct pc_clock *clock, const struct pc_warning *w)
{
	static const char *const keys[] = { "type",    "time",	      "proto",	    "port",
					    "process", "protected",   "listener",   "range",
					    "fixes",   "explanation", "suppressed", NULL };
	struct pc_log log;

	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_sink_json.warning(&log, clock, w));
	fuzz_check_json_lines(fuzz_log_end(&log), keys);
	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_sink_text.warning(&log, clock, w));
	free(finish_text(&log));
}

static void print_claim(const struct pc_clock *clock, const struct pc_claim *c)
{
	static const char *const keys[] = { "type", "how", "port", "local", "process", NULL };
	struct pc_log log;

	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_sink_json.claim(&log, clock, c));
	fuzz_check_json_lines(fuzz_log_end(&log), keys);
	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_sink_text.claim(&log, clock, c));
	free(finish_text(&log));
}

static void warn(const struct place *place, const struct parts *parts,
		 const struct pc_identity *who)
{
	const struct pc_netns_settings settings = {
		.known = true,
		.low = place->low,
		.high = place->high,
		.reserved = { [35000 / 64] = place->reserved },
	};
	const struct pc_clock clock = { 1, parts->claim.time_ns };
	struct pc_ended gone = { .ended_ns = place->ended_ns,
				 .port = place->gone_port,
				 .family = parts->claim.family,
				 .party = { .who = who, .fd = -1 } };
	struct pc_warning w = {
		.listed = place->with & LISTED,
		.listener = place->with & WITH_GONE ? &gone : NULL,
		.settings = place->with & WITH_SETTINGS ? &settings : NULL,
		.monitor_netns = place->with & OWN ? parts->claim.netns : 1,
		.netns_pid = place->netns_pid,
		.suppressed = place->suppressed,
	};

	pc_claim_decode(&parts->claim, &w.claim);
	pc_endpoints_decode(&parts->endpoints, &w.claim.ends);
	w.claim.ends_known = place->with & WITH_ENDS;
	w.claim.claimer.who = place->with & WITH_CLIENT ? who : NULL;
	w.claim.claimer.fd = (int)place->fd;
	FUZZ_CHECK(!pc_warning_advise(&w));
	FUZZ_CHECK(w.explanation && *w.explanation && w.fixes_count <= PC_FIXES_MAX);
	print_warning(&clock, &w);
	print_claim(&clock, &w.claim);
	pc_warning_clear(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct pc_identity who = { 0 };
	struct parts parts = { 0 };
	struct place place;

	fuzz_take(&in, &place, sizeof(place));
	if (take_records(&in, &parts) != 3)
		return -1; /* not kept: the decoder refuses it, which is `record`'s to test */
	take_identity(&in, &who);
	warn(&place, &parts, &who);
	free_identity(&who);
	return 0;
}
