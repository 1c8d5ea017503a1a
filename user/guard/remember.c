// SPDX-License-Identifier: GPL-2.0-only
/* The files that the guard before this one left: its notes, the record of its own ports, and after a reboot the
 * sysctl.d file. */
#include <string.h>
#include <errno.h>

#include "cure/persist.h"
#include "guard/private.h"
#include "host/clock.h"
#include "host/netns.h"

static uint32_t pid_of(const struct pc_netns_list *all, uint32_t inode)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].inode == inode)
			return all->list[i].pid;
	return 0;
}

static bool exists(const struct pc_netns_list *all, uint32_t inode)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].inode == inode)
			return true;
	return false;
}

/* The space of a namespace of the notes or the record, unless another one has its inode number now. */
static struct pc_guard_space *space_of(struct pc_guarding *x, const struct pc_netns_list *all,
				       const struct pc_netns_id *netns)
{
	struct pc_guard_space *s = NULL;

	if (exists(all, netns->inode))
		s = pc_guard_space_get(x, netns->inode, pid_of(all, netns->inode), NULL);
	return s && pc_netns_id_same(&s->list.netns, netns) ? s : NULL;
}

static void put_remembered(struct pc_guarding *x, struct pc_guard_space *s,
			   const struct pc_guard_port *port)
{
	enum pc_guard_answer answer = pc_guard_put(&x->guard, s->ns, port);

	s->dirty = true;
	if (pc_guard_is_limit(answer))
		pc_guard_tell_limit(x, s, s->ns->inode, port->port, &port->who, answer);
}

static void remember_notes(struct pc_guarding *x, const struct pc_netns_list *all,
			   const struct pc_record *record)
{
	struct pc_guard_notes n = { 0 };
	int err = pc_guard_read_notes(x->options.state, record->boot, &n);

	if (err == -EBADMSG)
		pc_guard_tell_failure(
			x, 0,
			"the guard's notes are damaged: each port starts its grace anew, and its server and date are not known");
	for (size_t i = 0; !err && i < n.count; i++) {
		struct pc_guard_space *s = space_of(x, all, &n.list[i].netns);
		uint64_t own[PC_PORT_WORDS] = { 0 };
		struct pc_guard_port port = n.list[i].port;

		if (!s)
			continue;
		pc_record_ports(record, &s->list.netns, PC_KEEPER_GUARD, own);
		port.kept = pc_ports_has(own, port.port);
		put_remembered(x, s, &port);
	}
	pc_guard_notes_free(&n);
}

static void put_ports(struct pc_guarding *x, struct pc_guard_space *s, const uint64_t *ports,
		      enum pc_guard_reason reason, bool kept)
{
	uint64_t now_ns = pc_boot_ns();

	for (unsigned port = 1; port < PC_PORTS; port++)
		if (pc_ports_has(ports, (uint16_t)port))
			put_remembered(x, s,
				       &(struct pc_guard_port){ .port = (uint16_t)port,
								.reason = reason,
								.kept = kept,
								.since_ns = now_ns,
								.seen_ns = now_ns });
}

/* The record is the truth about what is the guard's own; a namespace that has ended goes from it. */
static void remember_record(struct pc_guarding *x, const struct pc_netns_list *all,
			    struct pc_keep *k, char *sentence)
{
	for (size_t i = k->record.count; i--;) {
		const struct pc_record_entry *e = &k->record.list[i];
		struct pc_netns_id netns = e->netns;
		struct pc_guard_space *s;

		if (e->keeper != PC_KEEPER_GUARD)
			continue;
		s = space_of(x, all, &netns);
		if (s)
			put_ports(x, s, e->ports, PC_GUARD_LISTENER, true);
		else if (!exists(all, netns.inode))
			pc_keep_forget(k, &netns, PC_KEEPER_GUARD, sentence);
	}
}

/* Take up what the guard knew before the machine booted; systemd-sysctl has reserved those ports by now. */
static void remember_file(struct pc_guarding *x, struct pc_keep *k, char *sentence)
{
	struct pc_guard_space *s = pc_guard_space_find(x, x->own_netns);
	uint64_t learnt[PC_PORT_WORDS];
	struct pc_persist p;

	if (!s || !x->options.persist)
		return;
	if (pc_persist_read(x->options.root, &p, sentence)) {
		pc_guard_tell_failure(x, x->own_netns, sentence);
		return;
	}
	memcpy(learnt, p.file.kept[PC_KEEPER_GUARD], sizeof(learnt));
	put_ports(x, s, learnt, PC_GUARD_LEARNT, false);
	pc_ports_subtract(learnt, p.others);
	if (!pc_reserved_read(&s->list, p.others))
		pc_ports_intersect(learnt, p.others);
	if (pc_keep_adopt(k, &s->list.netns, PC_KEEPER_GUARD, learnt, sentence))
		pc_guard_tell_failure(x, x->own_netns, sentence);
	pc_persist_free(&p);
}

/* Release the guard's own ports that the table lacks: they have expired, or no limit lets them in. */
static void release_stale(struct pc_guarding *x, const struct pc_record *record)
{
	for (size_t i = 0; i < x->count; i++) {
		uint64_t own[PC_PORT_WORDS] = { 0 }, wanted[PC_PORT_WORDS] = { 0 };
		struct pc_guard_space *s = x->spaces[i];

		pc_record_ports(record, &s->list.netns, PC_KEEPER_GUARD, own);
		pc_guard_ports(s->ns, wanted);
		pc_ports_subtract(own, wanted);
		if (!pc_ports_is_empty(own))
			pc_guard_release(x, s, own);
	}
}

void pc_guard_release_stale(struct pc_guarding *x)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_keep k;

	if (pc_keep_look(PC_GUARD_PROC, x->options.state, &k, sentence))
		return;
	release_stale(x, &k.record);
	pc_keep_close(&k);
}

void pc_guard_remember(struct pc_guarding *x)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_netns_list all = { 0 };
	struct pc_record record;
	struct pc_keep k;

	if (pc_netns_find(PC_GUARD_PROC, &all))
		return;
	if (pc_keep_open(PC_GUARD_PROC, x->options.state, PC_KEEP_PATIENCE_MS, &k, sentence)) {
		pc_guard_tell_failure(x, 0, sentence);
		pc_netns_free(&all);
		return;
	}
	memcpy(x->boot, k.record.boot, sizeof(x->boot));
	remember_notes(x, &all, &k.record);
	remember_record(x, &all, &k, sentence);
	remember_file(x, &k, sentence);
	record = k.record;
	k.record = (struct pc_record){ 0 };
	pc_keep_close(&k);
	release_stale(x, &record);
	pc_record_free(&record);
	pc_netns_free(&all);
}
