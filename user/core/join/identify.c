// SPDX-License-Identifier: GPL-2.0-only
/* Turn a process key into an identity: the kernel's record, completed from the host while the
 * process still runs. A process that uses a pid again has another start time. */
#include <string.h>

#include "core/join/join_private.h"
#include "core/process/identity.h"
#include "core/process/party.h"
#include "portclash/record.h"

/* The host is not asked at each refusal again for a process that it cannot complete (one in the
 * root cgroup, or without arguments): asking takes a quarter of a millisecond. */
#define COMPLETE_EVERY_NS PC_NS_PER_SECOND

/* The kernel's record has PC_PROCESS_ARGS bytes at most. The host has cut a longer text itself, and would
 * again. */
static bool was_cut_by_record(const struct pc_identity *who)
{
	return who->cmdline_cut && strlen(who->cmdline) <= PC_PROCESS_ARGS;
}

/* The kernel's record may be cut short, and has no cgroup path on cgroup v1 machines. */
static bool wants_host(const struct pc_identity *who)
{
	return !who || !who->exe || !who->cmdline || was_cut_by_record(who) || !who->cgroup ||
	       !strcmp(who->cgroup, "/");
}

static char *take_text(char **from, const char *have)
{
	char *text = *from;

	if (have)
		return NULL;
	*from = NULL;
	return text;
}

/* Fills in what is missing; what the kernel saw at the time stands. */
static void complete(struct pc_join *j, struct pc_identity *who, struct pc_identity *fresh)
{
	char *text;

	if ((text = take_text(&fresh->exe, who->exe)))
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
		if ((text = take_text(&fresh->cgroup_v2, who->cgroup_v2)))
			who->cgroup_v2 = text;
		pc_identity_name_cgroup(who);
	}
	pc_processes_measure(j->processes, pc_processes_find(j->processes, &who->key));
}

static uint32_t add_from_host(struct pc_join *j, const struct pc_process_key *key)
{
	struct pc_identity who;
	long index;

	if (j->host.identity(j->host.context, key->tgid, &who))
		return 0;
	if (!j->host.is_running(j->host.context, key)) {
		pc_identity_free(&who);
		return 0;
	}
	who.key = *key;
	index = pc_processes_put(j->processes, &who);
	return index < 0 ? 0 : (uint32_t)index;
}

/* /proc adds " (deleted)" once the file was replaced; the kernel's record does not. */
static bool identify_same_path(const char *recorded, const char *fresh)
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
		return identify_same_path(a->exe, b->exe);
	return !memcmp(a->comm, b->comm, PC_COMM_LEN);
}

static bool is_due(const struct pc_join *j, struct pc_identity *who)
{
	if (who->completed_ns && pc_join_since(j, who->completed_ns) < COMPLETE_EVERY_NS)
		return false;
	who->completed_ns = j->now_ns;
	return true;
}

static void refresh_identity(struct pc_join *j, struct pc_identity *who)
{
	struct pc_identity fresh;

	if (!wants_host(who) || !is_due(j, who) ||
	    j->host.identity(j->host.context, who->key.tgid, &fresh))
		return;
	if (j->host.is_running(j->host.context, &who->key) && same_program(who, &fresh))
		complete(j, who, &fresh);
	pc_identity_free(&fresh);
}

void pc_identify_begin(struct pc_join *j)
{
	j->pass++;
}

/* The host is asked once in a pass: the sixteen holders of a port, or all sockets that there are at
 * the start, are mostly of few processes. */
static bool is_running(struct pc_join *j, struct pc_identity *who)
{
	if (who->asked_pass == j->pass)
		return who->running;
	who->asked_pass = j->pass;
	who->running = j->host.is_running(j->host.context, &who->key);
	if (who->running)
		refresh_identity(j, who);
	/* A container's files can be there before and after a process of it. */
	if (j->host.given && who->container && !who->given.container)
		j->host.given(j->host.context, who);
	return who->running;
}

static void set_identity(struct pc_join *j, uint32_t index, struct pc_party *party)
{
	struct pc_identity *who = pc_processes_edit(j->processes, index);

	party->who = who;
	party->running = who && is_running(j, who);
}

void pc_identify_index(struct pc_join *j, uint32_t index, struct pc_party *out)
{
	memset(out, 0, sizeof(*out));
	out->fd = -1;
	set_identity(j, index, out);
	if (out->who)
		out->key = out->who->key;
}

void pc_identify_party(struct pc_join *j, struct pc_party *party)
{
	uint32_t index = pc_processes_find(j->processes, &party->key);

	if (!index)
		index = add_from_host(j, &party->key);
	set_identity(j, index, party);
}

const struct pc_identity *pc_identify_folder(struct pc_join *j, const struct pc_process_key *key)
{
	uint32_t index = pc_processes_find(j->processes, key);
	struct pc_identity *who = pc_processes_edit(j->processes, index);

	if (!who || who->folder_asked || !pc_identity_uses_folder(who))
		return who;
	who->folder_asked = true;
	who->folder = j->host.folder(j->host.context, key);
	if (who->folder)
		pc_processes_measure(j->processes, index);
	return who;
}

void pc_identify_end(struct pc_join *j, const struct pc_end_record *record)
{
	uint32_t index = pc_processes_find(j->processes, &record->process);
	struct pc_identity *who = pc_processes_edit(j->processes, index);

	if (!who)
		return;
	who->ended_ns = record->time_ns;
	who->status = record->status;
}
