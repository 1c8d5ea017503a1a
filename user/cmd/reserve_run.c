// SPDX-License-Identifier: GPL-2.0-only
/* The work of `portclash reserve`: the kernel's lists first, then the sysctl.d file. */
#include "cmd/reserve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/procfs.h"

#define PROC "/proc"

static int find_spaces(struct pc_reserving *x)
{
	int err = pc_netns_find(PROC, &x->namespaces);

	if (err)
		return err;
	x->spaces = calloc(x->namespaces.count, sizeof(*x->spaces));
	if (!x->spaces)
		return -ENOMEM;
	for (size_t i = 0; i < x->namespaces.count; i++) {
		const struct pc_netns *ns = &x->namespaces.list[i];

		if (!pc_netns_matches(ns, x->which))
			continue;
		x->spaces[x->count++] = (struct pc_reserve_space){
			.inode = ns->inode, .own = ns->own, .pid = ns->pid, .path = ns->path
		};
	}
	return x->count ? 0 : -ESRCH;
}

/* The files are read at boot, into the first process's namespace. */
static int find_boot_space(const struct pc_reserve_space *s, bool *is)
{
	uint32_t first = 0;
	int err = pc_procfs_netns(PROC, 1, &first);

	*is = s->own && !err && first == s->inode;
	return err;
}

static int read_files(struct pc_reserving *x, char *sentence)
{
	/* The own namespace is the first of a list that has it. */
	bool here;
	int err = find_boot_space(&x->spaces[0], &here);

	if (err && x->persist && !x->root)
		return pc_cure_say(
			sentence, err,
			"--persist needs process 1, which portclash may not read: run it on the host, with sudo");
	if (x->persist && !x->root && !here)
		return pc_cure_say(
			sentence, -EINVAL,
			"--persist works only in the network namespace of process 1: run it there, or leave --persist out");
	if (!x->root && !here)
		return 0;
	err = pc_persist_read(x->root ? x->root : "", &x->files, sentence);
	x->has_files = !err;
	return err;
}

static int reserve_open_record(struct pc_reserving *x, char *sentence)
{
	if (x->dry || x->action == PC_RESERVE_LIST)
		return pc_keep_look(PROC, x->state, &x->keep, sentence);
	return pc_keep_open(PROC, x->state, PC_KEEP_PATIENCE_MS, &x->keep, sentence);
}

/* Ports that other programs' files reserve stay reserved. */
static const uint64_t *wanted_by_files(const struct pc_reserving *x,
				       const struct pc_reserve_space *s)
{
	return x->has_files && s->own ? x->files.others : NULL;
}

static int add_there(struct pc_reserving *x, struct pc_reserve_space *s,
		     const struct pc_reserved *list, char *sentence)
{
	struct pc_keep_change *c = &s->change;

	if (!x->dry)
		return pc_keep_add(&x->keep, list, PC_KEEPER_RESERVE, x->ports, c, sentence);
	return pc_keep_plan_add(&x->keep, list, PC_KEEPER_RESERVE, x->ports, c);
}

static int reserve_give_up(struct pc_reserving *x, const struct pc_reserve_space *s,
			   const struct pc_reserved *list, enum pc_keeper keeper,
			   struct pc_keep_change *c, char *sentence)
{
	const uint64_t *wanted = wanted_by_files(x, s);
	bool force = x->force && keeper == PC_KEEPER_RESERVE;

	if (!x->dry)
		return pc_keep_remove(&x->keep, list, keeper, x->ports, wanted, force, c, sentence);
	return pc_keep_plan_remove(&x->keep, list, keeper, x->ports, wanted, force, c);
}

/* A `portclash free` that was killed has left its port reserved: that goes, too. */
static int remove_there(struct pc_reserving *x, struct pc_reserve_space *s,
			const struct pc_reserved *list, char *sentence)
{
	struct pc_keep_change *c = &s->change, left;
	int err = reserve_give_up(x, s, list, PC_KEEPER_FREE, &left, sentence);

	if (!err)
		err = reserve_give_up(x, s, list, PC_KEEPER_RESERVE, c, sentence);
	if (err)
		return err;
	memcpy(c->before, left.before, sizeof(c->before));
	pc_ports_unite(c->changed, left.changed);
	pc_ports_subtract(c->others, left.changed);
	pc_ports_subtract(c->after, left.changed);
	c->forgotten += left.forgotten;
	return 0;
}

static int list_there(struct pc_reserving *x, struct pc_reserve_space *s,
		      const struct pc_reserved *list)
{
	int err = pc_reserved_read(list, s->change.before);

	for (int i = PC_KEEPER_INVALID + 1; !err && i < PC_KEEPER_COUNT; i++) {
		pc_record_ports(&x->keep.record, &list->netns, (enum pc_keeper)i, s->kept[i]);
		pc_ports_intersect(s->kept[i], s->change.before);
	}
	return err;
}

static void visit_space(struct pc_reserving *x, struct pc_reserve_space *s,
			const struct pc_netns *ns)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_reserved list = PC_RESERVED_INIT;
	int err = pc_reserved_open_in(PROC, ns, &list);

	if (!err && x->action == PC_RESERVE_LIST)
		err = list_there(x, s, &list);
	else if (!err && x->action == PC_RESERVE_ADD)
		err = add_there(x, s, &list, sentence);
	else if (!err)
		err = remove_there(x, s, &list, sentence);
	pc_reserved_close(&list);
	if (err)
		s->failed = strdup(*sentence ? sentence : pc_reserved_why(err));
}

static void visit_spaces(struct pc_reserving *x)
{
	size_t at = 0;

	for (size_t i = 0; i < x->namespaces.count; i++)
		if (at < x->count && x->namespaces.list[i].inode == x->spaces[at].inode)
			visit_space(x, &x->spaces[at++], &x->namespaces.list[i]);
}

static void edit_files(struct pc_reserving *x)
{
	bool add = x->action == PC_RESERVE_ADD;

	pc_persist_edit(&x->files, PC_KEEPER_RESERVE, add ? x->ports : NULL, add ? NULL : x->ports);
	if (!add && x->force)
		pc_persist_edit(&x->files, PC_KEEPER_INVALID, NULL, x->ports);
}

/* The file could not be written: the kernel's list is to be as it was, too. */
static void take_back(struct pc_reserving *x)
{
	char sentence[PC_CURE_SENTENCE];
	struct pc_reserved list = PC_RESERVED_INIT;
	struct pc_keep_change undone;

	if (x->dry || x->action != PC_RESERVE_ADD || x->spaces[0].failed)
		return;
	if (!pc_reserved_open(PROC, &list))
		pc_keep_remove(&x->keep, &list, PC_KEEPER_RESERVE, x->spaces[0].change.changed,
			       NULL, false, &undone, sentence);
	pc_reserved_close(&list);
}

static int write_files(struct pc_reserving *x, char *sentence)
{
	int err;

	if (!x->persist || x->spaces[0].failed)
		return 0;
	edit_files(x);
	err = pc_persist_write(&x->files, x->dry, &x->boot.written, sentence);
	if (err)
		take_back(x);
	return err;
}

static void judge_boot(struct pc_reserving *x)
{
	struct pc_reserve_boot *b = &x->boot;

	b->path = x->files.path;
	b->rival = x->files.rival;
	pc_persist_at_boot(&x->files, b->ports);
	switch (x->action) {
	case PC_RESERVE_ADD:
		pc_ports_unite(b->missing, x->ports);
		break;
	case PC_RESERVE_REMOVE:
		pc_ports_unite(b->staying, x->ports);
		pc_ports_intersect(b->staying, b->ports);
		break;
	default:
		for (int i = PC_KEEPER_INVALID + 1; i < PC_KEEPER_COUNT; i++)
			pc_ports_unite(b->missing, x->spaces[0].kept[i]);
	}
	pc_ports_subtract(b->missing, b->ports);
}

int pc_reserving_run(struct pc_reserving *x, char *sentence)
{
	int err = find_spaces(x);

	if (err == -ESRCH)
		return pc_cure_say(sentence, err,
				   "unknown network namespace \"%s\"; `lsns -t net` lists them",
				   x->which);
	if (err)
		return pc_cure_say(sentence, err, "cannot find the network namespaces: %s",
				   strerror(-err));
	err = read_files(x, sentence);
	if (!err)
		err = reserve_open_record(x, sentence);
	if (err)
		return err;
	visit_spaces(x);
	err = write_files(x, sentence);
	if (!err && x->has_files)
		judge_boot(x);
	return err;
}

void pc_reserving_free(struct pc_reserving *x)
{
	for (size_t i = 0; i < x->count; i++)
		free(x->spaces[i].failed);
	free(x->spaces);
	pc_persist_free(&x->files);
	pc_keep_close(&x->keep);
	pc_netns_free(&x->namespaces);
}
