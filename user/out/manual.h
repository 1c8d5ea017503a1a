/* SPDX-License-Identifier: GPL-2.0-only */
/* The page docs/causes.md, compiled in: its list of causes, and one section of it. */
#ifndef PORTCLASH_MANUAL_H
#define PORTCLASH_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

/* Every cause with the first sentence of its section, a line each. */
void pc_manual_list(FILE *out);

/* The section of this cause, without the marks of Markdown. False, and nothing printed: there is
 * none. */
bool pc_manual_section(FILE *out, const char *cause);

#endif
