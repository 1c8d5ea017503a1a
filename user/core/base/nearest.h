/* SPDX-License-Identifier: GPL-2.0-only */
/* The name that a misspelt word is meant to be. */
#ifndef PORTCLASH_NEAREST_H
#define PORTCLASH_NEAREST_H

#include <stddef.h>

/* Returns the one of `count` names that takes the fewest changed letters to make of `word`; NULL when
 * none is near. `name_at` returns the name at an index; NULL is no name. */
const char *pc_nearest(const char *word, const char *(*name_at)(const void *context, size_t index),
		       const void *context, size_t count);

#endif
