// SPDX-License-Identifier: GPL-2.0-only
/* A ring of the last claims and ends of processes. */
#include "core/memory/events.h"

#include <string.h>

/* The address of a claim follows it at once; records of other processors can come between. */
#define ADDRESS_WITHIN 64

_Static_assert(PC_EVENTS_PROCESSES == 1 << (64 - 52), "the hash has twelve bits");

_Static_assert(PC_EVENTS_MAX % PC_EVENTS_BLOCK == 0, "whole blocks");

/* The number of the oldest event among the last `most` that are kept; numbers begin at 0. */
static uint64_t first_of_last(const struct pc_events *events, uint64_t most)
{
	return events->count < most ? 0 : events->count - most;
}

static uint64_t *lost_of_process(const struct pc_events *events, const struct pc_process_key *key)
{
	uint64_t hash = (key->start_ns ^ key->tgid) * 0x9e3779b97f4a7c15ULL;

	return (uint64_t *)&events->lost_of_process_ns[hash >> 52];
}

static void events_give_up(struct pc_events *events, const struct pc_kept_event *e)
{
	uint64_t *of_process = lost_of_process(events, &e->process);
	uint32_t *of_port = &events->lost_of_port[e->port], time;

	if (*of_process < e->time_ns)
		*of_process = e->time_ns;
	if (!e->port || !e->cookie)
		return;
	time = PC_EVENTS_PORT_TIME(e->time_ns);
	if (*of_port <= time)
		*of_port = time + 1;
}

bool pc_events_lost(const struct pc_events *events, const struct pc_process_key *process,
		    uint16_t port, uint64_t time_ns)
{
	return *lost_of_process(events, process) > time_ns ||
	       events->lost_of_port[port] > PC_EVENTS_PORT_TIME(time_ns);
}

/* Adds events that fit into the block. */
static void add_to_block(struct pc_events *events, const void *kept, size_t count)
{
	size_t place = events->count % PC_EVENTS_MAX;
	struct pc_kept_event *to = &events->ring[place];
	uint64_t latest_ns = events->latest_of_all_ns;

	if (events->count >= PC_EVENTS_MAX)
		for (size_t i = 0; i < count; i++)
			events_give_up(events, &to[i]);
	memcpy(to, kept, count * sizeof(*to));
	memset(&events->address_known[place], false, count);
	for (size_t i = 0; i < count; i++)
		latest_ns = to[i].time_ns > latest_ns ? to[i].time_ns : latest_ns;
	events->latest_of_all_ns = events->latest_ns[place / PC_EVENTS_BLOCK] = latest_ns;
	events->count += count;
}

void pc_events_add_claims(struct pc_events *events, const void *claims, size_t count)
{
	const unsigned char *at = claims;

	while (count) {
		size_t some = PC_EVENTS_BLOCK - events->count % PC_EVENTS_BLOCK;

		if (some > count)
			some = count;
		add_to_block(events, at, some);
		at += some * sizeof(struct pc_kept_event);
		count -= some;
	}
}

void pc_events_add(struct pc_events *events, const struct pc_event *e)
{
	const struct pc_kept_event kept = {
		.time_ns = e->time_ns,
		.cookie = e->cookie,
		.process = e->process,
		.tid = e->tid,
		.netns = e->netns,
		.status = e->status,
		.port = e->port,
		.how = e->how,
		.proto = e->proto,
		.family = e->family,
	};
	size_t place = events->count % PC_EVENTS_MAX;

	add_to_block(events, &kept, 1);
	events->address_known[place] = e->address_known;
	memcpy(events->addresses[place], e->address, sizeof(e->address));
}

void pc_event_of_kept(const struct pc_kept_event *kept, struct pc_event *out)
{
	*out = (struct pc_event){
		.time_ns = kept->time_ns,
		.cookie = kept->cookie,
		.process = kept->process,
		.tid = kept->tid,
		.netns = kept->netns,
		.status = kept->cookie ? 0 : kept->status,
		.port = kept->port,
		.how = kept->how,
		.proto = kept->proto,
		.family = kept->family,
	};
}

static void event_at(const struct pc_events *events, size_t place, struct pc_event *out)
{
	pc_event_of_kept(&events->ring[place], out);
	out->address_known = events->address_known[place];
	if (out->address_known)
		memcpy(out->address, events->addresses[place], sizeof(out->address));
}

const struct pc_event *pc_events_address(struct pc_events *events, const struct pc_endpoints *ends)
{
	uint64_t first = first_of_last(events, ADDRESS_WITHIN);

	for (uint64_t n = events->count; ends->cookie && n-- > first;) {
		size_t place = n % PC_EVENTS_MAX;

		if (events->ring[place].cookie != ends->cookie)
			continue;
		events->address_known[place] = true;
		memcpy(events->addresses[place], ends->local, sizeof(ends->local));
		event_at(events, place, &events->given);
		return &events->given;
	}
	return NULL;
}

/* The number from which on there may be later events. */
static uint64_t first_since(const struct pc_events *events, uint64_t time_ns)
{
	uint64_t oldest = first_of_last(events, PC_EVENTS_MAX), n = events->count;

	while (n > oldest && events->latest_ns[(n - 1) % PC_EVENTS_MAX / PC_EVENTS_BLOCK] > time_ns)
		n = (n - 1) / PC_EVENTS_BLOCK * PC_EVENTS_BLOCK;
	return n > oldest ? n : oldest;
}

void pc_events_since(const struct pc_events *events, uint64_t time_ns,
		     void (*take)(void *context, const struct pc_event *e), void *context)
{
	struct pc_event e;

	for (uint64_t n = first_since(events, time_ns); n < events->count; n++) {
		if (events->ring[n % PC_EVENTS_MAX].time_ns <= time_ns)
			continue;
		event_at(events, n % PC_EVENTS_MAX, &e);
		take(context, &e);
	}
}
