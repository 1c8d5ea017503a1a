// SPDX-License-Identifier: GPL-2.0-only
/* These functions compare processes by parent and session, from /proc/PID/stat. */
#include "host/lineage.h"

#include "core/process/identity.h"
#include "core/process/party.h"
#include "host/procfs.h"

/* Reads parent and session. False: the process has ended, or its file cannot be read. */
static bool read_lineage(const char *root, uint32_t pid, struct pc_procfile_stat *out)
{
	return !pc_procfs_stat(root, pid, out) && !out->reaped;
}

bool pc_lineage_is_daemon(const char *root, uint32_t pid, uint32_t claimer)
{
	struct pc_procfile_stat process, leader;

	if (!read_lineage(root, pid, &process) || process.session == pid)
		return true;
	return process.session && process.session != claimer &&
	       !read_lineage(root, process.session, &leader);
}

uint32_t pc_lineage_parent(const char *root, uint32_t pid)
{
	struct pc_procfile_stat process;

	return read_lineage(root, pid, &process) ? process.parent : 0;
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

bool pc_lineage_is_kin(const char *root, const struct pc_identity *a, const struct pc_identity *b)
{
	struct pc_procfile_stat of_a, of_b;

	if (!read_lineage(root, a->key.tgid, &of_a) || !read_lineage(root, b->key.tgid, &of_b))
		return false;
	if (of_a.parent == b->key.tgid || of_b.parent == a->key.tgid)
		return true;
	return of_a.parent && of_a.parent == of_b.parent && runs_file_of(root, of_a.parent, a);
}
