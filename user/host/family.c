// SPDX-License-Identifier: GPL-2.0-only
/* Where a process comes from: its parent and its session, from /proc/PID/stat. */
#include "host/family.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/identity.h"
#include "core/party.h"
#include "host/procfs.h"

/* One page is all that a stat file can have. */
#define STAT_MAX 4096

static int read_stat(const char *root, uint32_t pid, char text[STAT_MAX])
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%" PRIu32 "/stat", root, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = TEMP_FAILURE_RETRY(read(fd, text, STAT_MAX - 1));
	close(fd);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

int pc_family_read(const char *root, uint32_t pid, struct pc_family *out)
{
	char text[STAT_MAX];
	int err = read_stat(root, pid, text);
	struct pc_family f;
	const char *end;

	if (err)
		return err;
	/* comm can hold anything, ")" too: the last one ends it. */
	end = strrchr(text, ')');
	if (!end || sscanf(end, ") %*c %" SCNu32 " %*d %" SCNu32, &f.parent, &f.session) != 2)
		return -EBADMSG;
	*out = f;
	return 0;
}

bool pc_family_is_daemon(const char *root, uint32_t pid, uint32_t maker)
{
	struct pc_family f, leader;

	if (pc_family_read(root, pid, &f))
		return true;
	if (f.session == pid)
		return true;
	return f.session && f.session != maker && pc_family_read(root, f.session, &leader);
}

static bool runs_file_of(const char *root, uint32_t pid, const struct pc_identity *who)
{
	struct pc_identity parent;
	bool same;

	if (pc_procfs_read(root, pid, &parent))
		return false;
	same = pc_identity_same_file(&parent, who);
	pc_identity_free(&parent);
	return same;
}

bool pc_family_is_kin(const char *root, const struct pc_identity *a, const struct pc_identity *b)
{
	struct pc_family fa, fb;

	if (pc_family_read(root, a->key.tgid, &fa) || pc_family_read(root, b->key.tgid, &fb))
		return false;
	if (fa.parent == b->key.tgid || fb.parent == a->key.tgid)
		return true;
	return fa.parent && fa.parent == fb.parent && runs_file_of(root, fa.parent, a);
}
