// SPDX-License-Identifier: GPL-2.0-only
/* Identities from process records: identity_whole, empty, cut and hostile ones. Each record lies in
 * memory of exactly the size it claims, so that reading further is caught. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/join/process_record.h"
#include "core/process/identity.h"

#define FIXED offsetof(struct pc_process_record, text)

/* Without the NUL that ends the literal: write the last one as \0. */
#define PART(text) text, sizeof(text) - 1

struct draft {
	struct pc_process_record record;
	size_t len;
};

static uint16_t append(struct draft *d, const char *part, size_t len)
{
	assert_true(d->len + len <= PC_PROCESS_TEXT);
	memcpy(d->record.text + d->len, part, len);
	d->len += len;
	return (uint16_t)len;
}

static void identity_begin(struct draft *d)
{
	memset(d, 0, sizeof(*d));
	d->record.header.type = PC_RECORD_PROCESS;
	d->record.key = (struct pc_process_key){ 123456789012345, 4120, 7 };
	d->record.cgroup_id = 99;
	d->record.uid = 1000;
	d->record.netns = 4026531840;
	strcpy(d->record.comm, "curl");
}

static void args(struct draft *d, const char *part, size_t len)
{
	d->record.args_len = append(d, part, len);
}

static void exe(struct draft *d, const char *part, size_t len)
{
	d->record.exe_len = append(d, part, len);
}

static void cgroup(struct draft *d, const char *part, size_t len)
{
	d->record.cgroup_len = append(d, part, len);
}

static int parse_sized(struct draft *d, size_t size, struct pc_identity *out)
{
	struct pc_process_record *exact = malloc(size);
	int err;

	assert_non_null(exact);
	d->record.header.size = (uint32_t)size;
	memcpy(exact, &d->record, size);
	err = pc_identity_from_record(exact, out);
	free(exact);
	return err;
}

static int identity_parse(struct draft *d, struct pc_identity *out)
{
	return parse_sized(d, FIXED + d->len, out);
}

static void identity_whole(void **state)
{
	struct pc_identity who;
	struct draft d;

	(void)state;
	identity_begin(&d);
	d.record.descendant = 1;
	args(&d, PART("curl\0-s\0\0https://example.org/ a\0"));
	exe(&d, PART("curl\0bin\0usr\0"));
	cgroup(&d, PART("backup.service\0system.slice\0"));
	assert_int_equal(identity_parse(&d, &who), 0);
	assert_int_equal(who.key.start_ns, 123456789012345);
	assert_int_equal(who.key.tgid, 4120);
	assert_int_equal(who.key.exec_id, 7);
	assert_int_equal(who.uid, 1000);
	assert_int_equal(who.netns, 4026531840);
	assert_int_equal(who.cgroup_id, 99);
	assert_true(who.descendant);
	assert_string_equal(who.comm, "curl");
	assert_string_equal(who.cmdline, "curl -s  https://example.org/ a");
	assert_false(who.cmdline_cut);
	assert_string_equal(who.exe, "/usr/bin/curl");
	assert_string_equal(who.cgroup, "/system.slice/backup.service");
	assert_null(who.unit);
	pc_identity_free(&who);
}

static void identity_kernel_thread(void **state)
{
	struct pc_identity who;
	struct draft d;

	(void)state;
	identity_begin(&d);
	assert_int_equal(identity_parse(&d, &who), 0);
	assert_null(who.cmdline);
	assert_null(who.exe);
	assert_false(who.descendant);
	assert_string_equal(who.cgroup, "/");
	pc_identity_free(&who);
}

static void cut_args(void **state)
{
	char big[PC_PROCESS_ARGS];
	struct pc_identity who;
	struct draft d;

	(void)state;
	memset(big, 'x', sizeof(big));
	identity_begin(&d);
	args(&d, big, sizeof(big));
	d.record.args_cut = 1;
	assert_int_equal(identity_parse(&d, &who), 0);
	assert_true(who.cmdline_cut);
	assert_int_equal(strlen(who.cmdline), sizeof(big));
	pc_identity_free(&who);

	identity_begin(&d);
	d.record.args_cut = 1; /* too long, and then could not be read */
	assert_int_equal(identity_parse(&d, &who), 0);
	assert_null(who.cmdline);
	assert_false(who.cmdline_cut);
	pc_identity_free(&who);
}

static void only_nuls(void **state)
{
	struct pc_identity who;
	struct draft d;

	(void)state;
	identity_begin(&d);
	args(&d, PART("\0\0\0"));
	exe(&d, PART("\0\0"));
	cgroup(&d, PART("\0"));
	assert_int_equal(identity_parse(&d, &who), 0);
	assert_null(who.cmdline);
	assert_null(who.exe);
	assert_string_equal(who.cgroup, "/");
	pc_identity_free(&who);
}

static void not_terminated(void **state)
{
	struct pc_identity who;
	struct draft d;

	(void)state;
	identity_begin(&d);
	memset(d.record.comm, 'c', sizeof(d.record.comm));
	args(&d, PART("a\0b"));
	exe(&d, PART("x\0\0bin"));
	cgroup(&d, PART("leaf\0root"));
	assert_int_equal(identity_parse(&d, &who), 0);
	assert_string_equal(who.comm, "ccccccccccccccc");
	assert_string_equal(who.cmdline, "a b");
	assert_string_equal(who.exe, "/bin/x");
	assert_string_equal(who.cgroup, "/root/leaf");
	pc_identity_free(&who);
}

static void full(void **state)
{
	struct pc_identity who;
	struct draft d;
	char text[PC_PROCESS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '\0' : 'a';
	identity_begin(&d);
	cgroup(&d, text, sizeof(text));
	assert_int_equal(identity_parse(&d, &who), 0);
	assert_int_equal(strlen(who.cgroup), sizeof(text));
	assert_memory_equal(who.cgroup, "/a/a/a", 6);
	pc_identity_free(&who);
}

/* The ring rounds a record's size up; the reader may hand on what is behind the text. */
static void identity_padded(void **state)
{
	struct pc_identity who;
	struct draft d;

	(void)state;
	identity_begin(&d);
	exe(&d, PART("x\0"));
	assert_int_equal(parse_sized(&d, FIXED + d.len + 6, &who), 0);
	assert_string_equal(who.exe, "/x");
	pc_identity_free(&who);
}

static void assert_refused(struct draft *d, size_t size)
{
	struct pc_identity who, untouched;

	memset(&who, 0x5a, sizeof(who));
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(parse_sized(d, size, &who), -EBADMSG);
	assert_memory_equal(&who, &untouched, sizeof(who));
}

static void identity_truncated(void **state)
{
	struct draft d;

	(void)state;
	identity_begin(&d);
	args(&d, PART("a\0"));
	exe(&d, PART("x\0bin\0"));
	cgroup(&d, PART("leaf\0"));
	for (size_t size = sizeof(struct pc_header); size < FIXED + d.len; size++)
		assert_refused(&d, size);
}

static void lengths_too_long(void **state)
{
	struct draft d;

	(void)state;
	identity_begin(&d);
	d.record.args_len = PC_PROCESS_TEXT + 1;
	assert_refused(&d, sizeof(d.record));
	identity_begin(&d);
	d.record.args_len = d.record.exe_len = d.record.cgroup_len = UINT16_MAX;
	assert_refused(&d, sizeof(d.record));
	identity_begin(&d);
	d.record.cgroup_len = 1;
	assert_refused(&d, FIXED);
}

static void wrong_header(void **state)
{
	struct pc_identity who;
	struct draft d;

	(void)state;
	identity_begin(&d);
	d.record.header.type = PC_RECORD_CLAIM;
	assert_refused(&d, sizeof(d.record));
	identity_begin(&d);
	d.record.header.size = UINT32_MAX;
	assert_int_equal(pc_identity_from_record(&d.record, &who), -EBADMSG);
	d.record.header.size = sizeof(d.record) + 1;
	assert_int_equal(pc_identity_from_record(&d.record, &who), -EBADMSG);
	d.record.header.size = 0;
	assert_int_equal(pc_identity_from_record(&d.record, &who), -EBADMSG);
}

static void join_args(void **state)
{
	char plain[] = "a\0b\0\0c\0\0\0", empty[1] = "x", first[] = "\0a";

	(void)state;
	pc_identity_join_args(plain, sizeof(plain) - 1);
	assert_string_equal(plain, "a b  c");
	pc_identity_join_args(empty, 0);
	assert_string_equal(empty, "");
	pc_identity_join_args(first, 2);
	assert_string_equal(first, " a");
}

/* On a hybrid machine the kernel side sends the path in cgroup v2, an empty component, the path in v1. */
static void hybrid_cgroup(void **state)
{
	static const struct {
		const char *parts;
		size_t len;
		const char *cgroup, *v2;
	} cases[] = {
		{ PART("containerd.service\0system.slice\0\0feed\0docker\0"), "/docker/feed",
		  "/system.slice/containerd.service" },
		{ PART("\0feed\0docker\0"), "/docker/feed", "/" },
		{ PART("\0"), "/", "/" },
		{ PART("a.service\0system.slice\0\0"), "/system.slice/a.service",
		  "/system.slice/a.service" },
		{ PART("a.service\0system.slice\0\0system.slice\0"), "/system.slice/a.service",
		  "/system.slice/a.service" },
		{ PART("ab\0\0a\0"), "/a", "/ab" },
		{ PART("a\0\0b\0a\0"), "/a/b", "/a" },
		{ PART("a.service\0system.slice\0"), "/system.slice/a.service", NULL },
		{ PART("a\0\0\0\0"), "/a", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_identity who;
		struct draft d;

		identity_begin(&d);
		cgroup(&d, cases[i].parts, cases[i].len);
		assert_int_equal(identity_parse(&d, &who), 0);
		assert_string_equal(who.cgroup, cases[i].cgroup);
		if (cases[i].v2)
			assert_string_equal(who.cgroup_v2, cases[i].v2);
		else
			assert_null(who.cgroup_v2);
		pc_identity_free(&who);
	}
}

static void name_cgroup(void **state)
{
	struct pc_identity who = { 0 };

	(void)state;
	assert_int_equal(pc_identity_name_cgroup(&who), 0);
	assert_null(who.unit);
	who.cgroup = strdup("/system.slice/a.service");
	assert_int_equal(pc_identity_name_cgroup(&who), 0);
	assert_string_equal(who.unit, "a.service");
	free(who.cgroup);
	who.cgroup = strdup("/kubepods/podu/lxc/c");
	assert_int_equal(pc_identity_name_cgroup(&who), 0);
	assert_null(who.unit);
	assert_string_equal(who.container, "c");
	assert_string_equal(who.pod, "u");
	pc_identity_free(&who);
	assert_null(who.pod);
	pc_identity_free(&who);
	pc_identity_free(NULL);
}

/* A kept party has the facts of its last refusal, whether its texts changed or not. */
static void kept_again(void **state)
{
	struct pc_identity who = { .key = { .tgid = 7 }, .exe = "/bin/a", .unit = "a.service" };
	struct pc_party party = { .who = &who }, kept = { 0 };
	struct pc_identity own = { 0 };

	(void)state;
	pc_party_keep(&party, &kept, &own);
	assert_ptr_equal(kept.who, &own);
	who.key.tgid = 8;
	who.ended_ns = 5;
	pc_party_keep(&party, &kept, &own);
	assert_ptr_equal(kept.who, &own);
	assert_int_equal(own.key.tgid, 8);
	assert_int_equal(own.ended_ns, 5);
	assert_string_equal(own.exe, "/bin/a");
	assert_ptr_not_equal(own.exe, who.exe);
	who.cmdline = "a -x";
	pc_party_keep(&party, &kept, &own);
	assert_string_equal(own.cmdline, "a -x");
	assert_string_equal(own.unit, "a.service");
	who.given.container = "shop";
	pc_party_keep(&party, &kept, &own);
	assert_string_equal(own.given.container, "shop");
	who.given.container = NULL;
	pc_party_keep(&party, &kept, &own);
	assert_null(own.given.container);
	party.who = NULL;
	pc_party_keep(&party, &kept, &own);
	assert_null(kept.who);
	assert_null(own.exe);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity_whole),   cmocka_unit_test(identity_kernel_thread),
		cmocka_unit_test(cut_args),	    cmocka_unit_test(only_nuls),
		cmocka_unit_test(not_terminated),   cmocka_unit_test(full),
		cmocka_unit_test(identity_padded),  cmocka_unit_test(identity_truncated),
		cmocka_unit_test(lengths_too_long), cmocka_unit_test(wrong_header),
		cmocka_unit_test(join_args),	    cmocka_unit_test(hybrid_cgroup),
		cmocka_unit_test(name_cgroup),	    cmocka_unit_test(kept_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
