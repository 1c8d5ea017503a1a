// SPDX-License-Identifier: GPL-2.0-only
/* Refusals, claims and ends of processes for tests of outcomes. */
#include "outcome_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Any time but the very beginning, which an age would reach behind. */
#define STAGE_START_MS 1000000

static uint64_t stage_ns(uint64_t ms)
{
	return (STAGE_START_MS + ms) * PC_NS_PER_MS;
}

static const struct pc_identity *stage_who(void *context, const struct pc_process_key *key)
{
	struct outcome_stage *s = context;

	for (unsigned i = 0; i < s->people_count; i++)
		if (s->people[i].key.tgid == key->tgid)
			return &s->people[i];
	return NULL;
}

static bool stage_running(void *context, const struct pc_process_key *key)
{
	struct outcome_stage *s = context;

	(void)key;
	return !s->gone;
}

void stage_outcomes_begin(struct outcome_stage *s)
{
	const struct pc_outcomes_world world = { s, stage_who, stage_running };

	*s = (struct outcome_stage){ .proto = PC_PROTO_TCP, .op = PC_OP_BIND, .cookie = 100 };
	s->table = pc_outcomes_new(&world, 0);
	assert_non_null(s->table);
}

void stage_outcomes_end(struct outcome_stage *s)
{
	pc_outcomes_free(s->table);
}

void stage_person(struct outcome_stage *s, uint32_t pid, const char *cmdline, const char *unit)
{
	assert_in_range(s->people_count, 0, STAGE_MAX - 1);
	s->people[s->people_count++] = (struct pc_identity){
		.key = { .start_ns = pid * 10ULL, .tgid = pid },
		.exe = (char *)"/usr/sbin/server",
		.cmdline = (char *)cmdline,
		.unit = (char *)unit,
	};
}

static void make_verdict(struct outcome_stage *s, uint32_t pid, uint16_t port, uint64_t ms,
			 struct pc_verdict *v)
{
	const struct pc_process_key key = { .start_ns = pid * 10ULL, .tgid = pid };

	memset(v, 0, sizeof(*v));
	v->time_ns = stage_ns(ms);
	v->cause = s->cause ? s->cause : PC_CAUSE_LISTENER;
	v->primary = -1;
	v->requester = (struct pc_party){
		.who = stage_who(s, &key),
		.key = key,
		.tid = s->tid ? s->tid : pid,
		.running = true,
		.fd = -1,
	};
	v->request = (struct pc_request){
		.op = s->op,
		.error = EADDRINUSE,
		.proto = s->proto,
		.wanted_family = PC_FAMILY_V4,
		.wanted_port = port,
		.wanted = { (uint8_t)s->address },
		.uid = s->uid,
		.netns = STAGE_NETNS,
		.socket = { .cookie = ++s->cookie },
	};
}

bool stage_refusal(struct outcome_stage *s, uint32_t pid, uint16_t port, uint64_t ms)
{
	struct pc_verdict v;

	make_verdict(s, pid, port, ms, &v);
	v.hunt = pc_outcomes_is_hunt(s->table, &v);
	v.written = !v.hunt;
	if (v.written)
		snprintf(v.told, sizeof(v.told), "%u-%u", pid, (unsigned)ms);
	pc_outcomes_add(s->table, &v, stage_ns(ms));
	s->verdicts += v.written;
	return v.written;
}

void stage_repeat(struct outcome_stage *s, uint32_t pid, uint16_t port, uint64_t ms,
		  const char *told)
{
	struct pc_verdict v;

	make_verdict(s, pid, port, ms, &v);
	snprintf(v.told, sizeof(v.told), "%s", told);
	pc_outcomes_add(s->table, &v, stage_ns(ms));
}

void stage_claim(struct outcome_stage *s, uint32_t pid, uint16_t port, enum pc_how how, uint64_t ms)
{
	const struct pc_event e = {
		.time_ns = stage_ns(ms),
		.process = { .start_ns = pid * 10ULL, .tgid = pid },
		.cookie = ++s->cookie,
		.netns = STAGE_NETNS,
		.tid = s->tid ? s->tid : pid,
		.port = port,
		.how = (uint8_t)how,
		.proto = s->proto,
		.family = PC_FAMILY_V4,
	};

	pc_outcomes_event(s->table, &e);
}

void stage_address(struct outcome_stage *s, char address)
{
	const struct pc_endpoints ends = {
		.cookie = s->cookie,
		.local = { (uint8_t)address },
		.family = PC_FAMILY_V4,
	};

	pc_outcomes_address(s->table, &ends);
}

void stage_end(struct outcome_stage *s, uint32_t pid, int status, uint64_t ms)
{
	const struct pc_event e = {
		.time_ns = stage_ns(ms),
		.process = { .start_ns = pid * 10ULL, .tgid = pid },
		.status = status,
	};

	pc_outcomes_event(s->table, &e);
}

const struct pc_outcome *stage_outcome(struct outcome_stage *s, uint64_t ms,
				       enum pc_outcome_kind kind)
{
	const struct pc_outcome *o = pc_outcomes_next(s->table, stage_ns(ms), false);

	if (!o)
		fail_msg("expected %s at %u ms, got nothing", pc_outcome_name(kind), (unsigned)ms);
	assert_string_equal(pc_outcome_name(o->kind), pc_outcome_name(kind));
	return o;
}

void stage_quiet(struct outcome_stage *s, uint64_t ms)
{
	const struct pc_outcome *o = pc_outcomes_next(s->table, stage_ns(ms), false);

	if (o)
		fail_msg("expected nothing at %u ms, got %s", (unsigned)ms,
			 pc_outcome_name(o->kind));
}
