/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines that begin with no command and no port, and the lines that were meant. */
#ifndef PORTCLASH_CMD_MISTAKE_H
#define PORTCLASH_CMD_MISTAKE_H

#include <stdbool.h>

/* Says on standard error what the user means by a line that begins with these words; `next` can be NULL. False: no
 * such line is known. */
bool pc_say_mistake(const char *word, const char *next);

#endif
