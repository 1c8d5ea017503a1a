// SPDX-License-Identifier: GPL-2.0-only
/* Looks at the machine on behalf of whoever was refused: each family of users has its share of the time, and a
 * verdict says which looks there was no time for. */
#include "core/join/join_private.h"

/* Looks of each kind take a twentieth of the time. A user may take a quarter of a second at once: on a busy machine one
 * look takes 50 ms or more, and the next refusal needs its own. A hundred servers can be refused in a second when a
 * machine boots, and without a place there is no command that stops anything: so places have more. */
#define AT_ONCE_NS (250 * PC_NS_PER_MS)

static const struct pc_look_limit limits[PC_LOOK_COUNT] = {
	[PC_LOOK_PATH] = { 20, AT_ONCE_NS },	   [PC_LOOK_TUNNELS] = { 20, AT_ONCE_NS },
	[PC_LOOK_PLACE] = { 4, PC_NS_PER_SECOND }, [PC_LOOK_ADDRESS] = { 20, AT_ONCE_NS },
	[PC_LOOK_NETNS] = { 20, AT_ONCE_NS },	   [PC_LOOK_RANGE] = { 20, AT_ONCE_NS },
};

static const char *const missed[PC_LOOK_COUNT] = {
	[PC_LOOK_PATH] =
		"the path was not looked at: refusals of this user had used up the time for looks at paths",
	[PC_LOOK_TUNNELS] =
		"the tunnels were not looked at: refusals of this user had used up the time for looks at tunnels",
	[PC_LOOK_PLACE] =
		"the units of processes were not looked at: refusals of this user had used up the time for that",
	[PC_LOOK_ADDRESS] =
		"the addresses were not looked at: refusals of this user had used up the time for looks at addresses",
	[PC_LOOK_NETNS] =
		"no process of the network namespace was looked for: refusals of this user had used up the time for that",
	[PC_LOOK_RANGE] =
		"who uses up the range was not looked at: refusals of this user had used up the time for that",
};

const char *pc_look_missing(const struct pc_verdict *v)
{
	for (unsigned kind = 0; kind < PC_LOOK_COUNT; kind++)
		if (v->looks_missed & PC_LOOK_BIT(kind))
			return missed[kind];
	return NULL;
}

void pc_look_for(struct pc_join *j, uint32_t uid, const struct pc_process_key *key)
{
	const struct pc_identity *who =
		pc_processes_get(j->processes, pc_processes_find(j->processes, key));

	/* Root of which container? The looks of the machine's own root are not for one that is not known. */
	pc_family_of(who || uid ? uid : UINT32_MAX, who, &j->looks_for);
	j->looks_missed = 0;
}

bool pc_look_begin(struct pc_join *j, enum pc_look kind)
{
	if (pc_look_shares_may(&j->looks[kind], &limits[kind], &j->looks_for, j->now_ns))
		return true;
	j->looks_missed |= PC_LOOK_BIT(kind);
	return false;
}

void pc_look_end(struct pc_join *j, enum pc_look kind, uint64_t took_ns)
{
	pc_look_shares_took(&j->looks[kind], &j->looks_for, took_ns);
}
