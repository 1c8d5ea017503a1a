// SPDX-License-Identifier: GPL-2.0-only
/* Which process has which socket open, by the two iterators: over processes, whose descriptor
 * tables are only read (bpf/files.bpf.h), and over open files, which sees all but holds each. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bpf/monitor_private.h"

typedef void (*found_fn)(void *context, const struct pc_owner *owner);

uint64_t pc_wanted_inode(uint64_t inode)
{
	return 1ULL << 62 | inode;
}

uint64_t pc_wanted_ports(uint16_t lport, uint16_t rport)
{
	return 1ULL << 63 | (uint64_t)lport << 16 | rport;
}

static int set_wanted(struct pc_monitor *m, const struct pc_wanted *wanted)
{
	uint8_t one = 1;

	*m->wanted_all = wanted->all;
	for (size_t i = 0; i < wanted->count; i++)
		if (bpf_map_update_elem(m->wanted_map, &wanted->keys[i], &one, BPF_ANY))
			return -errno;
	return 0;
}

static void clear_wanted(struct pc_monitor *m, const struct pc_wanted *wanted)
{
	*m->wanted_all = false;
	for (size_t i = 0; i < wanted->count; i++)
		bpf_map_delete_elem(m->wanted_map, &wanted->keys[i]);
}

static int read_owners(struct pc_monitor *m, int fd, found_fn found, void *context)
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
				m->invalid++;
			else
				found(context, &owners[i]);
		}
		used = whole * sizeof(owners[0]);
		have -= used;
		memmove(owners, (char *)owners + used, have);
	}
	return n < 0 ? -errno : 0;
}

static int owners_by_file(struct pc_monitor *m, found_fn found, void *context)
{
	int fd = bpf_iter_create(bpf_link__fd(m->owners_link));
	int err = fd < 0 ? -errno : read_owners(m, fd, found, context);

	if (fd >= 0)
		close(fd);
	return err;
}

/* The program writes to its map and nothing to be read: EAGAIN is "so far nothing". */
static int walk_files(struct pc_monitor *m, bool sweep)
{
	int fd = bpf_iter_create(bpf_link__fd(m->files_link));
	char unused[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	m->files->count = m->files->full = 0;
	*m->files_sweep = sweep;
	while ((n = read(fd, unused, sizeof(unused))) > 0 || (n < 0 && errno == EAGAIN))
		;
	n = n < 0 ? -errno : 0;
	close(fd);
	if (n)
		return (int)n;
	return m->files->full ? -EOVERFLOW : 0;
}

static int owners_by_process(struct pc_monitor *m, found_fn found, void *context)
{
	int err = walk_files(m, false);

	if (err)
		return err;
	for (uint32_t i = 0; i < m->files->count && i < PC_FILES_OWNERS; i++) {
		if (pc_record_check_owner(&m->files->owners[i], sizeof(m->files->owners[i])))
			m->invalid++;
		else
			found(context, &m->files->owners[i]);
	}
	return 0;
}

int pc_monitor_owners(struct pc_monitor *m, const struct pc_wanted *wanted, found_fn found,
		      void *context)
{
	int err = set_wanted(m, wanted);

	if (!err)
		err = wanted->all ? -EOVERFLOW : owners_by_process(m, found, context);
	if (err == -EOVERFLOW)
		err = owners_by_file(m, found, context);
	clear_wanted(m, wanted);
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

int pc_monitor_sweep_files(struct pc_monitor *m, void (*call)(void *context, uint64_t cookie),
			   void *context)
{
	struct pc_wanted all = { .all = true };
	struct alive alive = { call, context };
	int err = walk_files(m, true);

	if (err == -EOVERFLOW)
		return pc_monitor_owners(m, &all, owner_is_alive, &alive);
	for (uint32_t i = 0; !err && i < m->files->count && i < PC_FILES_COOKIES; i++)
		call(context, m->files->cookies[i]);
	return err;
}
