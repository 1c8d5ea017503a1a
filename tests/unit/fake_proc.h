/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder that looks like /proc with one process in it, for the tests of host/procfs. */
#ifndef PORTCLASH_FAKE_PROC_H
#define PORTCLASH_FAKE_PROC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/process/identity.h"
#include "host/procfs.h"

#define PID 4120
#define NETNS 4026531840U
#define TICKS 290019
#define TICK_NS (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK))

/* Writes a stat file as the kernel does: fields 4 to 19, then threads (20), 21, start (22) and the
 * rest. */
#define STAT_FORMAT "%u (%s) %c 4232 4232 2929 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 %u 0 %u 31 0\n"

struct fake {
	char root[64];
	char dir[96];
};

__attribute__((unused)) static int remove_one(const char *path, const struct stat *st, int type,
					      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

__attribute__((unused)) static void put(const struct fake *f, const char *name, const char *bytes,
					size_t len)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

__attribute__((unused)) static void put_stat(const struct fake *f, const char *comm, char state,
					     unsigned threads, unsigned ticks)
{
	char text[256];
	int n = snprintf(text, sizeof(text), STAT_FORMAT, PID, comm, state, threads, ticks);

	put(f, "stat", text, (size_t)n);
}

__attribute__((unused)) static void put_link(const struct fake *f, const char *name, const char *to)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	unlink(path);
	assert_int_equal(symlink(to, path), 0);
}

__attribute__((unused)) static void drop(const struct fake *f, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	assert_int_equal(remove(path), 0);
}

#define PUT(f, name, text) put(f, name, text, sizeof(text) - 1)

__attribute__((unused)) static void put_status(const struct fake *f, unsigned tgid)
{
	char text[160];
	int n = snprintf(text, sizeof(text),
			 "Name:\tcurl\nUmask:\t0022\nTgid:\t%u\nPid:\t%u\n"
			 "Uid:\t1000\t0\t1000\t1000\nGid:\t5\t5\t5\t5\n",
			 tgid, PID);

	put(f, "status", text, (size_t)n);
}

__attribute__((unused)) static int make_fake(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));
	char path[160];

	strcpy(f->root, "/tmp/portclash-procfs-XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/%u", f->root, PID);
	snprintf(path, sizeof(path), "%s/ns", f->dir);
	if (chmod(f->root, 0755) || mkdir(f->dir, 0755) || mkdir(path, 0755))
		return -1;
	put_stat(f, "curl", 'S', 1, TICKS);
	put_status(f, PID);
	PUT(f, "cmdline", "curl\0-s\0\0http://x/ y\0");
	PUT(f, "cgroup", "0::/system.slice/backup.service\n");
	put_link(f, "exe", "/usr/bin/curl (deleted)");
	put_link(f, "ns/net", "net:[4026531840]");
	*state = f;
	return 0;
}

__attribute__((unused)) static int remove_fake(void **state)
{
	struct fake *f = *state;
	int err = nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(f);
	return err;
}

#define FAKE(test) cmocka_unit_test_setup_teardown(test, make_fake, remove_fake)

#endif
