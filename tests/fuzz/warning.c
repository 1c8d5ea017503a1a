// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings and claims: the input is what is known of the place, then a claim, its two ends,
 * and who made it, with texts as hostile as the input. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "core/warning.h"
#include "out/sink.h"

struct place {
	uint64_t gone_ns;
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
	struct pc_claim claim;
	struct pc_endpoints endpoints;
	unsigned seen;
};

static void on_claim(void *context, const struct pc_claim *c)
{
	((struct parts *)context)->claim = *c;
	((struct parts *)context)->seen |= 1;
}

static void on_endpoints(void *context, const struct pc_endpoints *e)
{
	((struct parts *)context)->endpoints = *e;
	((struct parts *)context)->seen |= 2;
}

static void on_process(void *context, const struct pc_process *p)
{
	(void)context, (void)p;
}

static void on_refusal(void *context, const struct pc_refusal *r)
{
	(void)context, (void)r;
}

/* Both as the decoder lets them through. */
static unsigned take_records(struct fuzz_input *in, struct parts *parts)
{
	const struct pc_record_handler handler = { parts, on_process, on_claim, on_endpoints,
						   on_refusal };
	struct pc_claim claim;
	struct pc_endpoints endpoints;

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

static void print_claim(const struct pc_clock *clock, const struct pc_claim_event *c)
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
	struct pc_gone gone = { .gone_ns = place->gone_ns,
				.port = place->gone_port,
				.family = parts->claim.family,
				.party = { .who = who, .fd = -1 } };
	struct pc_warning w = {
		.claim = parts->claim,
		.endpoints = place->with & WITH_ENDS ? &parts->endpoints : NULL,
		.client = { .who = place->with & WITH_CLIENT ? who : NULL, .fd = (int)place->fd },
		.listed = place->with & LISTED,
		.listener = place->with & WITH_GONE ? &gone : NULL,
		.settings = place->with & WITH_SETTINGS ? &settings : NULL,
		.monitor_netns = place->with & OWN ? parts->claim.netns : 1,
		.netns_pid = place->netns_pid,
		.suppressed = place->suppressed,
	};
	const struct pc_claim_event event = { parts->claim, parts->endpoints, w.client };

	memcpy(w.client.comm, parts->claim.comm, PC_COMM_LEN);
	FUZZ_CHECK(!pc_warning_advise(&w));
	FUZZ_CHECK(w.explanation && *w.explanation && w.fixes_count <= PC_FIXES_MAX);
	print_warning(&clock, &w);
	print_claim(&clock, &event);
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
