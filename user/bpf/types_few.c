// SPDX-License-Identifier: GPL-2.0-only
/* libbpf looks through all types of the kernel, for each type that the programs name anew. That took most of the start of
 * `portclash who`. It takes next to nothing among the few that count. */
#include "bpf/types_few.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The names, in a table with open addressing. */
struct few_names {
	const char **slots;
	uint32_t *lengths;
	uint32_t mask;
};

struct few {
	const struct btf *all;
	__u32 count;
	__u32 *ids;   /* by the id in `all`: the one in `types`; 0: left out, KEPT before it is known */
	__u32 *queue; /* ids in `all` whose contents must be kept, too */
	__u32 queued;
	struct btf *types;
};

#define KEPT UINT32_MAX

/* The length without the flavour: libbpf's bpf_core_essential_name_len(). */
static uint32_t length_of(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = len > 4 ? len - 4 : 0; i-- > 0;)
		if (name[i + 1] == '_' && name[i + 2] == '_' && name[i + 3] == '_' &&
		    name[i] != '_' && name[i + 4] != '_')
			return (uint32_t)(i + 1);
	return (uint32_t)len;
}

static uint32_t hash_of(const char *name, uint32_t len)
{
	uint32_t hash = 2166136261;

	for (uint32_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619;
	return hash;
}

/* Gives the slot of a name: its own, or a free one. */
static uint32_t name_slot(const struct few_names *n, const char *name, uint32_t len)
{
	uint32_t slot = hash_of(name, len) & n->mask;

	while (n->slots[slot] &&
	       (n->lengths[slot] != len || memcmp(n->slots[slot], name, len) != 0))
		slot = (slot + 1) & n->mask;
	return slot;
}

/* Gives the name of a type that libbpf may look for; NULL: the type has none, or is of another kind. */
static const char *type_name(const struct btf *btf, const struct btf_type *t)
{
	const char *name;

	if (!btf_is_composite(t) && !btf_is_any_enum(t) && !btf_is_fwd(t) && !btf_is_typedef(t) &&
	    !btf_is_int(t))
		return NULL;
	name = btf__name_by_offset(btf, t->name_off);
	return name && *name ? name : NULL;
}

static int names_open(struct few_names *n, const struct btf *named)
{
	__u32 count = btf__type_cnt(named);

	for (n->mask = 64; n->mask < 4 * count;)
		n->mask *= 2;
	n->slots = calloc(n->mask, sizeof(*n->slots));
	n->lengths = calloc(n->mask, sizeof(*n->lengths));
	n->mask--;
	if (!n->slots || !n->lengths)
		return -1;
	for (__u32 id = 1; id < count; id++) {
		const char *name = type_name(named, btf__type_by_id(named, id));
		uint32_t len = name ? length_of(name) : 0;
		uint32_t slot = name ? name_slot(n, name, len) : 0;

		if (name) {
			n->slots[slot] = name;
			n->lengths[slot] = len;
		}
	}
	return 0;
}

static void names_close(struct few_names *n)
{
	free(n->slots);
	free(n->lengths);
}

static bool has_name(const struct few_names *n, const char *name)
{
	return n->slots[name_slot(n, name, length_of(name))];
}

static void keep(struct few *f, __u32 id)
{
	if (!id || id >= f->count || f->ids[id])
		return;
	f->ids[id] = KEPT;
	f->queue[f->queued++] = id;
}

/* Is what `type` says of this type the id of another one that it contains? */
static bool contains_one(const struct btf_type *t)
{
	return btf_is_typedef(t) || btf_is_mod(t);
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

/* A number says how large a pointer is (btf__pointer_size()): all are kept. */
static void keep_named(struct few *f, const struct few_names *names)
{
	for (__u32 id = 1; id < f->count; id++) {
		const struct btf_type *t = btf__type_by_id(f->all, id);
		const char *name = type_name(f->all, t);

		if (name && (btf_is_int(t) || has_name(names, name)))
			keep(f, id);
	}
	while (f->queued)
		keep_contents(f, btf__type_by_id(f->all, f->queue[--f->queued]));
}

/* The copy lacks functions, and what is only pointed to. */
static bool is_copied(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_any_enum(t) || btf_is_fwd(t) ||
	       btf_is_int(t) || btf_is_float(t) || btf_is_ptr(t) || btf_is_array(t) ||
	       contains_one(t);
}

static int copy_kept(struct few *f)
{
	for (__u32 id = 1; id < f->count; id++) {
		const struct btf_type *t = btf__type_by_id(f->all, id);
		int own = f->ids[id] && is_copied(t) ? btf__add_type(f->types, f->all, t) : 0;

		if (own < 0)
			return own;
		f->ids[id] = (__u32)own;
	}
	return 0;
}

/* The types were copied with the ids that they had. */
static void give_ids(const struct few *f, struct btf_type *t)
{
	struct btf_member *m = btf_members(t);

	if (btf_is_composite(t))
		for (unsigned i = 0; i < btf_vlen(t); i++)
			m[i].type = f->ids[m[i].type];
	else if (btf_is_array(t)) {
		btf_array(t)->type = f->ids[btf_array(t)->type];
		btf_array(t)->index_type = f->ids[btf_array(t)->index_type];
	} else if (contains_one(t))
		t->type = f->ids[t->type];
	else if (btf_is_ptr(t))
		t->type = 0;
}

static int few_fill(struct few *f, const struct few_names *names)
{
	__u32 own;

	keep_named(f, names);
	if (copy_kept(f))
		return -1;
	own = btf__type_cnt(f->types);
	for (__u32 id = 1; id < own; id++)
		give_ids(f, (struct btf_type *)btf__type_by_id(f->types, id));
	return 0;
}

struct btf *pc_types_few(const struct btf *all, const struct btf *named)
{
	struct few f = { .all = all, .count = btf__type_cnt(all) };
	struct few_names names = { 0 };
	int err = names_open(&names, named);

	f.ids = calloc(f.count, sizeof(*f.ids));
	f.queue = calloc(f.count, sizeof(*f.queue));
	f.types = btf__new_empty();
	if (err || !f.ids || !f.queue || !f.types || few_fill(&f, &names)) {
		btf__free(f.types);
		f.types = NULL;
	}
	names_close(&names);
	free(f.ids);
	free(f.queue);
	return f.types;
}
