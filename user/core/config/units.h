/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers with a unit, as the configuration and the command line take them. */
#ifndef PORTCLASH_CORE_UNITS_H
#define PORTCLASH_CORE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* Parses a decimal number and a unit of time (none: seconds; ms, s, m, h, d), blanks between them
 * allowed. False: the text is something else. */
bool pc_units_duration(const char *text, double *ns);

/* Parses a whole number of bytes, or of K, M or G (1024, its square and its cube). 0 or -EINVAL. */
int pc_units_size(const char *text, uint64_t *bytes);

#endif
