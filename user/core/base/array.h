/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays that grow by doubling. */
#ifndef PORTCLASH_ARRAY_H
#define PORTCLASH_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `need` elements of `size` bytes in an array. `list` is the address of the array's
 * pointer, and `*room` how many elements fit so far. 0, or -ENOMEM and nothing is changed. */
static inline int pc_array_reserve(void *list, size_t *room, size_t need, size_t size)
{
	size_t wanted = *room ? *room : 16;
	void *grown, *have;

	if (need <= *room)
		return 0;
	while (wanted < need)
		wanted *= 2;
	memcpy(&have, list, sizeof(have));
	grown = reallocarray(have, wanted, size);
	if (!grown)
		return -ENOMEM;
	memcpy(list, &grown, sizeof(grown));
	*room = wanted;
	return 0;
}

#endif
