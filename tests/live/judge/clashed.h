/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict about one of many small collisions (stage/clash.h). */
#ifndef LIVE_JUDGE_CLASHED_H
#define LIVE_JUDGE_CLASHED_H

#include "judge/expect.h"
#include "stage/clash.h"

/* Compares a verdict whose evidence is complete: cause, way, time and process of the only holder. */
void clashed_check_known(const struct spot *line, const struct spot *holder,
			 const struct clash *want);

#endif
