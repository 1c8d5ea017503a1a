// SPDX-License-Identifier: GPL-2.0-only
/* One look at a port, from the kernel's tables. */
#include "cmd/lookup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/who.h"
#include "core/openers.h"
#include "core/peer.h"
#include "host/procfs.h"
#include "host/sysctl.h"

#define PROC "/proc"

static const char note_open[] =
	"it has the socket open; who made it, and when, only a monitor that ran then would know";
static const char note_none[] =
	"no process was found that has it open: it was just closed, or only io_uring or a message "
	"in flight refers to it";

void pc_lookup_unseen(struct pc_lookup *l, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (l->unseen_count < PC_WHO_UNSEEN_MAX && vasprintf(&text, format, args) >= 0)
		l->unseen[l->unseen_count++] = text;
	va_end(args);
}

static const struct pc_netns *find_netns(const struct pc_lookup *l, uint32_t inode)
{
	for (size_t i = 0; i < l->namespaces.count; i++)
		if (l->namespaces.list[i].inode == inode)
			return &l->namespaces.list[i];
	return NULL;
}

/* One that only a descriptor keeps is in no list, but its inode number can be asked for. */
static bool is_wanted(const struct pc_lookup *l, uint32_t inode)
{
	const struct pc_netns *ns = find_netns(l, inode);

	return pc_netns_matches(ns ? ns : &(struct pc_netns){ .inode = inode }, l->which);
}

static bool is_known(const struct pc_lookup *l)
{
	for (size_t i = 0; i < l->namespaces.count; i++)
		if (pc_netns_matches(&l->namespaces.list[i], l->which))
			return true;
	return l->count > 0;
}

/* Where the range is not known, each port may be of it: then less is inferred. */
static void read_settings(struct pc_who_place *p, const struct pc_netns *ns)
{
	struct pc_refusal *r = &p->verdict.refusal;
	struct pc_netns_settings settings = { 0 };
	int home = -1;

	if (ns && !ns->own)
		home = pc_netns_home(PROC);
	if (ns && (ns->own || (home >= 0 && !pc_netns_enter(PROC, ns))))
		pc_sysctl_settings(PROC, &settings);
	if (home >= 0) {
		pc_netns_return(home);
		close(home);
	}
	r->range_low = settings.known ? settings.low : 1;
	r->range_high = settings.known ? settings.high : PC_PORTS - 1;
	p->unprivileged_start = settings.unprivileged_start;
}

struct pc_who_place *pc_lookup_add(struct pc_lookup *l, uint8_t proto, uint32_t netns)
{
	const struct pc_netns *ns = find_netns(l, netns);
	struct pc_who_place *p;

	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 2;

		p = reallocarray(l->places, room, sizeof(*p));
		if (!p)
			return NULL;
		l->places = p;
		l->room = room;
	}
	p = &l->places[l->count++];
	memset(p, 0, sizeof(*p));
	p->port = l->port;
	p->proto = proto;
	p->uid = l->uid;
	p->netns = netns;
	p->blind = l->blind;
	p->own = ns && ns->own;
	p->pid = ns ? ns->pid : 0;
	p->path = ns ? ns->path : NULL;
	/* Where nobody holds it, the first of the list, which is the own one, stands for all. */
	read_settings(p, netns ? ns : &l->namespaces.list[0]);
	return p;
}

int pc_lookup_take(struct pc_lookup *l, uint8_t proto, struct pc_socket *sockets, size_t count)
{
	struct pc_who_place *p;

	pc_who_sort(sockets, count);
	for (size_t n; count; sockets += n, count -= n) {
		n = pc_who_same_netns(sockets, count);
		if (!is_wanted(l, sockets->netns))
			continue;
		p = pc_lookup_add(l, proto, sockets->netns);
		if (!p)
			return -ENOMEM;
		pc_who_begin(p, sockets, n);
		l->count -= !p->total;
	}
	return 0;
}

static int ask(struct pc_lookup *l, struct pc_who *kernel, uint8_t proto)
{
	const char *name = proto == PC_PROTO_TCP ? "TCP" : "UDP";
	struct pc_who_sockets found;
	struct pc_socket *copy;
	int err = pc_who_ask(kernel, proto, l->port, &found);

	if (err == -ENOENT) {
		pc_lookup_unseen(l, "the kernel's %s table was not found", name);
		l->missing = true;
		*(proto == PC_PROTO_TCP ? &l->tcp : &l->udp) = false;
		return 0;
	}
	if (err)
		return err;
	if (!found.whole) {
		pc_lookup_unseen(l, "the kernel's %s table was too large to be looked at whole",
				 name);
		l->missing = true;
	}
	if (found.total > found.count)
		pc_lookup_unseen(l,
				 "of %u %s sockets on this port, %u were looked at, listeners "
				 "among them; the others were only counted",
				 found.total, name, found.count);
	copy = malloc((found.count + 1) * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, found.sockets, found.count * sizeof(*copy));
	err = pc_lookup_take(l, proto, copy, found.count);
	free(copy);
	return err;
}

/* A process that has ended meanwhile, or whose pid is another's by now, is left out. */
static bool name_opener(void *context, const struct pc_owner *o, struct pc_party *out)
{
	struct pc_lookup *l = context;
	const struct pc_identity *who = pc_owners_identity(PROC, o->process.tgid, &l->owners);

	if (!who || !pc_procfs_is(PROC, &o->process))
		return false;
	*out = (struct pc_party){ .who = who, .running = true, .fd = -1 };
	memcpy(out->comm, o->comm, sizeof(out->comm));
	return true;
}

static void on_owner(void *context, const struct pc_owner *o)
{
	struct pc_lookup *l = context;

	for (size_t i = 0; i < l->count; i++)
		pc_openers_give(&l->places[i].verdict, o, name_opener, l);
}

static int find_owners(struct pc_lookup *l, struct pc_who *kernel)
{
	size_t places = l->count, most = PC_WANTED_MAX / PC_OPENERS_KEYS;
	struct pc_wanted wanted = { 0 };
	uint64_t *keys;
	int err = 0;

	if (places > most) {
		pc_lookup_unseen(l,
				 "the port is held in %zu places; the processes of the first %zu "
				 "are named",
				 places, most);
		places = most;
	}
	keys = malloc((places * PC_OPENERS_KEYS + 1) * sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < places; i++)
		wanted.count += pc_openers_keys(&l->places[i].verdict, keys + wanted.count);
	wanted.keys = keys;
	if (wanted.count)
		err = pc_who_owners(kernel, &wanted, on_owner, l);
	free(keys);
	if (err < 0)
		pc_lookup_unseen(l, "which processes have the sockets open could not be read: %s",
				 strerror(-err));
	return 0;
}

static void note_holders(struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];
		const char *note = pc_holder_note(h);

		if (h->owners_count)
			h->maker = h->owners[0];
		h->process_note = h->owners_count ? note_open : note ? note : note_none;
	}
}

static int by_kernel(struct pc_lookup *l, struct pc_who *kernel)
{
	int err = l->tcp ? ask(l, kernel, PC_PROTO_TCP) : 0;

	if (!err && l->udp)
		err = ask(l, kernel, PC_PROTO_UDP);
	if (!err)
		err = find_owners(l, kernel);
	for (size_t i = 0; !err && i < l->count; i++) {
		pc_who_decide(&l->places[i]);
		note_holders(&l->places[i].verdict);
	}
	return err;
}

/* A line for the protocol that nobody has the port of. */
static int add_free(struct pc_lookup *l, uint8_t proto)
{
	struct pc_who_place *p;

	for (size_t i = 0; i < l->count; i++)
		if (l->places[i].proto == proto)
			return 0;
	p = pc_lookup_add(l, proto, 0);
	if (!p)
		return -ENOMEM;
	pc_who_begin(p, NULL, 0);
	return 0;
}

int pc_lookup_run(struct pc_lookup *l)
{
	char sentence[PC_SENTENCE];
	struct pc_who *kernel = NULL;
	int err = pc_netns_find(PROC, &l->namespaces);

	if (err)
		return err;
	if (pc_who_open(&kernel, l->verbose, sentence))
		err = pc_lookup_blind(l, sentence);
	else
		err = by_kernel(l, kernel);
	pc_who_close(kernel);
	if (!err && !l->tcp && !l->udp)
		err = -ENODATA;
	if (!err && !is_known(l))
		err = -ESRCH;
	if (!err && l->tcp)
		err = add_free(l, PC_PROTO_TCP);
	if (!err && l->udp)
		err = add_free(l, PC_PROTO_UDP);
	return err;
}

void pc_lookup_free(struct pc_lookup *l)
{
	for (unsigned i = 0; i < l->unseen_count; i++)
		free(l->unseen[i]);
	free(l->places);
	pc_owners_free(&l->owners);
	pc_netns_free(&l->namespaces);
}
