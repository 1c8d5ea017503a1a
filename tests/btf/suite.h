/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests of the chooser: what they share. */
#ifndef PORTCLASH_TESTS_BTF_SUITE_H
#define PORTCLASH_TESTS_BTF_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include <bpf/btf.h>

#define OWN "/sys/kernel/btf/vmlinux"

/* Makes the folder of the tests. False: it cannot be made. */
bool suite_begin(void);

/* Removes it, and prints the counts. Returns the exit status. */
int suite_end(void);

__attribute__((format(printf, 3, 4))) void report(bool ok, const char *name, const char *format,
						  ...);
void suite_skip(const char *name, const char *missing);

/* Writes the running kernel's types with edits (rewrite.h), which a comma separates, to a file, and gives its path.
 * NULL: an edit finds nothing. */
struct btf *edited(const char *edits, char *path, size_t size);

/* Files that are refused, each for its own reason. */
void suite_files(void);

#endif
