// SPDX-License-Identifier: GPL-2.0-only
/* A ring of the last claims and ends of processes. */
#include "core/memory/events.h"

#include <string.h>

/* The address of a claim follows it at once; records of other processors can come between. */
#define ADDRESS_WITHIN 64

_Static_assert(PC_EVENTS_PROCESSES == 1 << (64 - 52), "the hash has twelve bits");

/* The event that came `back` events before the next one. */
static struct pc_event *event_at(const struct pc_events *events, uint64_t back)
{
	return (struct pc_event *)&events->ring[(events->count - back) % PC_EVENTS_MAX];
}

static uint64_t events_kept(const struct pc_events *events, uint64_t most)
{
	return events->count < most ? events->count : most;
}

static uint64_t *lost_of_process(const struct pc_events *events, const struct pc_process_key *key)
{
	uint64_t hash = (key->start_ns ^ key->tgid) * 0x9e3779b97f4a7c15ULL;

	return (uint64_t *)&events->lost_of_process_ns[hash >> 52];
}

static void events_give_up(struct pc_events *events, const struct pc_event *e)
{
	uint64_t *of_process = lost_of_process(events, &e->process);
	uint32_t *of_port = &events->lost_of_port[e->port], time = PC_EVENTS_PORT_TIME(e->time_ns);

	if (*of_process < e->time_ns)
		*of_process = e->time_ns;
	if (e->cookie && e->port && *of_port <= time)
		*of_port = time + 1;
}

bool pc_events_lost(const struct pc_events *events, const struct pc_process_key *process,
		    uint16_t port, uint64_t time_ns)
{
	return *lost_of_process(events, process) > time_ns ||
	       events->lost_of_port[port] > PC_EVENTS_PORT_TIME(time_ns);
}

void pc_events_add(struct pc_events *events, const struct pc_event *e)
{
	if (events->count >= PC_EVENTS_MAX)
		events_give_up(events, &events->ring[events->count % PC_EVENTS_MAX]);
	if (events->latest_of_all_ns < e->time_ns)
		events->latest_of_all_ns = e->time_ns;
	events->latest_ns[events->count % PC_EVENTS_MAX] = events->latest_of_all_ns;
	events->ring[events->count++ % PC_EVENTS_MAX] = *e;
}

const struct pc_event *pc_events_address(struct pc_events *events, const struct pc_endpoints *ends)
{
	uint64_t kept = events_kept(events, ADDRESS_WITHIN);

	for (uint64_t back = 1; ends->cookie && back <= kept; back++) {
		struct pc_event *e = event_at(events, back);

		if (e->cookie != ends->cookie)
			continue;
		e->address_known = true;
		memcpy(e->address, ends->local, sizeof(e->address));
		return e;
	}
	return NULL;
}

void pc_events_since(const struct pc_events *events, uint64_t time_ns,
		     void (*take)(void *context, const struct pc_event *e), void *context)
{
	uint64_t kept = events_kept(events, PC_EVENTS_MAX), first = 0;

	while (first < kept &&
	       events->latest_ns[(events->count - first - 1) % PC_EVENTS_MAX] > time_ns)
		first++;
	for (uint64_t back = first; back; back--)
		if (event_at(events, back)->time_ns > time_ns)
			take(context, event_at(events, back));
}
