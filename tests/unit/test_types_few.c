// SPDX-License-Identifier: GPL-2.0-only
/* The few types are those whose name the programs know, with all that they contain, and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/types_few.h"

/* struct inner has 8 bytes, struct outer 64: an inner, a pointer, three inners in a row, an unnamed union, bits. */
static struct btf *kernel_types(void)
{
	struct btf *btf = btf__new_empty();
	int number, secret, pointer, inner, row, any, alias, constant;

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	assert_true(btf__add_int(btf, "long int", 8, BTF_INT_SIGNED) > 0);
	btf__add_struct(btf, "unrelated", 4);
	btf__add_field(btf, "x", number, 0, 0);
	secret = btf__add_struct(btf, "secret", 4);
	btf__add_field(btf, "x", number, 0, 0);
	pointer = btf__add_ptr(btf, secret);
	inner = btf__add_struct(btf, "inner", 8);
	btf__add_field(btf, "a", number, 0, 0);
	btf__add_field(btf, "b", number, 32, 0);
	alias = btf__add_typedef(btf, "inner_t", inner);
	constant = btf__add_const(btf, alias);
	row = btf__add_array(btf, number, constant, 3);
	any = btf__add_union(btf, NULL, 8);
	btf__add_field(btf, "in_union", inner, 0, 0);
	btf__add_struct(btf, "outer", 64);
	btf__add_field(btf, "first", inner, 0, 0);
	btf__add_field(btf, "pointer", pointer, 64, 0);
	btf__add_field(btf, "row", row, 128, 0);
	btf__add_field(btf, NULL, any, 320, 0);
	btf__add_field(btf, "bits", number, 384, 3);
	btf__add_enum(btf, "choice", 4);
	btf__add_enum_value(btf, "CHOICE_A", 5);
	btf__add_struct(btf, "outer", 16); /* some types have one name */
	btf__add_field(btf, "other", inner, 64, 0);
	btf__add_struct(btf, "flavoured___old", 4);
	btf__add_field(btf, "old", number, 0, 0);
	btf__add_func(btf, "outer", BTF_FUNC_GLOBAL, btf__add_func_proto(btf, number));
	return btf;
}

/* libbpf reads the few types from their bytes. */
static struct btf *few_of(const struct btf *all, const char *structure, const char *enumeration)
{
	struct btf *named = btf__new_empty(), *few;
	struct pc_type_table *table = pc_type_table_of_btf(all);
	size_t size = 0;
	void *bytes;

	assert_non_null(table);
	assert_non_null(named);
	btf__add_struct(named, structure, 0);
	if (enumeration)
		btf__add_enum(named, enumeration, 4);
	bytes = pc_types_few(table, named, &size);
	pc_type_table_close(table);
	btf__free(named);
	assert_non_null(bytes);
	few = btf__new(bytes, (__u32)size);
	free(bytes);
	assert_non_null(few);
	return few;
}

static unsigned types_named(const struct btf *btf, const char *name)
{
	unsigned count = 0;

	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		count +=
			!strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off), name);
	return count;
}

static const struct btf_member *member_of(const struct btf *btf, const char *type, unsigned index)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	assert_true(id > 0);
	return &btf_members(btf__type_by_id(btf, (__u32)id))[index];
}

static void what_is_kept(void **state)
{
	struct btf *all = kernel_types(), *few = few_of(all, "outer", "choice");
	const struct btf_type *value;

	(void)state;
	assert_int_equal(types_named(few, "outer"), 2);
	assert_int_equal(types_named(few, "inner"), 1);
	assert_int_equal(types_named(few, "inner_t"), 1);
	assert_int_equal(types_named(few, "int"), 1);
	assert_int_equal(types_named(few, "choice"), 1);
	assert_int_equal(types_named(few, "unrelated"), 0);
	assert_int_equal(types_named(few, "secret"), 0);
	assert_int_equal(types_named(few, "flavoured___old"), 0);
	value = btf__type_by_id(few, (__u32)btf__find_by_name(few, "choice"));
	assert_int_equal(btf_vlen(value), 1);
	assert_int_equal(btf_enum(value)->val, 5);
	assert_string_equal(btf__name_by_offset(few, btf_enum(value)->name_off), "CHOICE_A");
	btf__free(few);
	btf__free(all);
}

static void where_it_is(void **state)
{
	struct btf *all = kernel_types(), *few = few_of(all, "outer", NULL);
	const struct btf_type *pointer, *row;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(member_of(few, "outer", i)->offset,
				 member_of(all, "outer", i)->offset);
		assert_int_equal(btf__resolve_size(few, member_of(few, "outer", i)->type),
				 btf__resolve_size(all, member_of(all, "outer", i)->type));
	}
	pointer = btf__type_by_id(few, member_of(few, "outer", 1)->type);
	assert_true(btf_is_ptr(pointer));
	assert_int_equal(pointer->type, 0);
	row = btf__type_by_id(few, member_of(few, "outer", 2)->type);
	assert_true(btf_is_array(row));
	assert_int_equal(btf_array(row)->nelems, 3);
	assert_true(btf_is_const(btf__type_by_id(few, btf_array(row)->type)));
	assert_int_equal(btf__pointer_size(few), 8);
	btf__free(few);
	btf__free(all);
}

/* A flavour stands for the type without it, on both sides. A name that only looks like one is a name. */
static void flavours(void **state)
{
	struct btf *all = kernel_types(), *few = few_of(all, "outer___new", NULL);

	(void)state;
	assert_int_equal(types_named(few, "outer"), 2);
	btf__free(few);
	few = few_of(all, "flavoured", NULL);
	assert_int_equal(types_named(few, "flavoured___old"), 1);
	btf__free(few);
	few = few_of(all, "outer____x", NULL);
	assert_int_equal(types_named(few, "outer"), 0);
	btf__free(few);
	few = few_of(all, "outer___", NULL);
	assert_int_equal(types_named(few, "outer"), 0);
	btf__free(few);
	btf__free(all);
}

static void no_types(void **state)
{
	struct btf *all = btf__new_empty(), *few = few_of(all, "outer", NULL);

	(void)state;
	assert_int_equal(btf__type_cnt(few), 1);
	btf__free(few);
	btf__free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(where_it_is),
		cmocka_unit_test(flavours),
		cmocka_unit_test(no_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
