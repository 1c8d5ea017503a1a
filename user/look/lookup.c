// SPDX-License-Identifier: GPL-2.0-only
/* One look at a port: the list of `who`, filled from a source. */
#include "look/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config/support.h"
#include "host/sysctl.h"
#include "host/tunnels.h"

#define PROC "/proc"

static const struct pc_netns *lookup_netns(const struct pc_lookup *l, uint32_t inode)
{
	for (size_t i = 0; i < l->namespaces.count; i++)
		if (l->namespaces.list[i].inode == inode)
			return &l->namespaces.list[i];
	return NULL;
}

/* A namespace that only an open descriptor keeps is not in the list of namespaces. The user can
 * still name it by its inode number. */
static bool is_asked_for(const struct pc_lookup *l, uint32_t inode)
{
	const struct pc_netns *ns = lookup_netns(l, inode);

	return pc_netns_matches(ns ? ns : &(struct pc_netns){ .inode = inode }, l->which);
}

static bool is_known(const struct pc_lookup *l)
{
	for (size_t i = 0; i < l->namespaces.count; i++)
		if (pc_netns_matches(&l->namespaces.list[i], l->which))
			return true;
	return l->list.count > 0;
}

/* Calls fn(argument) in a namespace, and comes back. False: it could not be entered. */
static bool call_in_space(const struct pc_netns *ns, void (*fn)(void *argument), void *argument)
{
	int home = -1;
	bool there;

	if (!ns || ns->own) {
		if (ns)
			fn(argument);
		return ns;
	}
	home = pc_netns_home(PROC);
	there = home >= 0 && !pc_netns_enter(PROC, ns);
	if (there)
		fn(argument);
	if (home >= 0) {
		pc_netns_return(home);
		close(home);
	}
	return there;
}

static void read_sysctls(void *settings)
{
	pc_sysctl_settings(PROC, settings);
}

/* Reads the port settings of a namespace. If its range is not known, each port may be in the range:
 * then the decision infers less. */
static void read_settings(struct pc_who_entry *e, const struct pc_netns *ns)
{
	struct pc_port_settings *s = &e->verdict.settings;
	struct pc_netns_settings settings = { 0 };

	call_in_space(ns, read_sysctls, &settings);
	s->low = settings.known ? settings.low : 1;
	s->high = settings.known ? settings.high : PC_PORTS - 1;
	e->unprivileged_start = settings.unprivileged_start;
}

/* Adds an entry for a protocol in a network namespace; namespace 0 stands for all that were looked
 * at. */
static struct pc_who_entry *add_lookup_entry(struct pc_lookup *l, uint8_t proto, uint32_t netns)
{
	const struct pc_netns *ns = lookup_netns(l, netns);
	struct pc_who_entry *e = pc_who_list_add(&l->list);

	if (!e)
		return NULL;
	e->port = l->port;
	e->proto = proto;
	e->uid = l->uid;
	e->wanted_family = l->family;
	memcpy(e->wanted, l->address, sizeof(e->wanted));
	e->netns = netns;
	e->blind = l->blind;
	e->own = ns && ns->own;
	e->pid = ns ? ns->pid : 0;
	e->path = ns ? ns->path : NULL;
	/* The own namespace, which is the first, has the settings where nobody holds the port. */
	read_settings(e, netns ? ns : &l->namespaces.list[0]);
	return e;
}

/* The order in which a reader wants the namespaces: the own one, those with processes, and the others. */
enum netns_rank { RANK_OWN = 0, RANK_WITH_PROCESSES, RANK_OTHERS, RANK_COUNT };

static enum netns_rank netns_rank(const struct pc_lookup *l, uint32_t netns)
{
	const struct pc_netns *ns = lookup_netns(l, netns);

	if (ns && ns->own)
		return RANK_OWN;
	return ns && ns->pid ? RANK_WITH_PROCESSES : RANK_OTHERS;
}

/* Adds an entry for each namespace of this rank that has some of the sockets and is asked for. */
static int add_ranked(struct pc_lookup *l, uint8_t proto, struct pc_socket *sockets, size_t count,
		      enum netns_rank rank)
{
	struct pc_who_entry *e;

	for (size_t n; count; sockets += n, count -= n) {
		n = pc_who_same_netns(sockets, count);
		if (!is_asked_for(l, sockets->netns) || netns_rank(l, sockets->netns) != rank)
			continue;
		e = add_lookup_entry(l, proto, sockets->netns);
		if (!e)
			return -ENOMEM;
		pc_who_begin(e, sockets, n);
		l->list.count -= !e->total;
	}
	return 0;
}

/* Adds an entry that says of the own namespace that nobody holds the port there. */
static int add_nobody_here(struct pc_lookup *l, uint8_t proto)
{
	struct pc_who_entry *e = add_lookup_entry(l, proto, 0);

	if (!e)
		return -ENOMEM;
	e->elsewhere = true;
	e->blind |= l->missing;
	pc_who_begin(e, NULL, 0);
	return 0;
}

static int add_sockets(struct pc_lookup *l, uint8_t proto, struct pc_socket *sockets, size_t count)
{
	size_t first = l->list.count;
	int err;

	pc_who_sort(sockets, count);
	err = add_ranked(l, proto, sockets, count, RANK_OWN);
	if (!err && l->list.count == first && pc_netns_matches(&l->namespaces.list[0], l->which))
		err = add_nobody_here(l, proto);
	for (enum netns_rank rank = RANK_OWN + 1; rank < RANK_COUNT && !err; rank++)
		err = add_ranked(l, proto, sockets, count, rank);
	if (l->list.count == first + 1 && l->list.entries[first].elsewhere)
		l->list.count = first;
	return err;
}

static void say_what_is_missing(struct pc_lookup *l, const char *name,
				const struct pc_source_sockets *found)
{
	if (!found->whole) {
		pc_who_list_unseen(&l->list,
				   "the kernel's %s table was too large to be looked at whole",
				   name);
		l->missing = true;
	}
	if (found->total > found->count)
		pc_who_list_unseen(
			&l->list,
			"of %u %s sockets on this port, %zu were looked at, listeners among them; the others were only counted",
			found->total, name, found->count);
}

static int look_at_protocol(struct pc_lookup *l, const struct pc_lookup_source *source,
			    uint8_t proto)
{
	const char *name = proto == PC_PROTO_TCP ? "TCP" : "UDP";
	struct pc_source_sockets found = { 0 };
	int err = source->ops->sockets(source->context, proto, l->port, &found);

	if (err == -ENOENT) {
		pc_who_list_unseen(&l->list, "the kernel's %s table was not found", name);
		l->missing = true;
		*(proto == PC_PROTO_TCP ? &l->tcp : &l->udp) = false;
		return 0;
	}
	if (err)
		return err;
	say_what_is_missing(l, name, &found);
	err = add_sockets(l, proto, found.list, found.count);
	free(found.list);
	return err;
}

static void name_holders(const struct pc_port_source *source, struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		if (h->owners_count)
			h->claimer = h->owners[0];
		h->process_note = source->note(h);
	}
}

/* Decides, and names for each holder a process: nothing tells which of its owners made the
 * claim. */
static void decide_entry(const struct pc_port_source *source, struct pc_who_entry *e)
{
	struct pc_verdict *v;

	pc_who_decide(e);
	for (unsigned i = 0; (v = pc_who_page(e, i)); i++)
		name_holders(source, v);
}

static void read_tunnels(void *entry)
{
	struct pc_who_entry *e = entry;

	if (pc_tunnels_read(e->port, &e->verdict.tunnels))
		e->verdict.tunnels = (struct pc_tunnels){ 0 };
}

/* A UDP socket that no process has open may be a tunnel's. */
static void find_tunnels(const struct pc_lookup *l, struct pc_who_entry *e)
{
	bool kernels = false;

	for (unsigned i = 0; i < e->verdict.holders_count; i++)
		kernels |= !e->verdict.holders[i].owners_count;
	if (kernels && e->proto == PC_PROTO_UDP)
		call_in_space(lookup_netns(l, e->netns), read_tunnels, e);
}

static int fill_list(struct pc_lookup *l, const struct pc_lookup_source *source)
{
	int err = l->tcp ? look_at_protocol(l, source, PC_PROTO_TCP) : 0;

	if (!err && l->udp)
		err = look_at_protocol(l, source, PC_PROTO_UDP);
	if (!err)
		err = source->ops->owners(source->context, &l->list, &l->owners);
	for (size_t i = 0; !err && i < l->list.count; i++) {
		if (!l->list.entries[i].total)
			continue;
		decide_entry(source->ops, &l->list.entries[i]);
		find_tunnels(l, &l->list.entries[i]);
	}
	return err;
}

/* Opens the first source that can be opened. */
static int open_source(struct pc_lookup *l, const struct pc_port_source *const *sources)
{
	struct pc_lookup_source *out = &l->source;
	const struct pc_netns *own = &l->namespaces.list[0];
	const struct pc_source_options options = { own->inode, l->btf, l->verbose };
	int err = -ENODATA;

	for (; *sources; sources++) {
		if ((*sources)->blind && !pc_netns_matches(own, l->which)) {
			pc_who_list_unseen(&l->list, "%s", out->why);
			return -EACCES;
		}
		l->blind = (*sources)->blind;
		err = (*sources)->open(&options, &out->context, out->why);
		if (err)
			continue;
		out->ops = *sources;
		break;
	}
	return err;
}

/* Adds an entry for a protocol of which nobody holds the port. */
static int add_free_entry(struct pc_lookup *l, uint8_t proto)
{
	struct pc_who_entry *e;

	for (size_t i = 0; i < l->list.count; i++)
		if (l->list.entries[i].proto == proto)
			return 0;
	e = add_lookup_entry(l, proto, 0);
	if (!e)
		return -ENOMEM;
	pc_who_begin(e, NULL, 0);
	return 0;
}

/* docs/who.md has the whole list, for whom the short sentence is not enough. */
static void say_blind(struct pc_lookup *l)
{
	if (l->verbose)
		pc_who_list_unseen(
			&l->list,
			"other users' processes, other network namespaces, sockets that are only bound if this kernel does not list them, SO_REUSEADDR and SO_REUSEPORT: portclash runs as uid %u, and %s",
			geteuid(), l->source.why);
	else if (geteuid())
		pc_who_list_unseen(
			&l->list,
			"other users' processes, other network namespaces, socket options: run portclash with sudo");
	else
		pc_who_list_unseen(
			&l->list,
			"other users' processes, other network namespaces, socket options: %s",
			l->source.why);
}

int pc_lookup_open(struct pc_lookup *l, const struct pc_port_source *const *sources)
{
	int err = pc_netns_find(PROC, &l->namespaces);

	if (!err)
		err = open_source(l, sources);
	if (!err && l->blind)
		say_blind(l);
	return err;
}

int pc_lookup_ask(struct pc_lookup *l)
{
	int err;

	pc_who_list_clear(&l->list);
	err = fill_list(l, &l->source);
	if (!err && !l->tcp && !l->udp)
		err = -ENODATA;
	if (!err && !is_known(l))
		err = -ESRCH;
	if (!err && l->tcp)
		err = add_free_entry(l, PC_PROTO_TCP);
	if (!err && l->udp)
		err = add_free_entry(l, PC_PROTO_UDP);
	return err;
}

static void close_source(struct pc_lookup *l)
{
	if (l->source.ops)
		l->source.ops->close(l->source.context);
	l->source.ops = NULL;
}

int pc_lookup_run(struct pc_lookup *l, const struct pc_port_source *const *sources)
{
	int err = pc_lookup_open(l, sources);

	if (!err)
		err = pc_lookup_ask(l);
	close_source(l);
	return err;
}

void pc_lookup_free(struct pc_lookup *l)
{
	close_source(l);
	pc_who_list_free(&l->list);
	pc_owners_free(&l->owners);
	pc_netns_free(&l->namespaces);
}
