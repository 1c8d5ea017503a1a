// SPDX-License-Identifier: GPL-2.0-only
/* The iterator over processes says which process has which socket open: it only reads their descriptor
 * tables (bpf/files.bpf.h). */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bpf/open_files.h"
#include "bpf/wanted.h"
#include "core/join/record.h"
#include "core/base/time.h"

/* Time limit of a look for owners, or of a sweep. A pass over 131,072 descriptors takes some 5 ms. */
#define FILES_TIME_NS (100 * PC_NS_PER_MS)

/* Time limit of the look at all sockets at the start, when nobody waits yet. It asks the host about each process. */
#define ALL_TIME_NS (5 * PC_NS_PER_SECOND)

static uint64_t files_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return pc_ns((uint64_t)now.tv_sec, (uint64_t)now.tv_nsec);
}

static int pass_list(struct pc_open_files *o)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(o->listed, &opts) ? -errno : 0;
}

/* One pass of the iterator over processes. Its program writes to a map and gives read() nothing, so
 * EAGAIN means that nothing was read so far. */
static int pass_files(struct pc_open_files *o)
{
	char unused[64];
	ssize_t n;
	int fd;

	o->files->count = o->files->full = 0;
	if (!o->by_process)
		return pass_list(o);
	fd = bpf_iter_create(bpf_link__fd(o->by_process));
	if (fd < 0)
		return -errno;
	while ((n = read(fd, unused, sizeof(unused))) > 0 || (n < 0 && errno == EAGAIN))
		;
	n = n < 0 ? -errno : 0;
	close(fd);
	return (int)n;
}

/* Repeats passes until all tables of this size are seen or time is up. take() gets each pass's finds. */
static int walk_tables(struct pc_open_files *o, bool large, uint64_t until_ns,
		       void (*take)(struct pc_open_files *o, void *context), void *context)
{
	int err;

	*o->files_begin_pid = *o->files_begin_fd = 0;
	o->files->large = large;
	while (!(err = pass_files(o))) {
		take(o, context);
		if (!o->files->full)
			return 0;
		if (files_now_ns() >= until_ns)
			return -EOVERFLOW;
		*o->files_begin_pid = o->files->pid;
		*o->files_begin_fd = o->files->fd;
	}
	return err;
}

/* Small tables come first: a process with a million descriptors must not hide the owners of others. */
static int walk_files(struct pc_open_files *o, bool sweep, uint64_t time_ns,
		      void (*take)(struct pc_open_files *o, void *context), void *context)
{
	uint64_t until_ns = files_now_ns() + time_ns;
	int err;

	*o->files_sweep = sweep;
	o->files->large_seen = 0;
	err = walk_tables(o, false, until_ns, take, context);
	return err || !o->files->large_seen ? err : walk_tables(o, true, until_ns, take, context);
}

struct owner_take {
	pc_owner_fn call;
	void *context;
};

static void take_owners(struct pc_open_files *o, void *context)
{
	struct owner_take *found = context;

	for (uint32_t i = 0; i < o->files->count && i < PC_FILES_OWNERS; i++) {
		const struct pc_owner_record *owner = &o->files->owners[i];

		if (pc_record_check_owner(owner, sizeof(*owner)))
			o->invalid++;
		else
			found->call(found->context, owner);
	}
}

int pc_open_files_find(struct pc_open_files *o, const struct pc_wanted *wanted, pc_owner_fn found,
		       void *context)
{
	struct owner_take take = { found, context };
	int err;

	pc_wanted_set(o, wanted);
	err = walk_files(o, false, wanted->all ? ALL_TIME_NS : FILES_TIME_NS, take_owners, &take);
	pc_wanted_clear(o, wanted);
	return err;
}

struct cookie_take {
	pc_cookie_fn call;
	void *context;
};

static void take_cookies(struct pc_open_files *o, void *context)
{
	const struct cookie_take *alive = context;

	for (uint32_t i = 0; i < o->files->count && i < PC_FILES_COOKIES; i++)
		alive->call(alive->context, o->files->cookies[i]);
}

int pc_open_files_sweep(struct pc_open_files *o, pc_cookie_fn call, void *context)
{
	struct cookie_take take = { call, context };

	return walk_files(o, true, FILES_TIME_NS, take_cookies, &take);
}

int pc_open_files_open(struct pc_open_files *o)
{
	void *memory;

	if (!o->by_process && o->listed < 0)
		return -ENOENT;
	memory = mmap(NULL, sizeof(*o->files), PROT_READ | PROT_WRITE, MAP_SHARED, o->files_map, 0);
	if (memory == MAP_FAILED)
		return -errno;
	o->files = memory;
	return 0;
}

void pc_open_files_close(struct pc_open_files *o)
{
	if (o->files)
		munmap(o->files, sizeof(*o->files));
	o->files = NULL;
	bpf_link__destroy(o->by_process);
	o->by_process = NULL;
}
