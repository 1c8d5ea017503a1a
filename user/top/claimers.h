/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes that obtain ports, and how many a second. */
#ifndef PORTCLASH_TOP_CLAIMERS_H
#define PORTCLASH_TOP_CLAIMERS_H

#include "core/base/model.h"
#include "top/look.h"

/* Anybody can start processes. A new one takes the place of the one that was quiet for longest. */
#define PC_TOP_CLAIMERS_MAX 256

/* The rate is that of so many whole seconds. */
#define PC_TOP_RATE_SECONDS 10

struct pc_top_claimer {
	struct pc_process_key key;
	uint32_t netns;
	char name[PC_TOP_NAME];
	uint64_t last_ns; /* boot clock */
	uint64_t total;
	uint32_t seconds[PC_TOP_RATE_SECONDS + 1]; /* a ring; one of them is the second under way */
	uint16_t port;				   /* the last; 0: not known */
	uint8_t proto;
	enum pc_how how;
};

struct pc_top_claimers {
	struct pc_top_claimer list[PC_TOP_CLAIMERS_MAX];
	unsigned count;
	unsigned latest;			   /* index of the last one that was counted */
	uint64_t second;			   /* of the boot clock, under way */
	uint64_t since;				   /* the first whole second that counts */
	uint64_t total;				   /* claims of all */
	uint64_t given_up;			   /* processes that gave way */
	uint64_t unnamed;			   /* claims of a process that is not known */
	uint32_t seconds[PC_TOP_RATE_SECONDS + 1]; /* of all */
};

/* Follows the clock: before anything is added or read. */
void pc_top_claimers_tick(struct pc_top_claimers *c, uint64_t now_ns);
void pc_top_claimers_add(struct pc_top_claimers *c, const struct pc_claim *claim);

/* Claims a second in the last PC_TOP_RATE_SECONDS whole seconds, or those since the start. */
double pc_top_claimer_rate(const struct pc_top_claimers *c, const struct pc_top_claimer *claimer);
double pc_top_claimers_rate(const struct pc_top_claimers *c);

/* Claims in the last whole second. */
uint32_t pc_top_claimer_now(const struct pc_top_claimers *c, const struct pc_top_claimer *claimer);

#endif
