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

#define IPV6_TYPES "/sys/kernel/btf/ipv6"

static const struct btf_type *without_modifiers(const struct pc_type_table *all, __u32 id)
{
	const struct btf_type *t = pc_type(all, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = pc_type(all, t->type);
	return t && btf_is_composite(t) ? t : NULL;
}

/* Finds the type of the member whose name is the first `len` bytes of `name`; -ENOENT. */
static int member_type(const struct pc_type_table *all, const struct btf_type *t, const char *name,
		       size_t len, unsigned depth)
{
	const struct btf_member *m = btf_members(t);

	for (unsigned i = 0; i < btf_vlen(t); i++, m++) {
		const char *own = pc_type_name(all, m->name_off);
		const struct btf_type *inner;
		int found;

		if (*own) {
			if (strlen(own) == len && !strncmp(own, name, len))
				return (int)m->type;
			continue;
		}
		inner = depth < DEPTH_MAX ? without_modifiers(all, m->type) : NULL;
		found = inner ? member_type(all, inner, name, len, depth + 1) : -ENOENT;
		if (found >= 0)
			return found;
	}
	return -ENOENT;
}

static bool has_path(const struct pc_type_table *all, __u32 id, const char *path)
{
	for (;;) {
		size_t len = strcspn(path, ".");
		const struct btf_type *t = without_modifiers(all, id);
		int member = t ? member_type(all, t, path, len, 0) : -ENOENT;

		if (member < 0)
			return false;
		if (!path[len])
			return true;
		id = (__u32)member;
		path += len + 1;
	}
}

/* Several types can have one name: any of them will do, as for libbpf's relocations. */
bool pc_types_has_field(const struct pc_type_table *t, const char *type, const char *member)
{
	size_t len = strlen(type);
	uint32_t id = 0;

	while (t && (id = pc_type_find(t, id, type, len))) {
		const struct btf_type *one = pc_type(t, id);

		if ((btf_is_composite(one) || btf_is_typedef(one)) &&
		    !pc_type_name(t, one->name_off)[len] && has_path(t, id, member))
			return true;
	}
	return false;
}

static bool lists_value(const struct pc_type_table *all, const struct btf_type *t,
			const char *value)
{
	const struct btf_enum *e = btf_enum(t);

	for (unsigned i = 0; i < btf_vlen(t); i++)
		if (!strcmp(pc_type_name(all, e[i].name_off), value))
			return true;
	return false;
}

bool pc_types_has_value(const struct pc_type_table *t, const char *type, const char *value)
{
	uint32_t id = t ? pc_type_find_kind(t, type, BTF_KIND_ENUM) : 0;

	return id && lists_value(t, pc_type(t, id), value);
}

static int function_arguments(const struct pc_type_table *t, const char *function)
{
	uint32_t id = t ? pc_type_find_kind(t, function, BTF_KIND_FUNC) : 0;
	const struct btf_type *proto = id ? pc_type(t, pc_type(t, id)->type) : NULL;

	return proto && btf_is_func_proto(proto) ? btf_vlen(proto) : -ENOENT;
}

int pc_types_arguments(const struct pc_types *t, const char *function, bool any)
{
	int count = function_arguments(t->own, function);

	if (count < 0)
		count = function_arguments(t->ipv6, function);
	return count < 0 && any && !t->own ? function_arguments(t->all, function) : count;
}

static int read_named_file(struct pc_types *t, char *sentence)
{
	int err = pc_types_file_read(t->file, &t->fd, &t->parsed, sentence);

	if (!err)
		snprintf(t->path, sizeof(t->path), "/proc/self/fd/%d", t->fd);
	return err;
}

int pc_types_open(const char *file, struct pc_types *out, char *sentence)
{
	int err = 0;

	*out = (struct pc_types){ .file = file, .fd = -1 };
	if (!access(PC_TYPES_OWN, R_OK))
		out->own = pc_type_table_read(PC_TYPES_OWN, NULL);
	if (out->own && !access(IPV6_TYPES, R_OK))
		out->ipv6 = pc_type_table_read(IPV6_TYPES, out->own);
	if (file)
		err = read_named_file(out, sentence);
	else if (!out->own)
		/* The kernel may have its debug image installed, where libbpf finds it, too. */
		out->parsed = btf__load_vmlinux_btf();
	out->all = file || !out->own ? pc_type_table_of_btf(out->parsed) : out->own;
	return err;
}

void pc_types_close(struct pc_types *t)
{
	pc_type_table_close(t->ipv6);
	if (t->all != t->own)
		pc_type_table_close(t->all);
	pc_type_table_close(t->own);
	btf__free(t->parsed);
	if (t->fd >= 0)
		close(t->fd);
	*t = (struct pc_types){ .fd = -1 };
}
