// SPDX-License-Identifier: GPL-2.0-only
/* Types, fields and functions are looked up in BTF. */
#include "bpf/types.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/types_file.h"

/* A structure of the kernel is not nested deeper, as far as portclash reads it. */
#define DEPTH_MAX 8

static const struct btf_type *without_modifiers(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t && btf_is_composite(t) ? t : NULL;
}

/* Finds the type of the member whose name is the first `len` bytes of `name`; -ENOENT. */
static int member_type(const struct btf *btf, const struct btf_type *t, const char *name,
		       size_t len, unsigned depth)
{
	const struct btf_member *m = btf_members(t);

	for (unsigned i = 0; i < btf_vlen(t); i++, m++) {
		const char *own = btf__name_by_offset(btf, m->name_off);
		const struct btf_type *inner;
		int found;

		if (own && *own) {
			if (strlen(own) == len && !strncmp(own, name, len))
				return (int)m->type;
			continue;
		}
		inner = depth < DEPTH_MAX ? without_modifiers(btf, m->type) : NULL;
		found = inner ? member_type(btf, inner, name, len, depth + 1) : -ENOENT;
		if (found >= 0)
			return found;
	}
	return -ENOENT;
}

static bool has_path(const struct btf *btf, __u32 id, const char *path)
{
	for (;;) {
		size_t len = strcspn(path, ".");
		const struct btf_type *t = without_modifiers(btf, id);
		int member = t ? member_type(btf, t, path, len, 0) : -ENOENT;

		if (member < 0)
			return false;
		if (!path[len])
			return true;
		id = (__u32)member;
		path += len + 1;
	}
}

/* Several types can have one name: any of them will do, as for libbpf's relocations. */
bool pc_types_has_field(const struct btf *btf, const char *type, const char *member)
{
	__u32 count = btf ? btf__type_cnt(btf) : 0;

	for (__u32 id = 1; id < count; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, t->name_off);

		if ((btf_is_composite(t) || btf_is_typedef(t)) && name && !strcmp(name, type) &&
		    has_path(btf, id, member))
			return true;
	}
	return false;
}

static bool lists_value(const struct btf *btf, const struct btf_type *t, const char *value)
{
	const struct btf_enum *e = btf_enum(t);

	for (unsigned i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, e[i].name_off), value))
			return true;
	return false;
}

bool pc_types_has_value(const struct btf *btf, const char *type, const char *value)
{
	int id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_ENUM) : -ENOENT;

	return id > 0 && lists_value(btf, btf__type_by_id(btf, (__u32)id), value);
}

static int function_arguments(const struct btf *btf, const char *function)
{
	int id = btf ? btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) : -ENOENT;
	const struct btf_type *f = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	const struct btf_type *proto = f ? btf__type_by_id(btf, f->type) : NULL;

	return proto && btf_is_func_proto(proto) ? btf_vlen(proto) : -ENOENT;
}

int pc_types_arguments(const struct pc_types *t, const char *function, bool any)
{
	int count = function_arguments(t->own, function);

	if (count < 0)
		count = function_arguments(t->ipv6, function);
	return count < 0 && any && !t->own ? function_arguments(t->btf, function) : count;
}

static int read_named_file(struct pc_types *t, char *sentence)
{
	int err = pc_types_file_read(t->file, &t->fd, &t->btf, sentence);

	if (!err)
		snprintf(t->path, sizeof(t->path), "/proc/self/fd/%d", t->fd);
	return err;
}

int pc_types_open(const char *file, struct pc_types *out, char *sentence)
{
	*out = (struct pc_types){ .file = file, .fd = -1 };
	if (!access(PC_TYPES_OWN, R_OK))
		out->own = btf__parse(PC_TYPES_OWN, NULL);
	if (out->own && !access("/sys/kernel/btf/ipv6", R_OK))
		out->ipv6 = btf__load_module_btf("ipv6", out->own);
	if (file)
		return read_named_file(out, sentence);
	/* Without BTF of its own, the kernel may have its debug image installed, where libbpf finds it, too. */
	out->btf = out->own ? out->own : btf__load_vmlinux_btf();
	return 0;
}

void pc_types_close(struct pc_types *t)
{
	btf__free(t->ipv6);
	if (t->btf != t->own)
		btf__free(t->btf);
	btf__free(t->own);
	if (t->fd >= 0)
		close(t->fd);
	*t = (struct pc_types){ .fd = -1 };
}
