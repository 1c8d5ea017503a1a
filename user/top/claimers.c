// SPDX-License-Identifier: GPL-2.0-only
/* Count claims by process and second. */
#include "top/claimers.h"

#include <string.h>

#include "core/base/time.h"
#include "top/events.h"

#define SLOTS (PC_TOP_RATE_SECONDS + 1)

static void clear_second(struct pc_top_claimers *c, unsigned slot)
{
	c->seconds[slot] = 0;
	for (unsigned i = 0; i < c->count; i++)
		c->list[i].seconds[slot] = 0;
}

void pc_top_claimers_tick(struct pc_top_claimers *c, uint64_t now_ns)
{
	uint64_t now = now_ns / PC_NS_PER_SECOND;

	if (!c->since) {
		c->since = now + 1;
		c->second = now;
	}
	if (now <= c->second)
		return;
	for (uint64_t i = 1; i <= now - c->second && i <= SLOTS; i++)
		clear_second(c, (unsigned)((c->second + i) % SLOTS));
	c->second = now;
}

static bool claimer_is(const struct pc_top_claimer *have, const struct pc_process_key *key)
{
	return have->key.tgid == key->tgid && have->key.start_ns == key->start_ns;
}

static struct pc_top_claimer *claimer_room(struct pc_top_claimers *c)
{
	struct pc_top_claimer *quiet = &c->list[0];

	if (c->count < PC_TOP_CLAIMERS_MAX)
		return &c->list[c->count++];
	for (unsigned i = 1; i < c->count; i++)
		if (c->list[i].last_ns < quiet->last_ns)
			quiet = &c->list[i];
	c->given_up++;
	return quiet;
}

static struct pc_top_claimer *claimer_by_party(struct pc_top_claimers *c, const struct pc_party *p)
{
	struct pc_top_claimer *claimer;

	if (c->latest < c->count && claimer_is(&c->list[c->latest], &p->key))
		return &c->list[c->latest];
	for (unsigned i = 0; i < c->count; i++) {
		if (claimer_is(&c->list[i], &p->key)) {
			c->latest = i;
			return &c->list[i];
		}
	}
	claimer = claimer_room(c);
	memset(claimer, 0, sizeof(*claimer));
	claimer->key = p->key;
	pc_top_party(claimer->name, sizeof(claimer->name), p);
	c->latest = (unsigned)(claimer - c->list);
	return claimer;
}

void pc_top_claimers_add(struct pc_top_claimers *c, const struct pc_claim *claim)
{
	unsigned slot = (unsigned)(c->second % SLOTS);
	struct pc_top_claimer *claimer;

	c->total++;
	c->seconds[slot]++;
	if (!claim->claimer.key.tgid) {
		c->unnamed++;
		return;
	}
	claimer = claimer_by_party(c, &claim->claimer);
	claimer->total++;
	claimer->seconds[slot]++;
	claimer->last_ns = claim->time_ns;
	claimer->netns = claim->netns;
	claimer->how = claim->how;
	claimer->proto = claim->proto;
	if (claim->port)
		claimer->port = claim->port;
}

static double rate_of(const struct pc_top_claimers *c, const uint32_t *seconds)
{
	uint64_t whole = c->second > c->since ? c->second - c->since : 0, sum = 0;

	if (!whole)
		return 0;
	whole = whole < PC_TOP_RATE_SECONDS ? whole : PC_TOP_RATE_SECONDS;
	for (uint64_t i = 1; i <= whole; i++)
		sum += seconds[(c->second - i) % SLOTS];
	return (double)sum / (double)whole;
}

double pc_top_claimer_rate(const struct pc_top_claimers *c, const struct pc_top_claimer *claimer)
{
	return rate_of(c, claimer->seconds);
}

double pc_top_claimers_rate(const struct pc_top_claimers *c)
{
	return rate_of(c, c->seconds);
}

uint32_t pc_top_claimer_now(const struct pc_top_claimers *c, const struct pc_top_claimer *claimer)
{
	return c->second > c->since ? claimer->seconds[(c->second - 1) % SLOTS] : 0;
}
