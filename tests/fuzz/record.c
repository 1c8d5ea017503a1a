// SPDX-License-Identifier: GPL-2.0-only
/* Records as they cross the rings, one behind the other, through the product's own join to text, JSON
 * and metrics. Whatever is in them, nobody is blamed who has no record that
 * says so: a named process has claimed, or has open, that very socket. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/names.h"
#include "core/join/record.h"
#include "core/recording/recording.h"
#include "core/verdict/advice.h"
#include "fake_side.h"
#include "out/prometheus.h"
#include "out/sink.h"

/* Verdicts that are printed; the rest of a long input is decided all the same. */
#define PRINTED_MAX 4

/* A process is on record for a socket. */
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

static bool record_same_process(const struct pc_process_key *a, const struct pc_process_key *b)
{
	return a->start_ns == b->start_ns && a->tgid == b->tgid && a->exec_id == b->exec_id;
}

static bool is_on_record(const struct run *run, const struct pc_socket *s,
			 const struct pc_process_key *key)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct link *l = &run->links[i];

		if (record_same_process(&l->key, key) &&
		    ((l->cookie && l->cookie == s->cookie) || (l->inode && l->inode == s->inode)))
			return true;
	}
	return false;
}

/* An MPTCP holder's claim is found by the socket that its owners have open. */
static bool is_claimer(const struct run *run, const struct pc_holder *h)
{
	struct pc_socket file = { .cookie = h->file_cookie };

	return is_on_record(run, &h->socket, &h->claimer.who->key) ||
	       is_on_record(run, &file, &h->claimer.who->key);
}

static void record_check_holder(const struct run *run, const struct pc_holder *h)
{
	if (h->claimer.who)
		FUZZ_CHECK(is_claimer(run, h));
	FUZZ_CHECK(h->owners_count <= PC_OWNERS_MAX);
	for (unsigned i = 0; i < h->owners_count; i++)
		FUZZ_CHECK(is_on_record(run, &h->socket, &h->owners[i].who->key));
}

static void check_verdict(const struct run *run, const struct pc_verdict *v)
{
	FUZZ_CHECK(v->cause > PC_CAUSE_INVALID && v->cause < PC_CAUSE_COUNT);
	FUZZ_CHECK(v->primary >= -1 && v->primary < (int)v->holders_count);
	FUZZ_CHECK(v->explanation && *v->explanation && v->fixes_count <= PC_FIXES_MAX);
	if (v->requester.who)
		FUZZ_CHECK(record_same_process(&v->requester.who->key, &v->requester.key));
	for (unsigned i = 0; i < v->fixes_count; i++) {
		FUZZ_CHECK(v->fixes[i].when == PC_NOW || v->fixes[i].when == PC_LASTING);
		FUZZ_CHECK(v->fixes[i].what && *v->fixes[i].what);
	}
	for (unsigned i = 0; i < v->holders_count; i++)
		record_check_holder(run, &v->holders[i]);
}

static void record_print(const struct pc_verdict *v)
{
	static const char *const keys[] = {
		"schema", "type",    "time",	    "proto", "op",	  "errno",	"requested",
		"cause",  "holders", "explanation", "fixes", "requester", "incomplete", NULL,
	};
	const struct pc_clock clock = { 0, v->time_ns };
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

static void on_verdict(void *context, struct pc_verdict *v)
{
	const struct pc_request *r = &v->request;
	struct run *run = context;
	struct pc_family by;

	FUZZ_CHECK(!pc_advise(v));
	check_verdict(run, v);
	if (run->printed++ < PRINTED_MAX)
		record_print(v);
	pc_metrics_refusal(&run->metrics, v->cause, r->op, r->proto, r->error);
	pc_family_of(r->uid, v->requester.who, &by);
	pc_metrics_refused_port(&run->metrics, r->wanted_port, r->proto, &by);
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

/* Before the join has it: an owner of later is on record for the refusals that wait. */
static void put_on_record(struct run *run, const void *record, size_t size)
{
	const struct pc_header *h = record;
	const struct pc_claim_record *c = record;
	const struct pc_owner_record *o = record;
	struct link *l = &run->links[run->count];

	if (h->type == PC_RECORD_CLAIM && size >= sizeof(*c))
		*l = (struct link){ .cookie = c->cookie, .key = c->process };
	else if (h->type == PC_RECORD_OWNER && size >= sizeof(*o))
		*l = (struct link){ o->socket.cookie, o->socket.inode, o->process };
	else
		return;
	run->count++;
}

/* Owner records are what the fake kernel side finds; each other record waits in its ring. */
static void record_give(struct fake *f, const void *record, size_t size)
{
	const struct pc_owner_record *o = record;

	if (((const struct pc_header *)record)->type != PC_RECORD_OWNER)
		fake_put(f, record);
	else if (!pc_record_check_owner(record, size) && f->owners_count < FAKE_MAX)
		f->owners[f->owners_count++] = *o;
}

/* Before its records, an input of the corpus can have the header of a file. */
#define HEADER_SIZE 16

static size_t skip_header(const uint8_t *data, size_t size)
{
	return size >= HEADER_SIZE && !memcmp(data, PC_RECORDING_MAGIC, 8) ? HEADER_SIZE : 0;
}

/* Feed one record after the other, and run a round of the join after every eighth. */
static void feed(struct fake *f, struct run *run, const uint8_t *data, size_t size)
{
	unsigned count = 0;

	for (size_t at = skip_header(data, size); size - at >= sizeof(struct pc_header);) {
		const struct pc_header *h = (const void *)(data + at);
		size_t padded = ((size_t)h->size + 7) & ~(size_t)7;

		if (h->size < sizeof(*h) || padded > size - at)
			break;
		put_on_record(run, h, h->size);
		record_give(f, h, h->size);
		at += padded;
		if (++count % 8 == 0)
			fake_round(f);
	}
	fake_round(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = memcpy(malloc(size + 8), data, size); /* aligned */
	struct run run = { 0 };
	struct fake *f = fake_new(NULL);

	run.links = calloc(size / sizeof(struct pc_claim_record) + 1, sizeof(*run.links));
	f->output = (struct pc_join_output){ .context = &run, .verdict = on_verdict };
	feed(f, &run, copy, size);
	run.counters = *pc_join_counters(f->join);
	check_metrics(&run);
	fake_free(f);
	free(run.links);
	free(copy);
	return 0;
}
