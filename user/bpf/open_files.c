// SPDX-License-Identifier: GPL-2.0-only
/* Which process has which socket open, by the two iterators: over processes, whose descriptor
 * tables are only read (bpf/files.bpf.h), and over open files, which sees all but holds each. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/open_files.h"

/* False: no place is left near its slot. */
static bool set_key(uint64_t *keys, uint64_t key)
{
	uint32_t slot = PC_WANTED_SLOT(key);

	for (uint32_t i = 0; i < PC_WANTED_PROBES; i++) {
		uint64_t *place = &keys[(slot + i) & (PC_WANTED_SLOTS - 1)];

		if (*place && *place != key)
			continue;
		*place = key;
		return true;
	}
	return false;
}

/* Then all are reported: more than was wanted, which nobody takes. */
static void set_wanted(struct pc_open_files *o, const struct pc_wanted *wanted)
{
	*o->wanted_all = wanted->all;
	for (size_t i = 0; i < wanted->count; i++)
		if (!set_key(o->wanted_keys, wanted->keys[i]))
			*o->wanted_all = true;
}

static void clear_wanted(struct pc_open_files *o, const struct pc_wanted *wanted)
{
	*o->wanted_all = false;
	for (size_t i = 0; i < wanted->count; i++) {
		uint32_t slot = PC_WANTED_SLOT(wanted->keys[i]);

		for (uint32_t j = 0; j < PC_WANTED_PROBES; j++)
			o->wanted_keys[(slot + j) & (PC_WANTED_SLOTS - 1)] = 0;
	}
}

static int read_owners(struct pc_open_files *o, int fd, pc_owner_fn found, void *context)
{
	struct pc_owner owners[64];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, (char *)owners + have, sizeof(owners) - have)) > 0) {
		size_t whole, used;

		have += (size_t)n;
		whole = have / sizeof(owners[0]);
		for (size_t i = 0; i < whole; i++) {
			if (pc_record_check_owner(&owners[i], sizeof(owners[i])))
				o->invalid++;
			else
				found(context, &owners[i]);
		}
		used = whole * sizeof(owners[0]);
		have -= used;
		memmove(owners, (char *)owners + used, have);
	}
	return n < 0 ? -errno : 0;
}

static int owners_by_file(struct pc_open_files *o, pc_owner_fn found, void *context)
{
	int fd = bpf_iter_create(bpf_link__fd(o->by_file));
	int err = fd < 0 ? -errno : read_owners(o, fd, found, context);

	if (fd >= 0)
		close(fd);
	return err;
}

/* The program writes to its map and nothing to be read: EAGAIN is "so far nothing". */
static int walk_files(struct pc_open_files *o, bool sweep)
{
	int fd = bpf_iter_create(bpf_link__fd(o->by_process));
	char unused[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	o->files->count = o->files->full = 0;
	*o->files_sweep = sweep;
	while ((n = read(fd, unused, sizeof(unused))) > 0 || (n < 0 && errno == EAGAIN))
		;
	n = n < 0 ? -errno : 0;
	close(fd);
	if (n)
		return (int)n;
	return o->files->full ? -EOVERFLOW : 0;
}

static int owners_by_process(struct pc_open_files *o, pc_owner_fn found, void *context)
{
	int err = walk_files(o, false);

	if (err)
		return err;
	for (uint32_t i = 0; i < o->files->count && i < PC_FILES_OWNERS; i++) {
		if (pc_record_check_owner(&o->files->owners[i], sizeof(o->files->owners[i])))
			o->invalid++;
		else
			found(context, &o->files->owners[i]);
	}
	return 0;
}

int pc_open_files_find(struct pc_open_files *o, const struct pc_wanted *wanted, pc_owner_fn found,
		       void *context)
{
	int err;

	set_wanted(o, wanted);
	err = wanted->all ? -EOVERFLOW : owners_by_process(o, found, context);
	if (err == -EOVERFLOW && o->by_file)
		err = owners_by_file(o, found, context);
	clear_wanted(o, wanted);
	return err;
}

struct alive {
	void (*call)(void *context, uint64_t cookie);
	void *context;
};

static void owner_is_alive(void *context, const struct pc_owner *owner)
{
	struct alive *alive = context;

	alive->call(alive->context, owner->socket.cookie);
}

int pc_open_files_sweep(struct pc_open_files *o, void (*call)(void *context, uint64_t cookie),
			void *context)
{
	struct pc_wanted all = { .all = true };
	struct alive alive = { call, context };
	int err = walk_files(o, true);

	if (err == -EOVERFLOW && o->by_file)
		return pc_open_files_find(o, &all, owner_is_alive, &alive);
	for (uint32_t i = 0; !err && i < o->files->count && i < PC_FILES_COOKIES; i++)
		call(context, o->files->cookies[i]);
	return err;
}

int pc_open_files_open(struct pc_open_files *o)
{
	void *memory;

	if (!o->by_process)
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
	bpf_link__destroy(o->by_file);
	bpf_link__destroy(o->by_process);
	o->by_file = o->by_process = NULL;
}
