// SPDX-License-Identifier: GPL-2.0-only
/* Which processes have a socket open. */
#include "host/owners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/identity.h"
#include "host/procfs.h"

struct search {
	const char *proc;
	struct pc_audit_entry **entries; /* by inode */
	size_t count;
	struct pc_owners *owners;
};

static int compare(const void *a, const void *b)
{
	uint64_t x = (*(struct pc_audit_entry *const *)a)->s.socket.inode;
	uint64_t y = (*(struct pc_audit_entry *const *)b)->s.socket.inode;

	return x < y ? -1 : x > y;
}

/* The first of those with this inode, or `count`. */
static size_t first_of(const struct search *s, uint64_t inode)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->entries[middle]->s.socket.inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int remember(struct pc_owners *owners, struct pc_identity *who)
{
	if (owners->count == owners->room) {
		size_t room = owners->room ? 2 * owners->room : 32;
		struct pc_identity **list = reallocarray(owners->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		owners->list = list;
		owners->room = room;
	}
	owners->list[owners->count++] = who;
	return 0;
}

const struct pc_identity *pc_owners_identity(const char *proc, uint32_t pid,
					     struct pc_owners *owners)
{
	struct pc_identity *who;

	for (size_t i = owners->count; i--;)
		if (owners->list[i]->key.tgid == pid &&
		    pc_procfs_is_or_was(proc, &owners->list[i]->key))
			return owners->list[i];
	who = calloc(1, sizeof(*who));
	if (!who || pc_procfs_read(proc, pid, who)) {
		free(who);
		return NULL;
	}
	if (remember(owners, who)) {
		pc_identity_free(who);
		free(who);
		return NULL;
	}
	return who;
}

static void add_owner(struct pc_audit_entry *e, const struct pc_identity *who, int fd)
{
	for (unsigned i = 0; i < e->owners_count; i++)
		if (e->owners[i].who->key.tgid == who->key.tgid)
			return;
	if (e->owners_count < PC_OWNERS_MAX)
		e->owners[e->owners_count++] =
			(struct pc_party){ .who = who, .running = true, .fd = fd };
}

static bool inode_of(int dir, const char *name, unsigned long long *inode)
{
	char link[64];
	ssize_t n = readlinkat(dir, name, link, sizeof(link) - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	return sscanf(link, "socket:[%llu]", inode) == 1;
}

/* The folder stays with the process it was opened for, the number does not: only when the link is
 * still there after the process was read by number was it this process. */
static const struct pc_identity *identity_behind(struct search *s, int dir, const char *name,
						 uint32_t pid, unsigned long long inode)
{
	const struct pc_identity *who = pc_owners_identity(s->proc, pid, s->owners);
	unsigned long long again;

	return who && inode_of(dir, name, &again) && again == inode ? who : NULL;
}

static void look_at_fd(struct search *s, int dir, const char *name, uint32_t pid)
{
	const struct pc_identity *who;
	unsigned long long inode;
	size_t first;

	if (!inode_of(dir, name, &inode))
		return;
	first = first_of(s, inode);
	if (first == s->count || s->entries[first]->s.socket.inode != inode)
		return;
	who = identity_behind(s, dir, name, pid, inode);
	if (!who)
		return;
	for (size_t i = first; i < s->count && s->entries[i]->s.socket.inode == inode; i++)
		add_owner(s->entries[i], who, (int)strtol(name, NULL, 10));
}

static int look_at_process(void *context, uint32_t pid)
{
	struct search *s = context;
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%u/fd", s->proc, pid);
	dir = opendir(path);
	if (!dir) {
		s->owners->hidden += errno == EACCES || errno == EPERM;
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	}
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at_fd(s, dirfd(dir), entry->d_name, pid);
	closedir(dir);
	return 0;
}

static const char *note_of(const struct pc_audit_entry *e, const struct pc_owners *owners)
{
	if (e->owners_count)
		return NULL;
	if (e->s.socket.state == PC_STATE_TIME_WAIT)
		return "a connection in TIME_WAIT: it belongs to no process any more";
	if (!e->s.socket.inode)
		return "no process has it open: closed, or not accepted yet, or the kernel's own";
	if (owners->hidden)
		return "not seen: the descriptors of some processes may not be looked at";
	return "no process was found that has it open: the kernel's own, or just closed";
}

int pc_owners_find(const char *proc, struct pc_audit_entry **entries, size_t count,
		   struct pc_owners *owners)
{
	struct search s = { proc, entries, count, owners };
	int err;

	if (!count)
		return 0;
	qsort(entries, count, sizeof(*entries), compare);
	while (s.count && !s.entries[0]->s.socket.inode) {
		s.entries++;
		s.count--;
	}
	err = pc_procfs_each(s.proc, look_at_process, &s);
	for (size_t i = 0; i < count; i++)
		entries[i]->process_note = note_of(entries[i], owners);
	return err;
}

void pc_owners_free(struct pc_owners *owners)
{
	for (size_t i = 0; i < owners->count; i++) {
		pc_identity_free(owners->list[i]);
		free(owners->list[i]);
	}
	free(owners->list);
	*owners = (struct pc_owners){ 0 };
}
