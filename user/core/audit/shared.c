// SPDX-License-Identifier: GPL-2.0-only
/* Finds servers that share one address and port, and judges whether they are of one family. */
#include "core/audit/shared.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/text.h"
#include "core/process/party.h"
#include "core/process/spared.h"

/* More strangers on one port are not told apart; then the number is a lower limit. */
#define FAMILIES 16

/* These UDP ports are shared on purpose: multicast gives each receiver a copy, and DHCP clients and servers
 * have a socket a device. */
static bool is_shared_on_purpose(const struct pc_socket *s)
{
	static const uint16_t ports[] = { 67, 68, 546, 547, 1900, 3702, 5353, 5355 };

	if (s->proto != PC_PROTO_UDP)
		return false;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (s->lport == ports[i])
			return true;
	return s->family == PC_FAMILY_V6 ? s->local[0] == 0xff : s->local[0] >> 4 == 14;
}

static bool can_share(const struct pc_listed_socket *s)
{
	return pc_audit_listens(s) && s->socket.lport && !is_shared_on_purpose(&s->socket);
}

static int compare_place(const struct pc_socket *a, const struct pc_socket *b)
{
	size_t len = a->family == PC_FAMILY_V6 ? 16 : 4;

	if (a->proto != b->proto)
		return a->proto - b->proto;
	if (a->lport != b->lport)
		return a->lport - b->lport;
	if (a->family != b->family)
		return a->family - b->family;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return memcmp(a->local, b->local, len);
}

static int compare_listed(const void *a, const void *b)
{
	const struct pc_listed_socket *const *x = a, *const *y = b;

	return compare_place(&(*x)->socket, &(*y)->socket);
}

int pc_audit_find_shared(const struct pc_socket_list *sockets, bool *shared)
{
	const struct pc_listed_socket **servers = calloc(sockets->count + 1, sizeof(*servers));
	size_t count = 0;

	if (!servers)
		return -ENOMEM;
	for (size_t i = 0; i < sockets->count; i++)
		if (can_share(&sockets->list[i]))
			servers[count++] = &sockets->list[i];
	if (count)
		qsort(servers, count, sizeof(*servers), compare_listed);
	for (size_t i = 1; i < count; i++)
		if (!compare_listed(&servers[i - 1], &servers[i]))
			shared[servers[i - 1] - sockets->list] =
				shared[servers[i] - sockets->list] = true;
	free(servers);
	return 0;
}

/* The families that have a server at one place, each by one of its entries. */
struct families {
	const struct pc_audit_entry *list[FAMILIES];
	unsigned count;
	bool cut;
	pc_kin_fn kin;
	void *context;
};

/* All processes of a service belong together, a reload's old and new ones, too. A scope or a session has
 * anything in it. */
static bool is_same_service(const struct pc_identity *a, const struct pc_identity *b)
{
	const char *unit = a->inner_unit ? a->inner_unit : a->unit;

	return pc_unit_is_service(unit) && pc_text_same_or_none(a->unit, b->unit) &&
	       pc_text_same_or_none(a->inner_unit, b->inner_unit) &&
	       pc_text_same_or_none(a->container, b->container);
}

static bool has_common_owner(const struct pc_audit_entry *a, const struct pc_audit_entry *b)
{
	for (unsigned i = 0; i < a->owners_count; i++)
		for (unsigned k = 0; k < b->owners_count; k++)
			if (pc_party_same(&a->owners[i], &b->owners[k]))
				return true;
	return false;
}

static bool is_one_family(const struct families *f, const struct pc_audit_entry *a,
			  const struct pc_audit_entry *b)
{
	const struct pc_identity *x = a->owners[0].who, *y = b->owners[0].who;

	return has_common_owner(a, b) || is_same_service(x, y) || f->kin(f->context, x, y) ||
	       f->kin(f->context, y, x);
}

/* An entry that belongs to several families makes one of them. A server whose process is not known is no
 * stranger. */
static void join_family(struct families *f, const struct pc_audit_entry *e)
{
	bool joined = false;

	if (!e->owners_count || !e->owners[0].who)
		return;
	for (unsigned i = 0; i < f->count; i++) {
		if (!is_one_family(f, f->list[i], e))
			continue;
		if (joined)
			f->list[i--] = f->list[--f->count];
		joined = true;
	}
	if (joined)
		return;
	if (f->count < FAMILIES)
		f->list[f->count++] = e;
	else
		f->cut = true;
}

static bool is_at(const struct pc_audit_entry *e, const struct pc_audit_entry *first)
{
	return e->shared && !compare_place(&e->s.socket, &first->s.socket);
}

/* Judges all entries at the place of entry `first`. */
static void judge_place(struct pc_netns_audit *a, size_t first, pc_kin_fn kin, void *context)
{
	struct families f = { .kin = kin, .context = context };

	for (size_t i = first; i < a->entries_count; i++)
		if (is_at(&a->entries[i], &a->entries[first]))
			join_family(&f, &a->entries[i]);
	a->shared += f.count > 1;
	for (size_t i = first; i < a->entries_count; i++) {
		if (!is_at(&a->entries[i], &a->entries[first]))
			continue;
		a->entries[i].families = f.count;
		a->entries[i].families_cut = f.cut;
		a->entries[i].judged = true;
	}
}

static bool is_worth_keeping(const struct pc_audit_entry *e)
{
	return !e->only_shared || e->families > 1;
}

void pc_audit_judge_shared(struct pc_netns_audit *a, pc_kin_fn kin, void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->entries_count; i++)
		if (a->entries[i].shared && !a->entries[i].judged)
			judge_place(a, i, kin, context);
	for (size_t i = 0; i < a->entries_count; i++)
		if (is_worth_keeping(&a->entries[i]))
			a->entries[kept++] = a->entries[i];
	a->entries_count = kept;
}
