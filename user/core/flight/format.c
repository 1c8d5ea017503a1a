// SPDX-License-Identifier: GPL-2.0-only
/* Check the parts of a flight recorder's file. Every byte can be anybody's. */
#include "core/flight/format.h"

#include <string.h>

uint64_t pc_flight_slots(uint64_t size)
{
	return size > PC_FLIGHT_SLOTS_AT ? (size - PC_FLIGHT_SLOTS_AT) / PC_FLIGHT_SLOT : 0;
}

/* Words, not bytes: the check is made for each claim. */
uint64_t pc_flight_sum(const void *data, size_t size)
{
	uint64_t sum = 0x9e3779b97f4a7c15ULL, word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		memcpy(&word, (const uint8_t *)data + at, sizeof(word));
		sum = (sum ^ word) * 0xff51afd7ed558ccdULL;
		sum ^= sum >> 32;
	}
	return sum;
}

bool pc_flight_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

enum pc_flight_kind pc_flight_look(const void *data, uint64_t size)
{
	struct pc_flight_head head;

	if (!size)
		return PC_FLIGHT_EMPTY;
	if (size < PC_FLIGHT_SLOTS_AT + PC_FLIGHT_SLOT)
		return size < sizeof(head.magic) || memcmp(data, PC_FLIGHT_MAGIC, 8) ?
			       PC_FLIGHT_FOREIGN :
			       PC_FLIGHT_DAMAGED;
	memcpy(&head, data, sizeof(head));
	if (pc_flight_zero(&head, sizeof(head)))
		return pc_flight_zero(data, PC_FLIGHT_SLOTS_AT) ? PC_FLIGHT_EMPTY :
								  PC_FLIGHT_FOREIGN;
	if (memcmp(head.magic, PC_FLIGHT_MAGIC, sizeof(head.magic)))
		return PC_FLIGHT_FOREIGN;
	if (head.check != pc_flight_sum(&head, offsetof(struct pc_flight_head, check)))
		return PC_FLIGHT_DAMAGED;
	if (head.version != PC_FLIGHT_VERSION)
		return head.version > PC_FLIGHT_VERSION ? PC_FLIGHT_NEWER : PC_FLIGHT_OLDER;
	return head.slot_size == PC_FLIGHT_SLOT && head.slots == pc_flight_slots(size) ?
		       PC_FLIGHT_OURS :
		       PC_FLIGHT_DAMAGED;
}

static const struct pc_flight_state *state_at(const void *data, unsigned copy)
{
	const struct pc_flight_state *s =
		(const void *)((const uint8_t *)data + PC_FLIGHT_STATE_AT +
			       (size_t)copy * PC_FLIGHT_STATE_STEP);

	return s->sequence && s->runs_count <= PC_FLIGHT_RUNS &&
			       s->check ==
				       pc_flight_sum(s, offsetof(struct pc_flight_state, check)) ?
		       s :
		       NULL;
}

const struct pc_flight_state *pc_flight_newest(const void *data)
{
	const struct pc_flight_state *a = state_at(data, 0), *b = state_at(data, 1);

	if (!a || !b)
		return a ? a : b;
	return a->sequence > b->sequence ? a : b;
}

static bool texts_end(const struct pc_flight_slot *s)
{
	return !s->comm[PC_COMM_LEN - 1] && !s->unit[PC_FLIGHT_UNIT - 1] &&
	       !s->container[PC_FLIGHT_CONTAINER - 1] && !s->exe[PC_FLIGHT_EXE - 1];
}

static bool values_exist(const struct pc_flight_slot *s)
{
	return s->how > PC_HOW_UNKNOWN && s->how < PC_HOW_COUNT &&
	       (s->proto == PC_PROTO_TCP || s->proto == PC_PROTO_UDP) &&
	       s->end_state < PC_STATE_COUNT && s->time_ns;
}

enum pc_flight_fill pc_flight_fill(const struct pc_flight_slot *slot)
{
	if (slot->sequence &&
	    slot->check == pc_flight_sum(slot, offsetof(struct pc_flight_slot, check)) &&
	    texts_end(slot) && values_exist(slot))
		return PC_FLIGHT_WHOLE;
	return pc_flight_zero(slot, sizeof(*slot)) ? PC_FLIGHT_FREE : PC_FLIGHT_TORN;
}

uint64_t pc_flight_since(const struct pc_flight_state *s)
{
	return s->runs_count && s->runs[0].first_ns > s->gone_ns ? s->runs[0].first_ns : s->gone_ns;
}
