// SPDX-License-Identifier: GPL-2.0-only
/* libbpf looks through all types of the kernel, for each type that the programs name anew. That took most of the start of
 * `portclash who`. It takes next to nothing among the few that count. */
#include "bpf/types_few.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	char *at;
	size_t len, room;
	bool failed;
};

struct few {
	const struct pc_type_table *all;
	uint32_t *ids;	/* by the id in `all`: the one in the copy; 0: left out */
	uint32_t *kept; /* by the id in the copy, less 1: the one in `all` */
	uint32_t count;
	struct bytes types, names;
};

/* Gives the place of `len` more bytes; NULL: out of memory. */
static void *bytes_add(struct bytes *b, const void *bytes, size_t len)
{
	void *at;

	if (b->len + len > b->room && !b->failed) {
		size_t room = 2 * (b->len + len) + 4096;
		char *more = realloc(b->at, room);

		b->failed = !more;
		b->at = more ? more : b->at;
		b->room = more ? room : b->room;
	}
	if (b->failed)
		return NULL;
	at = b->len || len ? b->at + b->len : NULL;
	if (len)
		memcpy(at, bytes, len);
	b->len += len;
	return at;
}

/* Is this a kind of type that libbpf may look for by its name? */
static bool can_be_named(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_any_enum(t) || btf_is_fwd(t) || btf_is_typedef(t) ||
	       btf_is_int(t);
}

/* Is what `type` says of this type the id of another one that it contains? */
static bool contains_one(const struct btf_type *t)
{
	return btf_is_typedef(t) || btf_is_mod(t);
}

/* The copy lacks functions, and what is only pointed to. */
static bool is_copied(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_any_enum(t) || btf_is_fwd(t) || btf_is_int(t) ||
	       btf_is_float(t) || btf_is_ptr(t) || btf_is_array(t) || contains_one(t);
}

static void keep(struct few *f, uint32_t id)
{
	const struct btf_type *t = pc_type(f->all, id);

	if (!t || f->ids[id] || !is_copied(t))
		return;
	f->kept[f->count++] = id;
	f->ids[id] = f->count;
}

/* A file can have ids of no type. */
static uint32_t id_in_copy(const struct few *f, uint32_t id)
{
	return id < pc_type_count(f->all) ? f->ids[id] : 0;
}

static void keep_contents(struct few *f, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);

	if (btf_is_composite(t))
		for (unsigned i = 0; i < btf_vlen(t); i++)
			keep(f, m[i].type);
	else if (btf_is_array(t)) {
		keep(f, btf_array(t)->type);
		keep(f, btf_array(t)->index_type);
	} else if (contains_one(t))
		keep(f, t->type);
}

static void keep_name(struct few *f, const char *name)
{
	size_t len = pc_type_name_len(name);
	uint32_t id = 0;

	while ((id = pc_type_find(f->all, id, name, len)))
		if (can_be_named(pc_type(f->all, id)))
			keep(f, id);
}

/* Keeps the types by which libbpf finds out how large a pointer is (btf__pointer_size()). */
static void keep_words(struct few *f)
{
	keep_name(f, "long int");
	keep_name(f, "long unsigned int");
}

static void keep_named(struct few *f, const struct btf *named)
{
	uint32_t count = btf__type_cnt(named);

	keep_words(f);
	for (uint32_t id = 1; id < count; id++) {
		const struct btf_type *t = btf__type_by_id(named, id);
		const char *name = can_be_named(t) ? btf__name_by_offset(named, t->name_off) : NULL;

		if (name && *name)
			keep_name(f, name);
	}
	for (uint32_t i = 0; i < f->count; i++)
		keep_contents(f, pc_type(f->all, f->kept[i]));
}

static void fit_name(struct few *f, uint32_t *offset)
{
	const char *name = pc_type_name(f->all, *offset);

	*offset = *name ? (uint32_t)f->names.len : 0;
	if (*name)
		bytes_add(&f->names, name, strlen(name) + 1);
}

static void fit_members(struct few *f, struct btf_type *t)
{
	struct btf_member *m = btf_members(t);

	for (unsigned i = 0; i < btf_vlen(t); i++) {
		fit_name(f, &m[i].name_off);
		m[i].type = id_in_copy(f, m[i].type);
	}
}

static void fit_values(struct few *f, struct btf_type *t)
{
	for (unsigned i = 0; i < btf_vlen(t); i++)
		fit_name(f, btf_is_enum(t) ? &btf_enum(t)[i].name_off : &btf_enum64(t)[i].name_off);
}

/* Gives a copied type the ids and names that the copy has. */
static void fit_type(struct few *f, struct btf_type *t)
{
	fit_name(f, &t->name_off);
	if (btf_is_composite(t))
		fit_members(f, t);
	else if (btf_is_any_enum(t))
		fit_values(f, t);
	else if (btf_is_array(t)) {
		btf_array(t)->type = id_in_copy(f, btf_array(t)->type);
		btf_array(t)->index_type = id_in_copy(f, btf_array(t)->index_type);
	} else if (contains_one(t))
		t->type = id_in_copy(f, t->type);
	else if (btf_is_ptr(t))
		t->type = 0;
}

static void *join_parts(const struct few *f, size_t *size)
{
	const struct btf_header head = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(head),
		.type_len = (uint32_t)f->types.len,
		.str_off = (uint32_t)f->types.len,
		.str_len = (uint32_t)f->names.len,
	};
	struct bytes whole = { 0 };

	bytes_add(&whole, &head, sizeof(head));
	bytes_add(&whole, f->types.at, f->types.len);
	bytes_add(&whole, f->names.at, f->names.len);
	if (whole.failed || f->types.failed || f->names.failed) {
		free(whole.at);
		return NULL;
	}
	*size = whole.len;
	return whole.at;
}

static void *few_make(struct few *f, const struct btf *named, size_t *size)
{
	bytes_add(&f->names, "", 1);
	keep_named(f, named);
	for (uint32_t i = 0; i < f->count; i++) {
		const struct btf_type *t = pc_type(f->all, f->kept[i]);
		struct btf_type *own = bytes_add(&f->types, t, pc_type_size(t));

		if (own)
			fit_type(f, own);
	}
	return join_parts(f, size);
}

void *pc_types_few(const struct pc_type_table *all, const struct btf *named, size_t *size)
{
	struct few f = { .all = all };
	uint32_t count = pc_type_count(all);
	void *bytes = NULL;

	f.ids = calloc(count, sizeof(*f.ids));
	f.kept = malloc(count * sizeof(*f.kept));
	if (f.ids && f.kept)
		bytes = few_make(&f, named, size);
	free(f.ids);
	free(f.kept);
	free(f.types.at);
	free(f.names.at);
	return bytes;
}
