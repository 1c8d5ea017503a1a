// SPDX-License-Identifier: GPL-2.0-only
/* The key of a collision: all that a reader acts on is in the key, so that a verdict that is not
 * written again would have said nothing else. */
#include "core/memory/repeat_key.h"

#include <errno.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/array.h"
#include "core/process/party.h"

/* Options of a socket that a verdict depends on. */
#define OPTIONS (PC_SOCKET_REUSEPORT | PC_SOCKET_V6ONLY)

static void key_grow(struct pc_repeat_key *key, size_t len)
{
	if (pc_array_reserve(&key->bytes, &key->room, key->len + len, 1))
		key->failed = true;
}

/* A key has fifty parts, most of them numbers: inline they are stores. */
static inline void key_bytes(struct pc_repeat_key *key, const void *bytes, size_t len)
{
	if (key->room - key->len < len)
		key_grow(key, len);
	if (key->failed)
		return;
	memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

static inline void put_number(struct pc_repeat_key *key, uint64_t value)
{
	key_bytes(key, &value, sizeof(value));
}

/* The length goes in front: no string can look like two others. No string has the length of a missing one. */
static void put_string(struct pc_repeat_key *key, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	put_number(key, text ? len : UINT64_MAX);
	if (text)
		key_bytes(key, text, len);
}

static void put_process(struct pc_repeat_key *key, const struct pc_process_key *process)
{
	put_number(key, process->tgid);
	put_number(key, process->start_ns);
}

/* No process has the id 0. */
static void put_party(struct pc_repeat_key *key, const struct pc_party *p)
{
	static const struct pc_process_key nobody;

	put_process(key, p && p->who ? &p->who->key : &nobody);
}

/* The family says how many bytes of the address count. */
static void put_end(struct pc_repeat_key *key, uint16_t family, const uint8_t *address,
		    uint16_t port)
{
	put_number(key, family);
	if (family == PC_FAMILY_V4)
		key_bytes(key, address, 4);
	else if (family == PC_FAMILY_V6)
		key_bytes(key, address, 16);
	put_number(key, port);
}

/* The length goes in front of the name, which may have any bytes. */
static void put_foreign(struct pc_repeat_key *key, const struct pc_foreign *f)
{
	if (!f->family)
		return;
	put_number(key, f->protocol);
	put_number(key, f->type);
	put_number(key, f->mntns);
	put_number(key, f->name_len);
	key_bytes(key, f->name, f->name_len);
}

static void put_wanted(struct pc_repeat_key *key, const struct pc_request *r)
{
	put_number(key, r->proto);
	put_number(key, r->op);
	put_number(key, (uint64_t)r->error);
	put_number(key, r->netns);
	put_number(key, r->netns_key); /* inode numbers are used again */
	put_end(key, r->wanted_family, r->wanted, r->wanted_port);
	put_foreign(key, &r->foreign);
	put_number(key, r->uid);
	put_number(key, r->socket.lport);
	put_number(key, r->socket.reuse);
	put_number(key, r->socket.flags & OPTIONS);
	put_number(key, r->socket.ifindex);
}

/* The explanation and the fixes speak of these. */
static void repeat_key_put_settings(struct pc_repeat_key *key, const struct pc_verdict *v)
{
	put_number(key, v->settings.low);
	put_number(key, v->settings.high);
	put_number(key, v->request.own_low);
	put_number(key, v->request.own_high);
	put_number(key, v->settings.wanted_reserved);
	put_number(key, v->settings.unprivileged_start);
}

/* A pod stays when its container is made anew, with another id, after each crash. A bare path is
 * no place: on cgroup v1 it is not known of every process. */
static void put_surroundings(struct pc_repeat_key *key, const struct pc_identity *who)
{
	if (who->pod)
		put_string(key, who->pod);
	else if (who->container)
		put_string(key, who->container);
	else
		put_string(key, who->inner_unit ? who->inner_unit : who->unit);
}

/* An unidentified requester equals only itself. */
static void put_requester(struct pc_repeat_key *key, const struct pc_verdict *v)
{
	const struct pc_identity *who = v->requester.who;

	put_number(key, who && who->exe);
	if (!who || !who->exe) {
		put_process(key, &v->requester.key);
		return;
	}
	put_surroundings(key, who);
	put_string(key, who->exe);
	put_string(key, who->cmdline);
}

static void repeat_key_put_holder(struct pc_repeat_key *key, const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	put_number(key, s->cookie);
	put_number(key, s->inode);
	put_number(key, pc_socket_state(s));
	put_end(key, s->family, s->local, s->lport);
	put_end(key, s->family, s->remote, s->rport);
	put_number(key, h->how);
	put_party(key, &h->claimer);
	put_party(key, pc_holder_process(h));
}

/* A cause that speaks of no holder: any holder may be what a reader looks for. */
int pc_repeat_key(const struct pc_verdict *v, struct pc_repeat_key *key)
{
	key->len = 0;
	key->failed = false;
	put_number(key, v->cause);
	put_number(key, v->primary >= 0);
	put_wanted(key, &v->request);
	put_number(key, v->site.kind);
	put_number(key, v->site.inode);
	put_number(key, v->tunnels.count);
	for (uint32_t i = 0; i < v->tunnels.count; i++)
		put_string(key, v->tunnels.list[i].name);
	repeat_key_put_settings(key, v);
	put_requester(key, v);
	for (unsigned i = 0; i < v->holders_count; i++)
		if (v->primary < 0 || (int)i == v->primary)
			repeat_key_put_holder(key, &v->holders[i]);
	return key->failed ? -ENOMEM : 0;
}
