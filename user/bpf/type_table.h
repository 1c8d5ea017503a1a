/* SPDX-License-Identifier: GPL-2.0-only */
/* BTF as it lies in memory, with an index of its names. libbpf's own reader copies all, and finds a name by reading every
 * type. */
#ifndef PORTCLASH_TYPE_TABLE_H
#define PORTCLASH_TYPE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>

struct pc_type_table;

/* Makes a table of bytes of this machine's endianness, which stay where they are until the table is closed. The types of
 * a module continue those of `base` (NULL: none). NULL: the bytes are no BTF, or there is no memory. */
struct pc_type_table *pc_type_table_of(const void *bytes, size_t size,
				       const struct pc_type_table *base);

/* The same of what libbpf has read, or made. NULL also for NULL. */
struct pc_type_table *pc_type_table_of_btf(const struct btf *btf);

/* The same of a file of the kernel's own in sysfs. */
struct pc_type_table *pc_type_table_read(const char *path, const struct pc_type_table *base);

void pc_type_table_close(struct pc_type_table *t);

/* All ids are below it. */
uint32_t pc_type_count(const struct pc_type_table *t);

/* Gives a type; NULL: there is none of this id. */
const struct btf_type *pc_type(const struct pc_type_table *t, uint32_t id);

/* The size of a type of a table, with its members. */
size_t pc_type_size(const struct btf_type *type);

/* Gives the name at an offset; "" also for an offset beyond the names. */
const char *pc_type_name(const struct pc_type_table *t, uint32_t offset);

/* Gives the first id behind `after` (0: the first of all) of a type of this name; 0: there is none. Functions and
 * variables count, too. A type's name ends before the flavour that libbpf sees in it, and so must `name`. The types of
 * `base` are not searched. */
uint32_t pc_type_find(const struct pc_type_table *t, uint32_t after, const char *name, size_t len);

/* Gives the first id of a type of this name and kind; 0: there is none. */
uint32_t pc_type_find_kind(const struct pc_type_table *t, const char *name, uint32_t kind);

/* The bytes of the table. */
const void *pc_type_bytes(const struct pc_type_table *t, size_t *size);

/* The length of a name without its flavour: libbpf's bpf_core_essential_name_len(). */
size_t pc_type_name_len(const char *name);

#endif
