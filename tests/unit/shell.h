/* SPDX-License-Identifier: GPL-2.0-only */
/* A real shell reads a command line: the words, without running anything. */
#ifndef PORTCLASH_TESTS_SHELL_H
#define PORTCLASH_TESTS_SHELL_H

#include <stddef.h>

/* Has sh read `command`, whose first word is replaced by one that prints its arguments.
 * Returns how many words follow the first; they are in `out`, each with its NUL. -1 when the
 * shell finds the line wrong. */
int shell_words(const char *command, char *out, size_t size);

#endif
