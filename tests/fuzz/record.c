// SPDX-License-Identifier: GPL-2.0-only
/* Records as they cross the rings, one behind the other, through the decoder, the ledger and the
 * rules to text, JSON and metrics. Whatever is in them, nobody is blamed who has no record that
 * says so: a named process has claimed, or has open, that very socket. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "engine.h"
#include "out/prometheus.h"
#include "out/sink.h"
#include "stream.h"

/* Verdicts that are printed; the rest of a long input is decided all the same. */
#define PRINTED_MAX 4

/* Who is on record for a socket. */
struct link {
	uint64_t cookie;
	uint64_t inode;
	struct pc_process_key key;
};

struct run {
	struct link *links;
	size_t count;
	unsigned printed;
	struct pc_counters counters;
	struct pc_metrics metrics;
};

static bool same_process(const struct pc_process_key *a, const struct pc_process_key *b)
{
	return a->start_ns == b->start_ns && a->tgid == b->tgid && a->exec_id == b->exec_id;
}

static bool is_on_record(const struct run *run, const struct pc_socket *s,
			 const struct pc_process_key *key)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct link *l = &run->links[i];

		if (same_process(&l->key, key) &&
		    ((l->cookie && l->cookie == s->cookie) || (l->inode && l->inode == s->inode)))
			return true;
	}
	return false;
}

static void check_holder(const struct run *run, const struct pc_holder *h)
{
	if (h->maker.who)
		FUZZ_CHECK(is_on_record(run, &h->socket, &h->maker.who->key));
	FUZZ_CHECK(h->owners_count <= PC_OWNERS_MAX);
	for (unsigned i = 0; i < h->owners_count; i++)
		FUZZ_CHECK(is_on_record(run, &h->socket, &h->owners[i].who->key));
}

static void check_verdict(const struct run *run, const struct pc_verdict *v)
{
	FUZZ_CHECK(v->cause > PC_CAUSE_INVALID && v->cause < PC_CAUSE_COUNT);
	FUZZ_CHECK(v->primary >= -1 && v->primary < (int)v->holders_count);
	FUZZ_CHECK(v->explanation && *v->explanation && v->fixes_count <= PC_FIXES_MAX);
	FUZZ_CHECK(same_process(&v->requester.who->key, &v->refusal.process));
	for (unsigned i = 0; i < v->fixes_count; i++) {
		FUZZ_CHECK(v->fixes[i].when == PC_NOW || v->fixes[i].when == PC_LASTING);
		FUZZ_CHECK(v->fixes[i].what && *v->fixes[i].what);
	}
	for (unsigned i = 0; i < v->holders_count; i++)
		check_holder(run, &v->holders[i]);
}

static void print(const struct pc_verdict *v)
{
	static const char *const keys[] = {
		"schema", "type",    "time",	    "proto", "op",	  "errno",	"requested",
		"cause",  "holders", "explanation", "fixes", "requester", "incomplete", NULL,
	};
	const struct pc_clock clock = { 0, v->refusal.time_ns };
	struct pc_log log;
	char *text;

	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_sink_json.verdict(&log, &clock, v));
	fuzz_check_json_lines(fuzz_log_end(&log), keys);
	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_sink_text.verdict(&log, &clock, v));
	text = fuzz_log_end(&log);
	fuzz_check_terminal(text);
	free(text);
}

static void on_verdict(void *context, const struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;
	struct run *run = context;

	check_verdict(run, v);
	if (run->printed++ < PRINTED_MAX)
		print(v);
	pc_metrics_refusal(&run->metrics, v->cause, r->op, r->proto, r->error);
	pc_metrics_refused_port(&run->metrics, r->wanted_port, r->proto);
}

/* The number of samples does not grow with what is refused. */
static void check_metrics(struct run *run)
{
	char *text, *line, *rest;
	size_t len;

	run->metrics.counters = &run->counters;
	text = pc_prometheus_format(&run->metrics, &len);
	FUZZ_CHECK(text && strlen(text) == len && run->metrics.ports_count <= PC_METRICS_PORTS_MAX);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strrchr(line, ' '), *end;

		FUZZ_CHECK(value && (*line == '#' || !strncmp(line, "portclash_", 10)));
		if (*line == '#')
			continue;
		strtod(value + 1, &end);
		FUZZ_CHECK(end > value + 1 && !*end);
	}
	free(text);
}

/* Before the engine has it: an owner of later is on record for the refusals that wait. */
static void put_on_record(struct run *run, const void *record, size_t size)
{
	const struct pc_header *h = record;
	const struct pc_claim *c = record;
	const struct pc_owner *o = record;
	struct link *l = &run->links[run->count];

	if (h->type == PC_RECORD_CLAIM && size >= sizeof(*c))
		*l = (struct link){ .cookie = c->cookie, .key = c->process };
	else if (h->type == PC_RECORD_OWNER && size >= sizeof(*o))
		*l = (struct link){ o->socket.cookie, o->socket.inode, o->process };
	else
		return;
	run->count++;
}

static struct stream stream_of(const uint8_t *data, size_t size)
{
	char sentence[STREAM_SENTENCE];
	struct stream s;

	if (stream_open(&s, data, size, sentence)) /* without a header: the rings have none */
		s = (struct stream){ .data = data, .size = size };
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = size ? memcpy(malloc(size), data, size) : NULL; /* aligned */
	struct stream s = stream_of(copy, size);
	struct run run = { 0 };
	struct engine *e = engine_new(on_verdict, &run);
	char sentence[STREAM_SENTENCE];
	const void *record;
	size_t record_size;

	run.links = calloc(size / sizeof(struct pc_claim) + 1, sizeof(*run.links));
	while (stream_next(&s, &record, &record_size, sentence) > 0) {
		put_on_record(&run, record, record_size);
		engine_record(e, record, record_size);
	}
	engine_finish(e);
	check_metrics(&run);
	engine_free(e);
	free(run.links);
	free(copy);
	return 0;
}
