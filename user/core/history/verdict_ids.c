// SPDX-License-Identifier: GPL-2.0-only
/* The table of verdicts. */
#include "core/history/verdict_ids.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8

struct pc_verdict_ids {
	struct pc_verdict_known sets[PC_VERDICT_IDS / WAYS][WAYS];
};

struct pc_verdict_ids *pc_verdict_ids_new(void)
{
	return calloc(1, sizeof(struct pc_verdict_ids));
}

void pc_verdict_ids_free(struct pc_verdict_ids *ids)
{
	free(ids);
}

static bool number_before(const char **at, const char *end, char behind, uint64_t *out)
{
	const char *from = *at;
	uint64_t value = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; ++*at)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			return false;
	if (*at == from || (behind ? *at == end || **at != behind : *at != end))
		return false;
	*at += !!behind;
	*out = value;
	return true;
}

static uint32_t host_hash(const struct pc_slice *host)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < host->len; i++)
		hash = (hash ^ (unsigned char)host->at[i]) * 16777619u;
	return hash;
}

/* "NANOSECONDS-THREAD", as the watch makes them. */
static bool id_read(const struct pc_slice *host, const struct pc_slice *id,
		    struct pc_verdict_known *out)
{
	const char *at = id->at, *end;
	uint64_t thread;

	*out = (struct pc_verdict_known){ .host = host_hash(host) };
	if (!at)
		return false;
	end = at + id->len;
	if (!number_before(&at, end, '-', &out->time_ns) ||
	    !number_before(&at, end, '\0', &thread) || thread > UINT32_MAX)
		return false;
	out->thread = (uint32_t)thread;
	return out->time_ns;
}

static struct pc_verdict_known *set_of(struct pc_verdict_ids *ids,
				       const struct pc_verdict_known *id)
{
	uint64_t hash = (id->time_ns ^ id->thread ^ (uint64_t)id->host << 32) *
			UINT64_C(0x9e3779b97f4a7c15);

	return ids->sets[(hash >> 32) % (PC_VERDICT_IDS / WAYS)];
}

struct pc_verdict_known *pc_verdict_ids_find(struct pc_verdict_ids *ids,
					     const struct pc_slice *host, const struct pc_slice *id)
{
	struct pc_verdict_known wanted, *set;

	if (!id_read(host, id, &wanted))
		return NULL;
	set = set_of(ids, &wanted);
	for (int i = 0; i < WAYS; i++)
		if (set[i].time_ns == wanted.time_ns && set[i].thread == wanted.thread &&
		    set[i].host == wanted.host)
			return &set[i];
	return NULL;
}

struct pc_verdict_known *pc_verdict_ids_add(struct pc_verdict_ids *ids, const struct pc_slice *host,
					    const struct pc_slice *id)
{
	struct pc_verdict_known wanted, *set, *oldest;

	if (!id_read(host, id, &wanted))
		return NULL;
	set = oldest = set_of(ids, &wanted);
	for (int i = 1; i < WAYS; i++)
		if (set[i].time_ns < oldest->time_ns)
			oldest = &set[i];
	*oldest = wanted;
	return oldest;
}
