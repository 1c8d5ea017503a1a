// SPDX-License-Identifier: GPL-2.0-only
/* The verdict about one of many small collisions. */
#include "judge/clashed.h"

void clashed_check_known(const struct spot *line, const struct spot *holder,
			 const struct clash *want)
{
	struct spot process = spot_below(holder, "process");

	expect_complete(line);
	expect_string(line, "cause", clash_truths[want->kind].cause);
	expect_string(holder, "how", clash_truths[want->kind].how);
	expect_time(holder, "since", want->before, want->after);
	expect_int(&process, "pid", want->holder);
}
