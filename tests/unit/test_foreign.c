// SPDX-License-Identifier: GPL-2.0-only
/* Refusals of Unix sockets: names, which open socket is in the way, and commands that a shell reads as they
 * were meant, whatever bytes are in the path. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "core/verdict/foreign.h"

static bool name_nobody(void *context, const struct pc_open_socket *o, struct pc_party *out)
{
	(void)context, (void)o;
	*out = case_party(case_thief());
	return true;
}

static struct pc_open_socket open_socket(const struct pc_unix_bound *bound)
{
	struct pc_open_socket o = { .process = case_thief()->key, .fd = 3 };

	o.socket.inode = 77;
	o.socket.family = PC_FAMILY_UNIX;
	o.socket.proto = PC_PROTO_UNIX;
	o.socket.state = PC_STATE_LISTEN;
	o.socket.substate = 1;
	o.socket.netns = CASE_NETNS;
	memcpy(o.socket.local, bound, sizeof(o.socket.local));
	memcpy(o.socket.remote, (const char *)bound + 16, sizeof(o.socket.remote));
	return o;
}

static unsigned holders_after(struct pc_verdict *v, const struct pc_open_socket *o)
{
	pc_foreign_give(v, o, name_nobody, NULL);
	pc_foreign_give(v, o, name_nobody, NULL); /* another descriptor of it */
	return v->holders_count;
}

/* The file's number alone is not enough: each file system has its own. */
static void by_file(void **state)
{
	struct pc_unix_bound bound = { .file = 4711, .device = 8 << 20 | 1, .name = 5 };
	struct pc_open_socket o = open_socket(&bound);
	struct pc_verdict v;

	(void)state;
	case_unix(&v, PC_PATH_SOCKET, PC_BOUND_NO);
	assert_int_equal(holders_after(&v, &o), 1);
	assert_int_equal(v.holders[0].owners_count, 1);

	bound.device = 9;
	o = open_socket(&bound);
	case_unix(&v, PC_PATH_SOCKET, PC_BOUND_NO);
	assert_int_equal(holders_after(&v, &o), 0);
	case_unix(&v, PC_PATH_SOCKET, PC_BOUND_YES);
	assert_int_equal(holders_after(&v, &o), 1);
	case_unix(&v, PC_PATH_SOCKET, PC_BOUND_NO);
	bound.name = pc_foreign_key(&v.request.foreign);
	o = open_socket(&bound);
	assert_int_equal(holders_after(&v, &o), 1);
	case_unix(&v, PC_PATH_SOCKET, PC_BOUND_YES);
	o.socket.state = PC_STATE_ESTABLISHED; /* a connection that was accepted */
	assert_int_equal(holders_after(&v, &o), 0);
}

/* The name counts where the path could not be looked at, in one mount namespace. */
static void by_name(void **state)
{
	struct pc_unix_bound bound = { .file = 1, .mntns = 4026531841U };
	struct pc_open_socket o;
	struct pc_verdict v;

	(void)state;
	case_unix(&v, PC_PATH_UNSEEN, PC_BOUND_UNSEEN);
	bound.name = pc_foreign_key(&v.request.foreign);
	o = open_socket(&bound);
	assert_int_equal(holders_after(&v, &o), 1);
	case_unix(&v, PC_PATH_UNSEEN, PC_BOUND_UNSEEN);
	v.request.foreign.mntns++;
	assert_int_equal(holders_after(&v, &o), 0);
	case_unix(&v, PC_PATH_FOLDER, PC_BOUND_UNSEEN);
	assert_int_equal(holders_after(&v, &o), 0);
}

static void by_abstract_name(void **state)
{
	struct pc_unix_bound bound = { 0 };
	struct pc_open_socket o;
	struct pc_verdict v;

	(void)state;
	case_unix_abstract(&v);
	bound.name = pc_foreign_key(&v.request.foreign);
	for (int i = 0; i < 4; i++) {
		v.holders_count = 0;
		o = open_socket(&bound);
		o.socket.netns += i == 1;
		o.socket.substate += i == 2;
		v.request.foreign.name_len -= i == 3; /* another name */
		assert_int_equal(holders_after(&v, &o), !i);
	}
}

static void names(void **state)
{
	struct pc_foreign f = { .family = PC_FAMILY_UNIX, .name_len = 3, .name = "a\0b" };
	char out[PC_FOREIGN_NAME], family[PC_FAMILY_TEXT];

	(void)state;
	f.abstract = true;
	assert_string_equal(pc_foreign_name(&f, out), "@a@b");
	f = (struct pc_foreign){ .family = PC_FAMILY_UNIX, .name_len = PC_UNIX_NAME };
	memset(f.name, 'x', PC_UNIX_NAME);
	assert_int_equal(strlen(pc_foreign_name(&f, out)), PC_UNIX_NAME);
	assert_int_not_equal(pc_foreign_key(&f), 0);
	f = (struct pc_foreign){ .family = PC_FAMILY_V6, .protocol = 132 };
	assert_string_equal(pc_foreign_family(&f, family), "sctp");
	f = (struct pc_foreign){ .family = 40 };
	assert_string_equal(pc_foreign_family(&f, family), "vsock");
	f = (struct pc_foreign){ .family = 65535 };
	assert_string_equal(pc_foreign_family(&f, family), "family 65535");
}

/* An abstract name is another one than the path with the same letters, or with one NUL more. */
static void keys_differ(void **state)
{
	struct pc_foreign f = { .family = PC_FAMILY_UNIX, .name_len = 1, .name = "a" };
	uint64_t path = pc_foreign_key(&f), abstract, longer;

	(void)state;
	f.abstract = true;
	abstract = pc_foreign_key(&f);
	f.name_len = 2;
	longer = pc_foreign_key(&f);
	assert_true(path != abstract && abstract != longer && path != longer);
	assert_true(path >> 62 == 3 && abstract >> 62 == 3 && pc_wanted_unix_file(1) >> 62 == 3);
	assert_true(pc_wanted_unix_file(1) != pc_wanted_unix_file(2));
}

/* Programs that say how they were called, in a folder that comes first in $PATH. The file has the inode number
 * 4711 and was changed at 1700000000$LATER. */
static void put_program(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "we");
	assert_non_null(out);
	fprintf(out, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static void make_programs(char folder[32])
{
	char path[256];

	strcpy(folder, "/tmp/portclash-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	put_program(folder, "stat",
		    "[ \"$1 $2 $3\" = '-c %i:%.9Z --' ] || exit 1\n"
		    "printf '%s' \"$4\" >\"${0%/*}/seen\"\necho 4711:1700000000$LATER");
	put_program(folder, "rm",
		    "[ \"$1 $2\" = '-f --' ] || exit 1\n"
		    "printf '%s' \"$3\" | cmp -s - \"${0%/*}/seen\" && printf '%s' \"$3\"");
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", folder);
	setenv("PATH", path, 1);
}

static void remove_programs(const char *folder)
{
	static const char *const names[] = { "stat", "rm", "seen" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* Both programs get the path, and rm only for the very file that was seen. */
static void expect_removed(const char *command, const char *later, const char *path)
{
	char out[4096];
	FILE *sh;
	size_t len;

	setenv("LATER", later, 1);
	sh = popen(command, "re");
	assert_non_null(sh);
	len = fread(out, 1, sizeof(out) - 1, sh);
	out[len] = '\0';
	assert_int_equal(pclose(sh), 0);
	assert_string_equal(out, path);
}

static void foreign_quoted(void **state)
{
	static const char *const paths[] = {
		"/run/app.sock",
		"/run/a b/c d",
		"/tmp/it's",
		"/tmp/a\nb",
		"/tmp/ends\n",
		"/tmp/$(touch /tmp/harm)`id`",
		"/tmp/-rf",
		"/tmp/\x1b[31mred",
		"/tmp/\xff\xfe",
		"/tmp/100%s\n%d",
		"/tmp/back\\slash\n",
		"/tmp/quote'\n'",
		"/tmp/\xe2\x80\xaeodd",
		"/tmp/\\055\\x41\\n\n",
	};

	char folder[32];

	(void)state;
	make_programs(folder);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct pc_verdict v;

		case_unix_left_behind(&v);
		v.site.inode = 4711;
		v.site.changed_ns = 1700000000000000041;
		snprintf(v.site.path, sizeof(v.site.path), "%s", paths[i]);
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		assert_non_null(v.fixes[0].command);
		for (const char *c = v.fixes[0].command; *c; c++)
			assert_in_range(*c, 0x20, 0x7e);
		expect_removed(v.fixes[0].command, ".000000041", paths[i]);
		expect_removed(v.fixes[0].command, "", paths[i]); /* busybox */
		expect_removed(v.fixes[0].command, ".000000042", "");
		expect_removed(v.fixes[0].command, "1", "");
		pc_verdict_clear(&v);
	}
	remove_programs(folder);
}

/* No command removes a file of a server that lives, or leads where a user could send it. */
static void no_command(void **state)
{
	static const struct {
		enum pc_path_bound bound;
		enum pc_removal removal;
		const char *command;
	} all[] = {
		{ PC_BOUND_NO, PC_REMOVE_AS_ROOT, ") rm -f -- /run/app/app.sock ;; esac" },
		{ PC_BOUND_NO, PC_REMOVE_AS_USER,
		  ") setpriv --reuid=1000 --regid=65534 --clear-groups rm -f -- /run/app/app.sock ;; esac" },
		{ PC_BOUND_NO, PC_REMOVE_NOBODY, NULL },
		{ PC_BOUND_NO, PC_REMOVE_INSIDE, NULL },
		{ PC_BOUND_NO, PC_REMOVE_UNSEEN, NULL },
		{ PC_BOUND_YES, PC_REMOVE_AS_ROOT, NULL },
		{ PC_BOUND_UNSEEN, PC_REMOVE_AS_ROOT, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *found = NULL;
		struct pc_verdict v;

		case_unix(&v, PC_PATH_SOCKET, all[i].bound);
		v.site.removal = all[i].removal;
		v.site.remover = 1000;
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		for (unsigned f = 0; f < v.fixes_count; f++)
			if (v.fixes[f].command && strstr(v.fixes[f].command, "rm "))
				found = v.fixes[f].command;
		if (all[i].command)
			assert_string_equal(strchr(strchr(found, '|'), ')'), all[i].command);
		else
			assert_null(found);
		pc_verdict_clear(&v);
	}
}

/* The sentence says whether the look failed, or whether there was no time for it. */
static void not_looked_at(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_unix(&v, PC_PATH_UNSEEN, PC_BOUND_UNSEEN);
	v.site.error = ETIMEDOUT;
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_string_equal(v.explanation, "the path could not be looked at: Connection timed out");
	pc_verdict_clear(&v);
	case_unix(&v, PC_PATH_UNSEEN, PC_BOUND_UNSEEN);
	v.looks_missed = PC_LOOK_BIT(PC_LOOK_PATH);
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_non_null(strstr(v.explanation, "did not look at the path: other refusals"));
	pc_verdict_clear(&v);
}

/* Every open socket must have been looked at where the kernel may not be asked, and none may be in doubt. */
static void not_asked(void **state)
{
	struct pc_unix_bound bound = { .file = 4711, .device = 1 };
	struct pc_open_socket o = open_socket(&bound);
	struct pc_verdict v;

	(void)state;
	case_unix(&v, PC_PATH_SOCKET, PC_BOUND_NOT_HERE);
	pc_decide(&v);
	assert_int_equal(v.cause, PC_CAUSE_UNKNOWN);
	v.owners_seen = true;
	pc_decide(&v);
	assert_int_equal(v.cause, PC_CAUSE_UNIX_LEFT_BEHIND);
	assert_int_equal(holders_after(&v, &o), 0); /* of another file system, or not */
	pc_decide(&v);
	assert_int_equal(v.cause, PC_CAUSE_UNKNOWN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_file),	    cmocka_unit_test(by_name),
		cmocka_unit_test(by_abstract_name), cmocka_unit_test(names),
		cmocka_unit_test(keys_differ),	    cmocka_unit_test(foreign_quoted),
		cmocka_unit_test(no_command),	    cmocka_unit_test(not_asked),
		cmocka_unit_test(not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
