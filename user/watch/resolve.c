// SPDX-License-Identifier: GPL-2.0-only
/* From a process key to who it is: what the kernel sent, completed from /proc while the
 * process still runs. A pid that was used again is told by its start time. */
#include <string.h>

#include "core/identity.h"
#include "host/procfs.h"
#include "watch/watch_private.h"

#define PROC "/proc"

/* What /proc cannot complete (a process that is in the root cgroup, or has no arguments) is not
 * asked for at each refusal again: a quarter of a millisecond. */
#define COMPLETE_EVERY_NS 1000000000ULL

/* What the kernel sent may be cut short, and has no cgroup path on cgroup v1 machines. */
static bool wants_procfs(const struct pc_identity *who)
{
	return !who || !who->exe || !who->cmdline || who->cmdline_cut || !who->cgroup ||
	       !strcmp(who->cgroup, "/");
}

static char *take(char **from, const char *have)
{
	char *text = *from;

	if (have)
		return NULL;
	*from = NULL;
	return text;
}

/* Fills in what is missing; what the kernel saw at the time stands. */
static void complete(struct pc_identity *who, struct pc_identity *fresh)
{
	char *text;

	if ((text = take(&fresh->exe, who->exe)))
		who->exe = text;
	if (fresh->cmdline && (!who->cmdline || who->cmdline_cut)) {
		char *old = who->cmdline;

		who->cmdline = fresh->cmdline;
		who->cmdline_cut = fresh->cmdline_cut;
		fresh->cmdline = old;
	}
	if (fresh->cgroup && (!who->cgroup || !strcmp(who->cgroup, "/"))) {
		char *old = who->cgroup;

		who->cgroup = fresh->cgroup;
		fresh->cgroup = old;
		pc_identity_name_cgroup(who);
	}
}

static uint32_t add_from_procfs(struct pc_watch *w, const struct pc_process_key *key)
{
	struct pc_identity who;
	long index;

	if (pc_procfs_read(PROC, key->tgid, &who))
		return 0;
	if (!pc_procfs_is(PROC, key)) {
		pc_identity_free(&who);
		return 0;
	}
	who.key = *key;
	index = pc_processes_put(w->processes, &who);
	return index < 0 ? 0 : (uint32_t)index;
}

/* /proc adds " (deleted)" once the file was replaced; the kernel's record does not. */
static bool same_path(const char *recorded, const char *fresh)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(recorded);

	return !strncmp(recorded, fresh, len) && (!fresh[len] || !strcmp(fresh + len, deleted));
}

/* exec() keeps pid and start time: only a process that is still the same program may be
 * completed from /proc. comm tells in practice. */
static bool same_program(const struct pc_identity *a, const struct pc_identity *b)
{
	if (a->exe && b->exe)
		return same_path(a->exe, b->exe);
	return !memcmp(a->comm, b->comm, PC_COMM_LEN);
}

static bool is_due(struct pc_identity *who)
{
	uint64_t now = pc_boot_ns();

	if (who->completed_ns && now - who->completed_ns < COMPLETE_EVERY_NS)
		return false;
	who->completed_ns = now;
	return true;
}

static void refresh(struct pc_identity *who)
{
	struct pc_identity fresh;

	if (!wants_procfs(who) || !is_due(who) || pc_procfs_read(PROC, who->key.tgid, &fresh))
		return;
	if (pc_procfs_is(PROC, &who->key) && same_program(who, &fresh))
		complete(who, &fresh);
	pc_identity_free(&fresh);
}

void pc_resolve_begin(struct pc_watch *w)
{
	w->pass++;
}

/* Once in a pass: the sixteen holders of a port, or all sockets there are at the start, are mostly
 * of few processes. */
static bool is_running(const struct pc_watch *w, const struct pc_identity *known)
{
	struct pc_identity *who = (struct pc_identity *)known;

	if (who->asked_pass == w->pass)
		return who->running;
	who->asked_pass = w->pass;
	who->running = pc_procfs_is(PROC, &who->key);
	if (who->running)
		refresh(who);
	return who->running;
}

void pc_resolve_index(struct pc_watch *w, uint32_t index, struct pc_party *out)
{
	memset(out, 0, sizeof(*out));
	out->fd = -1;
	out->who = pc_processes_get(w->processes, index);
	out->running = out->who && is_running(w, out->who);
}

void pc_resolve_party(struct pc_watch *w, const struct pc_process_key *key, const char *comm,
		      struct pc_party *out)
{
	uint32_t index = pc_processes_find(w->processes, key);

	if (!index)
		index = add_from_procfs(w, key);
	pc_resolve_index(w, index, out);
	if (comm)
		memcpy(out->comm, comm, PC_COMM_LEN);
}
