// SPDX-License-Identifier: GPL-2.0-only
/* The types are changed in place: a name is what everybody looks for. */
#include "btf/rewrite.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define GONE "gone"
#define MOVED_BITS (64 * 8)

struct edit {
	struct btf *btf;
	char type[64];
	char member[64];
	__u32 gone; /* the offset of that name */
	bool moves;
	int count;
};

static const char *text_at(const struct edit *e, __u32 offset)
{
	const char *name = btf__name_by_offset(e->btf, offset);

	return name ? name : "";
}

static struct btf_type *type_at(const struct edit *e, __u32 id)
{
	return (struct btf_type *)btf__type_by_id(e->btf, id);
}

static void edit_members(struct edit *e, struct btf_type *t)
{
	struct btf_member *m = btf_members(t);

	for (unsigned i = 0; i < btf_vlen(t); i++, m++) {
		struct btf_type *inner = type_at(e, m->type);

		if (!m->name_off && btf_is_composite(inner)) {
			edit_members(e, inner);
			continue;
		}
		if (strcmp(text_at(e, m->name_off), e->member))
			continue;
		e->count++;
		if (e->moves)
			m->offset += MOVED_BITS;
		else
			m->name_off = e->gone;
	}
}

static void edit_field(struct edit *e)
{
	for (__u32 id = 1; id < btf__type_cnt(e->btf); id++) {
		struct btf_type *t = type_at(e, id);

		if (strcmp(text_at(e, t->name_off), e->type))
			continue;
		while (btf_is_typedef(t))
			t = type_at(e, t->type);
		if (btf_is_composite(t))
			edit_members(e, t);
	}
}

static void edit_names(struct edit *e, bool functions)
{
	for (__u32 id = 1; id < btf__type_cnt(e->btf); id++) {
		struct btf_type *t = type_at(e, id);

		if (btf_is_func(t) != functions || strcmp(text_at(e, t->name_off), e->type))
			continue;
		t->name_off = e->gone;
		e->count++;
	}
}

static void edit_values(struct edit *e)
{
	for (__u32 id = 1; id < btf__type_cnt(e->btf); id++) {
		struct btf_type *t = type_at(e, id);

		for (unsigned i = 0; btf_is_enum(t) && i < btf_vlen(t); i++) {
			if (strcmp(text_at(e, btf_enum(t)[i].name_off), e->type))
				continue;
			btf_enum(t)[i].name_off = e->gone;
			e->count++;
		}
	}
}

/* The function gets a prototype of its own, since others share the one it has. */
static void edit_arguments(struct edit *e)
{
	int id = btf__find_by_name_kind(e->btf, e->type, BTF_KIND_FUNC);
	const struct btf_type *proto;
	int made;

	if (id < 0)
		return;
	proto = type_at(e, type_at(e, (__u32)id)->type);
	made = btf__add_func_proto(e->btf, (int)proto->type);
	for (unsigned i = 0; made > 0; i++) {
		proto = type_at(e, type_at(e, (__u32)id)->type);
		if (i + 1 >= btf_vlen(proto))
			break;
		btf__add_func_param(e->btf, "a", (int)btf_params(proto)[i].type);
	}
	if (made > 0) {
		type_at(e, (__u32)id)->type = (__u32)made;
		e->count++;
	}
}

int rewrite(struct btf *btf, const char *edit)
{
	struct edit e = { .btf = btf };
	char verb[16];
	int gone = btf__add_str(btf, GONE);

	if (gone < 0 || sscanf(edit, "%15s %63[^.].%63s", verb, e.type, e.member) < 2)
		return -EINVAL;
	e.gone = (__u32)gone;
	e.moves = !strcmp(verb, "move");
	if (e.moves || !strcmp(verb, "field"))
		edit_field(&e);
	else if (!strcmp(verb, "type") || !strcmp(verb, "function"))
		edit_names(&e, *verb == 'f');
	else if (!strcmp(verb, "value"))
		edit_values(&e);
	else if (!strcmp(verb, "argument"))
		edit_arguments(&e);
	else
		return -EINVAL;
	return e.count;
}
