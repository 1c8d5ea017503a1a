// SPDX-License-Identifier: GPL-2.0-only
/* A table finds what libbpf finds in the same BTF, and refuses bytes that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/type_table.h"

#define NAMES 3000

/* Names of all lengths round a multiple of eight, and several types of one name */
static struct btf *many_types(void)
{
	struct btf *btf = btf__new_empty();
	int number, proto;

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, number);
	for (int i = 0; i < NAMES; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s%d", i % 20, "abcdefghijklmnopqrst", i / 3);
		assert_true(btf__add_struct(btf, name, 4) > 0);
		btf__add_field(btf, "x", number, 0, 0);
		assert_true(btf__add_func(btf, name, BTF_FUNC_STATIC, proto) > 0);
	}
	btf__add_struct(btf, "a_type___v2", 4);
	btf__add_func(btf, "a_function___v2", BTF_FUNC_STATIC, proto);
	btf__add_enum64(btf, "large", 8, false);
	btf__add_enum64_value(btf, "LARGE", 1ULL << 40);
	btf__add_array(btf, number, number, 3);
	btf__add_float(btf, "real", 8);
	btf__add_decl_tag(btf, "tag", number, -1);
	btf__add_datasec(btf, "section", 4);
	btf__add_datasec_var_info(btf, btf__add_var(btf, "variable", 1, number), 0, 4);
	btf__add_typedef(btf, "the_last", number);
	return btf;
}

static void same_types(void **state)
{
	struct btf *btf = many_types();
	struct pc_type_table *t = pc_type_table_of_btf(btf);

	(void)state;
	assert_non_null(t);
	assert_int_equal(pc_type_count(t), btf__type_cnt(btf));
	for (uint32_t id = 1; id < pc_type_count(t); id++) {
		const struct btf_type *own = pc_type(t, id), *other = btf__type_by_id(btf, id);

		assert_memory_equal(own, other, sizeof(*own));
		assert_string_equal(pc_type_name(t, own->name_off),
				    btf__name_by_offset(btf, other->name_off));
	}
	assert_null(pc_type(t, 0));
	assert_null(pc_type(t, pc_type_count(t)));
	assert_string_equal(pc_type_name(t, UINT32_MAX), "");
	pc_type_table_close(t);
	btf__free(btf);
}

static void each_is_found(void **state)
{
	struct btf *btf = many_types();
	struct pc_type_table *t = pc_type_table_of_btf(btf);

	(void)state;
	for (uint32_t id = 1; id < pc_type_count(t); id++) {
		const struct btf_type *type = pc_type(t, id);
		const char *name = pc_type_name(t, type->name_off);

		if (*name && !strstr(name, "a_type"))
			assert_int_equal(pc_type_find_kind(t, name, btf_kind(type)),
					 btf__find_by_name_kind(btf, name, btf_kind(type)));
	}
	assert_int_equal(pc_type_find_kind(t, "absent", BTF_KIND_STRUCT), 0);
	assert_int_equal(pc_type_find_kind(t, "int", BTF_KIND_STRUCT), 0);
	assert_int_equal(pc_type_find_kind(t, "", BTF_KIND_FUNC_PROTO), 0);
	pc_type_table_close(t);
	btf__free(btf);
}

/* libbpf sees flavours of types, but a function's name is all that it has. */
static void flavours_of_types(void **state)
{
	struct btf *btf = many_types();
	struct pc_type_table *t = pc_type_table_of_btf(btf);

	(void)state;
	assert_true(pc_type_find(t, 0, "a_type", 6) > 0);
	assert_int_equal(pc_type_find(t, 0, "a_function", 10), 0);
	assert_true(pc_type_find_kind(t, "a_function___v2", BTF_KIND_FUNC) > 0);
	pc_type_table_close(t);
	btf__free(btf);
}

/* All types of a name, in the order in which they stand */
static void all_of_one_name(void **state)
{
	struct btf *btf = many_types();
	struct pc_type_table *t = pc_type_table_of_btf(btf);
	uint32_t id = 0, before = 0, count = 0;

	(void)state;
	btf__add_struct(btf, "twice", 4);
	btf__add_struct(btf, "twice", 8);
	btf__add_func(btf, "twice", BTF_FUNC_STATIC, 2);
	pc_type_table_close(t);
	t = pc_type_table_of_btf(btf);
	while ((id = pc_type_find(t, id, "twice", 5))) {
		assert_true(id > before);
		before = id;
		count++;
	}
	assert_int_equal(count, 3);
	pc_type_table_close(t);
	btf__free(btf);
}

/* A module's types continue the kernel's, and have names of both. */
static void a_module(void **state)
{
	struct btf *btf = many_types(), *split = btf__new_empty_split(btf);
	struct pc_type_table *base, *t;
	__u32 size;
	const void *bytes;
	int shared, own;

	(void)state;
	shared = btf__add_func(split, "variable", BTF_FUNC_STATIC, 2);
	own = btf__add_func(split, "of_the_module", BTF_FUNC_STATIC, 2);
	assert_true(shared >= (int)btf__type_cnt(btf) && own > shared);
	base = pc_type_table_of_btf(
		btf); /* a name that is added to `split` moves the bytes of `btf` */
	bytes = btf__raw_data(split, &size);
	t = pc_type_table_of(bytes, size, base);
	assert_non_null(t);
	assert_int_equal(pc_type_find_kind(t, "variable", BTF_KIND_FUNC), shared);
	assert_int_equal(pc_type_find_kind(t, "of_the_module", BTF_KIND_FUNC), own);
	assert_int_equal(pc_type_find_kind(t, "the_last", BTF_KIND_TYPEDEF), 0);
	assert_int_equal(btf_kind(pc_type(t, pc_type(t, (uint32_t)own)->type)),
			 BTF_KIND_FUNC_PROTO);
	pc_type_table_close(t);
	pc_type_table_close(base);
	btf__free(split);
	btf__free(btf);
}

/* Whatever is cut off or changed: no table, or one that can be asked. */
static void broken_bytes(void **state)
{
	struct btf *btf = many_types();
	__u32 size;
	const void *bytes = btf__raw_data(btf, &size);

	(void)state;
	for (__u32 len = 0; len < size; len += len < 200 ? 1 : 997) {
		void *part = malloc(len ? len : 1);

		memcpy(part, bytes, len);
		assert_null(pc_type_table_of(part, len, NULL));
		free(part);
	}
	for (__u32 at = 0; at < 4000; at++) {
		unsigned char *changed = malloc(size);
		struct pc_type_table *t;

		memcpy(changed, bytes, size);
		changed[at] ^= (unsigned char)(1 + at * 37);
		t = pc_type_table_of(changed, size, NULL);
		if (t)
			pc_type_find_kind(t, "the_last", BTF_KIND_TYPEDEF);
		pc_type_table_close(t);
		free(changed);
	}
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_types),	     cmocka_unit_test(each_is_found),
		cmocka_unit_test(flavours_of_types), cmocka_unit_test(all_of_one_name),
		cmocka_unit_test(a_module),	     cmocka_unit_test(broken_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
