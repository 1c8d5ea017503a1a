// SPDX-License-Identifier: GPL-2.0-only
/* A history as JSON lines, which docs/history.md describes. */
#include <errno.h>
#include <stdlib.h>

#include "core/base/time.h"
#include "core/history/instant.h"
#include "out/history.h"
#include "out/json_parts.h"

static json_t *json_slice(const struct pc_slice *slice)
{
	char text[PC_HISTORY_TEXT_MAX + 1];

	return slice->at ? pc_json_string(pc_slice_text(slice, text, sizeof(text))) : json_null();
}

static json_t *instant_of(uint64_t ns)
{
	char text[PC_INSTANT_TEXT];

	return ns ? json_string(pc_instant_text(ns, text)) : json_null();
}

static void set_count(json_t *o, const char *key, uint64_t count)
{
	json_object_set_new(o, key, json_integer((json_int_t)count));
}

static json_t *json_logged_process(const struct pc_logged_process *p)
{
	json_t *o;

	if (!p->there)
		return json_null();
	o = json_object();
	set_count(o, "pid", p->pid);
	json_object_set_new(o, "comm", json_slice(&p->comm));
	json_object_set_new(o, "exe", json_slice(&p->exe));
	json_object_set_new(o, "cmdline", json_slice(&p->cmdline));
	set_count(o, "uid", p->uid);
	json_object_set_new(o, "unit", json_slice(&p->unit));
	json_object_set_new(o, "inner_unit", json_slice(&p->inner_unit));
	json_object_set_new(o, "container", json_slice(&p->container));
	json_object_set_new(o, "container_name", json_slice(&p->container_name));
	json_object_set_new(o, "pod", json_slice(&p->pod));
	json_object_set_new(o, "pod_name", json_slice(&p->pod_name));
	json_object_set_new(o, "pod_namespace", json_slice(&p->pod_namespace));
	json_object_set_new(o, "netns", pc_json_number_or_null(p->netns));
	return o;
}

static json_t *end_of(const struct pc_logged_end *end)
{
	json_t *o;

	if (!end->address.at)
		return json_null();
	o = json_object();
	json_object_set_new(o, "address", json_slice(&end->address));
	json_object_set_new(o, "port", pc_json_number_or_null(end->port));
	return o;
}

static json_t *json_logged_holder(const struct pc_logged_holder *h)
{
	json_t *o;

	if (!h->there)
		return json_null();
	o = json_object();
	json_object_set_new(o, "state", json_slice(&h->state));
	json_object_set_new(o, "local", end_of(&h->local));
	json_object_set_new(o, "remote", end_of(&h->remote));
	json_object_set_new(o, "how", json_slice(&h->how));
	json_object_set_new(o, "since", instant_of(h->since_ns));
	json_object_set_new(o, "process", json_logged_process(&h->process));
	json_object_set_new(o, "process_note", json_slice(&h->note));
	return o;
}

static void add_port(json_t *line, const struct pc_history_group *g)
{
	const struct pc_logged *e = &g->event;

	json_object_set_new(line, "host", json_slice(&e->host));
	json_object_set_new(line, "netns", pc_json_number_or_null(e->requester.netns));
	json_object_set_new(line, "proto", json_slice(&e->proto));
	json_object_set_new(line, "port",
			    g->several_ports ? json_null() :
					       pc_json_number_or_null(e->requested.port));
	json_object_set_new(line, "several_ports", json_boolean(g->several_ports));
}

static json_t *outcomes_of(const struct pc_history_group *g)
{
	json_t *all = json_object();

	for (int kind = PC_OUTCOME_INVALID + 1; kind < PC_OUTCOME_COUNT; kind++)
		set_count(all, pc_outcome_name(kind), g->outcomes[kind]);
	return all;
}

static int write_json_group(struct pc_log *log, const struct pc_clock *clock,
			    const struct pc_history_group *g)
{
	json_t *line = pc_json_line("history", clock, clock->now_ns);
	const struct pc_logged *e = &g->event;

	add_port(line, g);
	json_object_set_new(line, "address", json_slice(&e->requested.address));
	json_object_set_new(line, "op", json_slice(&e->op));
	json_object_set_new(line, "errno", json_slice(&e->error));
	json_object_set_new(line, "cause", json_slice(&e->cause));
	set_count(line, "refusals", g->refusals);
	set_count(line, "repeats", g->repeats);
	set_count(line, "merged", g->merged);
	set_count(line, "folded", g->folded);
	json_object_set_new(line, "first_time", instant_of(g->first_ns));
	json_object_set_new(line, "last_time", instant_of(g->last_ns));
	json_object_set_new(line, "outcomes", outcomes_of(g));
	json_object_set_new(line, "gained_port", pc_json_number_or_null(g->gained_port));
	json_object_set_new(line, "id", json_slice(&e->id));
	json_object_set_new(line, "requester", json_logged_process(&e->requester));
	json_object_set_new(line, "several_requesters", json_boolean(g->several_servers));
	json_object_set_new(line, "holder", json_logged_holder(&e->holder));
	json_object_set_new(line, "several_holders", json_boolean(g->several_thieves));
	json_object_set_new(line, "explanation", json_slice(&e->explanation));
	return pc_json_write(log, line);
}

static int write_json_rank(struct pc_log *log, const struct pc_clock *clock,
			   const struct pc_history_rank *rank, enum pc_history_by by, size_t place)
{
	static const char *const names[] = { "port", "server", "holder", "cause" };
	json_t *line = pc_json_line("history-rank", clock, clock->now_ns);

	json_object_set_new(line, "by", json_string(names[by]));
	set_count(line, "rank", place);
	set_count(line, "refusals", rank->refusals);
	set_count(line, "groups", rank->groups);
	json_object_set_new(line, "last_time", instant_of(rank->last_ns));
	if (by == PC_HISTORY_BY_PORT)
		add_port(line, rank->group);
	else if (by == PC_HISTORY_BY_SERVER)
		json_object_set_new(line, "requester",
				    json_logged_process(&rank->group->event.requester));
	else if (by == PC_HISTORY_BY_THIEF)
		json_object_set_new(line, "holder", json_logged_holder(&rank->group->event.holder));
	else
		json_object_set_new(line, "cause", json_slice(&rank->group->event.cause));
	return pc_json_write(log, line);
}

static int write_json_ranks(struct pc_log *log, const struct pc_clock *clock,
			    const struct pc_history_view *v, enum pc_history_by by, unsigned most)
{
	size_t count;
	struct pc_history_rank *list = pc_history_ranks(v->groups, v->count, by, &count);
	int err = list ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < count && i < most; i++)
		err = write_json_rank(log, clock, &list[i], by, i + 1);
	free(list);
	return err;
}

static void add_not_read(json_t *line, const struct pc_history_view *v)
{
	const struct pc_history_sources *s = &v->sources;
	const uint64_t *types = v->totals->types;

	set_count(line, "damaged_lines", types[PC_LOGGED_DAMAGED]);
	set_count(line, "foreign_lines", types[PC_LOGGED_FOREIGN]);
	set_count(line, "newer_lines", types[PC_LOGGED_NEWER]);
	set_count(line, "long_lines", s->too_long);
	set_count(line, "duplicate_lines", v->totals->duplicates);
	set_count(line, "unfinished_files", s->unfinished);
	set_count(line, "cut_files", s->cut);
	set_count(line, "unread_files", s->unread);
	set_count(line, "older_files", s->left);
}

static int write_json_sum(struct pc_log *log, const struct pc_clock *clock,
			  const struct pc_history_view *v)
{
	const struct pc_history_totals *t = v->totals;
	json_t *line = pc_json_line("history-summary", clock, clock->now_ns);

	set_count(line, "refusals", t->refusals);
	set_count(line, "repeats", t->repeats);
	set_count(line, "merged", t->merged);
	set_count(line, "folded", t->folded);
	set_count(line, "groups", v->count);
	set_count(line, "beyond", t->beyond);
	set_count(line, "outside_lines", t->outside);
	set_count(line, "warnings", t->types[PC_LOGGED_WARNING]);
	set_count(line, "lost_total", t->lost);
	set_count(line, "files", v->sources.files);
	set_count(line, "bytes", v->sources.bytes);
	set_count(line, "lines", t->lines);
	json_object_set_new(line, "first_time", instant_of(t->log_first_ns));
	json_object_set_new(line, "last_time", instant_of(t->log_last_ns));
	add_not_read(line, v);
	return pc_json_write(log, line);
}

int pc_history_json(struct pc_log *log, const struct pc_clock *clock,
		    const struct pc_history_view *view, unsigned ranks)
{
	int err = 0;

	for (int by = 0; !err && ranks && by <= PC_HISTORY_BY_CAUSE; by++)
		err = write_json_ranks(log, clock, view, (enum pc_history_by)by, ranks);
	for (size_t i = 0; !err && !ranks && i < view->count; i++)
		err = write_json_group(log, clock, view->groups[i]);
	return err ? err : write_json_sum(log, clock, view);
}
