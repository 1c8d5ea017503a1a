/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of type information that the user names (--btf). */
#ifndef PORTCLASH_TYPES_FILE_H
#define PORTCLASH_TYPES_FILE_H

#include <bpf/btf.h>

/* The sources of such files, for sentences. */
#define PC_TYPES_SOURCES \
	"BTFHub has such files for many kernels of distributions, or run `pahole -J` on the vmlinux of the distribution's debug package"

/* Reads a file of raw BTF, or the section .BTF of an ELF file, and leaves it open. 0; or a negative errno, and
 * `sentence` (PC_SENTENCE bytes) says what is wrong with it: that others may change it, that it is no BTF, no kernel's,
 * of another architecture, or of another kernel as far as its build ID tells. pc_types_check() (types_check.h) compares
 * more. */
int pc_types_file_read(const char *file, int *out_fd, struct btf **out, char *sentence);

#endif
