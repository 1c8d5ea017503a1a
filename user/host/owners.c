// SPDX-License-Identifier: GPL-2.0-only
/* This file searches /proc/PID/fd for the owners of sockets. */
#include "host/owners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/array.h"
#include "core/process/identity.h"
#include "core/process/party.h"
#include "host/clock.h"
#include "host/given.h"
#include "host/group_word.h"
#include "host/procfs.h"

struct search {
	const char *proc;
	struct pc_owners_sought *sought; /* by inode */
	size_t count;
	struct pc_owners *owners;
};

static int owners_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct pc_owners_sought *)a)->socket->inode;
	uint64_t y = ((const struct pc_owners_sought *)b)->socket->inode;

	return x < y ? -1 : x > y;
}

/* Returns the index of the first socket with this inode or a higher one; `count`: there is none. */
static size_t first_of(const struct search *s, uint64_t inode)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->sought[middle].socket->inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int owners_remember(struct pc_owners *owners, struct pc_identity *who)
{
	int err = pc_array_reserve(&owners->list, &owners->room, owners->count + 1,
				   sizeof(struct pc_identity *));

	if (!err)
		owners->list[owners->count++] = who;
	return err;
}

/* A unit's name that a user chose is no unit's: he can take any. */
static void doubt_unit(struct pc_identity *who)
{
	if (!who->unit || who->container || pc_group_is_roots_word(PC_CGROUPS, who))
		return;
	free(who->unit);
	who->unit = NULL;
}

static void name_container(struct pc_owners *owners, struct pc_identity *who)
{
	const struct pc_given_place place = { .root = "" };

	if (!who->container || !pc_group_judge_word(PC_CGROUPS, who))
		return;
	if (!owners->given)
		owners->given = pc_given_new(&place);
	if (owners->given)
		pc_given_fill(owners->given, pc_boot_ns(), who);
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
	doubt_unit(who);
	name_container(owners, who);
	if (owners_remember(owners, who)) {
		pc_identity_free(who);
		free(who);
		return NULL;
	}
	return who;
}

static void add_owner(struct pc_owners_sought *e, const struct pc_identity *who, int fd)
{
	for (unsigned i = 0; i < *e->owners_count; i++)
		if (e->owners[i].who->key.tgid == who->key.tgid)
			return;
	if (*e->owners_count < PC_OWNERS_MAX)
		e->owners[(*e->owners_count)++] =
			(struct pc_party){ .who = who,
					   .key = who->key,
					   .running = true,
					   .fd = fd,
					   .given = pc_party_is_given(who, e->socket) };
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

/* Reads the identity of the process behind an open folder. The folder stays with the process for
 * which it was opened, the pid does not. If the link is still there after the process was read by
 * its pid, that was this process. */
static const struct pc_identity *identity_behind(struct search *s, int dir, const char *name,
						 uint32_t pid, unsigned long long inode)
{
	const struct pc_identity *who = pc_owners_identity(s->proc, pid, s->owners);
	unsigned long long again;

	return who && inode_of(dir, name, &again) && again == inode ? who : NULL;
}

/* Inode numbers have 32 bits and are used again: of sockets that share one, in several network
 * namespaces, a process has that of its own namespace. (Subflows of an MPTCP socket share one, too.) */
static bool numbers_are_shared(const struct search *s, size_t first, size_t end)
{
	for (size_t i = first + 1; i < end; i++)
		if (s->sought[i].socket->netns != s->sought[first].socket->netns)
			return true;
	return false;
}

static void look_at_fd(struct search *s, int dir, const char *name, uint32_t pid)
{
	const struct pc_identity *who;
	unsigned long long inode;
	size_t first, end;
	bool shared;

	if (!inode_of(dir, name, &inode))
		return;
	first = first_of(s, inode);
	if (first == s->count || s->sought[first].socket->inode != inode)
		return;
	who = identity_behind(s, dir, name, pid, inode);
	if (!who)
		return;
	end = first_of(s, inode + 1);
	shared = numbers_are_shared(s, first, end);
	for (size_t i = first; i < end; i++)
		if (!shared || s->sought[i].socket->netns == who->netns)
			add_owner(&s->sought[i], who, (int)strtol(name, NULL, 10));
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

static const char *note_of(const struct pc_owners_sought *e, const struct pc_owners *owners)
{
	if (*e->owners_count)
		return NULL;
	if (e->socket->state == PC_STATE_TIME_WAIT)
		return "a connection in TIME_WAIT: it belongs to no process any more";
	if (!e->socket->inode)
		return "no process has it open: closed, or not accepted yet, or the kernel's own";
	if (owners->hidden)
		return "not seen: portclash may not read the descriptors of some processes";
	return "no process was found that has it open: the kernel's own, or just closed";
}

int pc_owners_find(const char *proc, struct pc_owners_sought *sought, size_t count,
		   struct pc_owners *owners)
{
	struct search s = { proc, sought, count, owners };
	int err;

	if (!count)
		return 0;
	qsort(sought, count, sizeof(*sought), owners_compare);
	while (s.count && !s.sought[0].socket->inode) {
		s.sought++;
		s.count--;
	}
	err = pc_procfs_each(s.proc, look_at_process, &s);
	for (size_t i = 0; i < count; i++)
		*sought[i].note = note_of(&sought[i], owners);
	return err;
}

void pc_owners_free(struct pc_owners *owners)
{
	for (size_t i = 0; i < owners->count; i++) {
		pc_identity_free(owners->list[i]);
		free(owners->list[i]);
	}
	free(owners->list);
	pc_given_free_all(owners->given);
	*owners = (struct pc_owners){ 0 };
}
