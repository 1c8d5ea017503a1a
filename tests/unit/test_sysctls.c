// SPDX-License-Identifier: GPL-2.0-only
/* Lines of sysctl files, what is said about them, and the order in which files are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/ports.h"
#include "core/audit/sysctls.h"
#include "host/sysctl.h"

static void lines_are_split(void **state)
{
	static const struct {
		const char *text, *key, *value;
	} cases[] = {
		{ "a.b=1", "a.b", "1" },
		{ "  a.b  =  1 2\t\n", "a.b", "1 2" },
		{ "-net.ipv4.x = 1", "net.ipv4.x", "1" },
		{ "net/ipv4/conf/eth0.1/x=1", "net.ipv4.conf.eth0/1.x", "1" },
		{ "net.ipv4.conf.eth0/1.x=1", "net.ipv4.conf.eth0/1.x", "1" },
		{ "a.b=", "a.b", "" },
		{ "a.b=c=d", "a.b", "c=d" },
		{ "# a.b=1", NULL, NULL },
		{ "  ; a.b=1", NULL, NULL },
		{ "", NULL, NULL },
		{ "\n", NULL, NULL },
		{ "a.b", NULL, NULL },
		{ "=1", NULL, NULL },
		{ "-=1", NULL, NULL },
		{ "-", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *key, *value;
		int err = pc_sysctl_parse(cases[i].text, &key, &value);

		assert_int_equal(err, cases[i].key ? 0 : -ENOENT);
		if (err)
			continue;
		assert_string_equal(key, cases[i].key);
		assert_string_equal(value, cases[i].value);
		free(key);
		free(value);
	}
}

/* The kind of the only finding; PC_SYSCTL_INVALID for none. */
static enum pc_sysctl_kind sysctls_judge(const char *line, const char *reserved)
{
	struct pc_netns_settings now = { .known = true,
					 .low = 32768,
					 .high = 60999,
					 .unprivileged_start = 1024,
					 .tcp_tw_reuse = 2 };
	struct pc_sysctl_findings found = { 0 };
	struct pc_sysctl_lines lines = { 0 };
	enum pc_sysctl_kind kind;
	const char *bad;

	assert_int_equal(pc_ports_parse(reserved, true, now.reserved, &bad), 0);
	if (*reserved) {
		char text[64];

		snprintf(text, sizeof(text), "net.ipv4.ip_local_reserved_ports=%s", reserved);
		assert_int_equal(pc_sysctl_add(&lines, "r.conf", 1, text), 0);
	}
	assert_int_equal(pc_sysctl_add(&lines, "x.conf", 7, line), 0);
	assert_int_equal(pc_sysctl_judge(&lines, &now, &found), 0);
	assert_true(found.count <= 1);
	kind = found.count ? found.list[0].kind : PC_SYSCTL_INVALID;
	if (found.count) {
		assert_string_equal(found.list[0].file, "x.conf");
		assert_int_equal(found.list[0].line, 7);
		assert_true(strlen(found.list[0].text) > 20);
	}
	pc_sysctl_findings_free(&found);
	pc_sysctl_lines_free(&lines);
	return kind;
}

static void files_are_judged(void **state)
{
	static const struct {
		const char *line, *reserved;
		enum pc_sysctl_kind kind;
	} cases[] = {
		{ "net.ipv4.tcp_tw_recycle=1", "", PC_SYSCTL_GONE },
		{ "net.ipv4.tcp_tw_recycle=0", "", PC_SYSCTL_GONE },
		{ "net/ipv4/tcp_tw_reuse = 1", "", PC_SYSCTL_MISUNDERSTOOD },
		{ "net.ipv4.tcp_tw_reuse = 0", "", PC_SYSCTL_INVALID },
		{ "net.ipv4.tcp_fin_timeout = 15", "", PC_SYSCTL_MISUNDERSTOOD },
		{ "net.ipv6.ip_local_port_range = 1 2", "", PC_SYSCTL_GONE },
		{ "net.ipv4.ip_autobind_reuse=1", "", PC_SYSCTL_DANGEROUS },
		{ "net.ipv4.ip_local_port_range=32768 60999", "", PC_SYSCTL_INVALID },
		{ "net.ipv4.ip_local_port_range=32767 60999", "", PC_SYSCTL_DANGEROUS },
		{ "net.ipv4.ip_local_port_range=1024 30000", "", PC_SYSCTL_DANGEROUS },
		{ "net.ipv4.ip_local_port_range=1024 29999", "", PC_SYSCTL_INVALID },
		{ "net.ipv4.ip_local_port_range=1024 65535", "30000-32767", PC_SYSCTL_INVALID },
		{ "net.ipv4.ip_local_port_range=1024 65535", "30000-32766", PC_SYSCTL_DANGEROUS },
		{ "net.ipv4.ip_local_port_range=1023 65535", "", PC_SYSCTL_REFUSED },
		{ "net.ipv4.ip_local_port_range=60000 50000", "", PC_SYSCTL_REFUSED },
		{ "net.ipv4.ip_local_port_range=32768 65536", "", PC_SYSCTL_REFUSED },
		{ "net.ipv4.ip_local_port_range=32768", "", PC_SYSCTL_REFUSED },
		{ "net.ipv4.ip_local_port_range=32768-60999", "", PC_SYSCTL_REFUSED },
		{ "net.ipv4.ip_local_reserved_ports=80,90", "", PC_SYSCTL_INVALID },
		{ "net.ipv4.ip_local_reserved_ports=80, 90", "", PC_SYSCTL_REFUSED },
		{ "net.ipv4.ip_local_reserved_ports=", "", PC_SYSCTL_INVALID },
		{ "net.ipv4.ip_unprivileged_port_start=32768", "", PC_SYSCTL_INVALID },
		{ "net.ipv4.ip_unprivileged_port_start=32769", "", PC_SYSCTL_REFUSED },
		{ "net.ipv4.ip_unprivileged_port_start=0", "", PC_SYSCTL_INVALID },
		{ "net.ipv4.ip_forward=1", "", PC_SYSCTL_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sysctls_judge(cases[i].line, cases[i].reserved), cases[i].kind);
}

static void the_last_line_counts(void **state)
{
	struct pc_netns_settings now = { .tcp_tw_reuse = -1 };
	struct pc_sysctl_findings found = { 0 };
	struct pc_sysctl_lines lines = { 0 };

	(void)state;
	assert_int_equal(pc_sysctl_add(&lines, "a", 1, "net.ipv4.tcp_tw_reuse=1"), 0);
	assert_int_equal(pc_sysctl_add(&lines, "b", 1, "net.ipv4.tcp_tw_reuse=0"), 0);
	assert_int_equal(pc_sysctl_judge(&lines, &now, &found), 0);
	assert_int_equal(found.count, 0);
	pc_sysctl_lines_free(&lines);
}

static void what_is_so_now(void **state)
{
	struct pc_netns_settings now = { .known = true,
					 .low = 1024,
					 .high = 65535,
					 .unprivileged_start = 1024,
					 .tcp_tw_reuse = 1,
					 .autobind_reuse = 1 };
	struct pc_sysctl_findings found = { 0 };
	struct pc_sysctl_lines lines = { 0 };

	(void)state;
	pc_ports_add(now.reserved, 5000);
	assert_int_equal(pc_sysctl_judge(&lines, &now, &found), 0);
	assert_int_equal(found.count, 4);
	assert_string_equal(found.list[0].value, "1024 65535");
	assert_int_equal(found.list[3].kind, PC_SYSCTL_NOT_KEPT);
	for (size_t i = 0; i < found.count; i++)
		assert_null(found.list[i].file);
	pc_sysctl_findings_free(&found);
}

static void sysctls_put(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void files_in_order(void **state)
{
	static const char *const folders[] = { "/etc", "/etc/sysctl.d", "/usr", "/usr/lib",
					       "/usr/lib/sysctl.d" };
	static const char *const files[] = { "/etc/sysctl.conf",
					     "/etc/sysctl.d/50-a.conf",
					     "/etc/sysctl.d/README",
					     "/usr/lib/sysctl.d/50-a.conf",
					     "/usr/lib/sysctl.d/10-b.conf",
					     "/etc/sysctl.d/99-sysctl.conf" };
	static const char *const keys[] = { "from.b", "from.a", "from.conf" };
	char root[] = "/tmp/portclash-sysctl-XXXXXX", path[256], *long_line;
	struct pc_sysctl_lines lines;

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	sysctls_put(root, files[0], "from.conf=1\n");
	sysctls_put(root, files[1], "\n# x\nfrom.a=1");
	sysctls_put(root, files[2], "from.readme=1\n");
	sysctls_put(root, files[3], "hidden=1\n");
	long_line = malloc(20001);
	assert_non_null(long_line);
	memset(long_line, '1', 20000);
	memcpy(long_line, "from.b=", 7);
	long_line[20000] = '\0';
	sysctls_put(root, files[4], long_line);
	snprintf(path, sizeof(path), "%s%s", root, files[5]);
	assert_int_equal(symlink("../sysctl.conf", path), 0);
	assert_int_equal(pc_sysctl_files(root, &lines), 0);
	assert_int_equal(lines.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(lines.list[i].key, keys[i]);
	assert_int_equal(strlen(lines.list[0].value), 20000 - 7);
	assert_int_equal(lines.list[1].line, 3);
	pc_sysctl_lines_free(&lines);
	free(long_line);
	for (size_t i = 6; i--;) {
		snprintf(path, sizeof(path), "%s%s", root, files[i]);
		assert_int_equal(unlink(path), 0);
	}
	for (size_t i = 5; i--;) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(root), 0);
}

static void no_files(void **state)
{
	struct pc_sysctl_lines lines;

	(void)state;
	assert_int_equal(pc_sysctl_files("/nonexistent", &lines), 0);
	assert_int_equal(lines.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_split),	cmocka_unit_test(files_are_judged),
		cmocka_unit_test(the_last_line_counts), cmocka_unit_test(what_is_so_now),
		cmocka_unit_test(files_in_order),	cmocka_unit_test(no_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
