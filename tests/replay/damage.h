/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams that are damaged on purpose, made of a good one. */
#ifndef PORTCLASH_TESTS_DAMAGE_H
#define PORTCLASH_TESTS_DAMAGE_H

/* Writes them, and what the reader must say of each, into `folder`. 0 or a negative errno. */
int damage_all(const char *folder, const char *good);

#endif
