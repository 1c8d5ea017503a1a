// SPDX-License-Identifier: GPL-2.0-only
/* `guard --off`: exactly what guards reserved is given back. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cure/persist.h"
#include "guard/private.h"
#include "host/netns.h"

struct off {
	const char *root;
	const char *state;
	struct pc_keep keep;
	struct pc_persist files;
	struct pc_netns_list all;
	unsigned released;
	char *sentence;
};

static const struct pc_netns *netns_of(const struct off *o, uint32_t inode)
{
	for (size_t i = 0; i < o->all.count; i++)
		if (o->all.list[i].inode == inode)
			return &o->all.list[i];
	return NULL;
}

/* A namespace that has ended leaves only its record. */
static int release_entry(struct off *o, const struct pc_netns_id *netns, const uint64_t *ports)
{
	const struct pc_netns *ns = netns_of(o, netns->inode);
	struct pc_reserved list = PC_RESERVED_INIT;
	struct pc_keep_change change = { 0 };
	int err = ns ? pc_reserved_open_in(PC_GUARD_PROC, ns, &list) : -ESRCH;

	if (!err && !pc_netns_id_same(&list.netns, netns))
		err = -ESRCH;
	if (!err)
		err = pc_keep_remove(&o->keep, &list, PC_KEEPER_GUARD, ports,
				     ns->own ? o->files.others : NULL, false, &change, o->sentence);
	else if (err != -ESRCH && err != -ENOENT)
		pc_cure_say(o->sentence, err, "cannot enter network namespace %u: %s", netns->inode,
			    pc_reserved_why(err));
	pc_reserved_close(&list);
	o->released += pc_ports_count(change.changed, 0, PC_PORTS - 1);
	return err == -ESRCH || err == -ENOENT ?
		       pc_keep_forget(&o->keep, netns, PC_KEEPER_GUARD, o->sentence) :
		       err;
}

/* Each entry is gone from the record after it was released; one that fails stays there. */
static int release_all(struct off *o)
{
	int last = 0;

	for (size_t i = o->keep.record.count; i--;) {
		const struct pc_record_entry *e = &o->keep.record.list[i];
		uint64_t ports[PC_PORT_WORDS];
		struct pc_netns_id netns;
		int err;

		if (i >= o->keep.record.count || e->keeper != PC_KEEPER_GUARD)
			continue;
		netns = e->netns;
		memcpy(ports, e->ports, sizeof(ports));
		err = release_entry(o, &netns, ports);
		last = err ? err : last;
	}
	return last;
}

static int change_files(struct off *o)
{
	uint64_t kept[PC_PORT_WORDS];
	bool written;

	memcpy(kept, o->files.file.kept[PC_KEEPER_GUARD], sizeof(kept));
	pc_persist_edit(&o->files, PC_KEEPER_GUARD, NULL, kept);
	return pc_persist_write(&o->files, false, &written, o->sentence);
}

static void remove_notes(const struct off *o)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" PC_GUARD_NOTES_NAME, o->state);
	unlink(path);
}

static int off_with_files(struct off *o)
{
	int err = pc_netns_find(PC_GUARD_PROC, &o->all);

	if (err)
		return pc_cure_say(o->sentence, err, "cannot list the network namespaces: %s",
				   strerror(-err));
	err = pc_keep_open(PC_GUARD_PROC, o->state, PC_KEEP_PATIENCE_MS, &o->keep, o->sentence);
	if (!err) {
		err = release_all(o);
		if (!err)
			err = change_files(o);
		pc_keep_close(&o->keep);
	}
	if (!err)
		remove_notes(o);
	pc_netns_free(&o->all);
	return err;
}

int pc_guarding_off(const char *root, const char *state, unsigned *released, char *sentence)
{
	struct off o = { .root = root, .state = state, .sentence = sentence };
	int lock = -1, err = pc_guard_lock(state, &lock, sentence);

	if (err)
		return err;
	err = pc_persist_read(root, &o.files, sentence);
	if (!err) {
		err = off_with_files(&o);
		pc_persist_free(&o.files);
	}
	close(lock);
	*released = o.released;
	return err;
}
