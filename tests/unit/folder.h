/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder of its own for each test, and the files in it. */
#ifndef PORTCLASH_TESTS_FOLDER_H
#define PORTCLASH_TESTS_FOLDER_H

/* Set-up and tear-down: the test stands in its folder, of which nothing is left. */
int folder_enter(void **state);
int folder_leave(void **state);

/* Writes the file, and compares all of it (no more than 1,023 bytes). */
void folder_put(const char *path, const char *text);
void folder_expect(const char *path, const char *expected);

#endif
