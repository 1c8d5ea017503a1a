// SPDX-License-Identifier: GPL-2.0-only
/* The table of causes, made of the rows in cause_*.c. */
#include "core/verdict/causes.h"

#define ROW_OF(value, row) [PC_CAUSE_##value] = &pc_cause_##row,
static const struct pc_cause_row *const cause_rows[PC_CAUSE_COUNT] = { PC_CAUSES(ROW_OF) };

const struct pc_cause_row *pc_cause_row(enum pc_cause cause)
{
	if ((unsigned)cause >= PC_CAUSE_COUNT || !cause_rows[cause])
		return &pc_cause_unknown;
	return cause_rows[cause];
}

const char *pc_cause_name(enum pc_cause cause)
{
	return cause == PC_CAUSE_INVALID ? "invalid" : pc_cause_row(cause)->name;
}
