// SPDX-License-Identifier: GPL-2.0-only
/* What makes two verdicts the same collision: all that a reader acts on is in the key, so that
 * what is not written again would have said nothing else. */
#include "core/repeat_key.h"

#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/party.h"
#include "core/text.h"

/* Options of a socket that a verdict depends on. */
#define OPTIONS (PC_SOCKET_REUSEPORT | PC_SOCKET_V6ONLY)

static void put_number(FILE *out, uint64_t value)
{
	fprintf(out, "%lu ", (unsigned long)value);
}

/* With its length: no string can look like two others. */
static void put_string(FILE *out, const char *text)
{
	if (text)
		fprintf(out, "%zu:%s ", strlen(text), text);
	else
		fputs("- ", out);
}

static void put_process(FILE *out, const struct pc_process_key *key)
{
	put_number(out, key->tgid);
	put_number(out, key->start_ns);
}

static void put_party(FILE *out, const struct pc_party *p)
{
	if (p && p->who)
		put_process(out, &p->who->key);
	else
		fputs("- ", out);
}

static void put_end(FILE *out, uint16_t family, const uint8_t *address, uint16_t port)
{
	char text[PC_ENDPOINT_TEXT];

	put_number(out, family);
	put_string(out, pc_endpoint_text(family, address, port, text));
}

static void put_wanted(FILE *out, const struct pc_refusal *r)
{
	put_number(out, r->proto);
	put_number(out, r->op);
	put_number(out, (uint64_t)r->error);
	put_number(out, r->netns);
	put_end(out, r->wanted_family, r->wanted, r->wanted_port);
	put_number(out, r->uid);
	put_number(out, r->socket.lport);
	put_number(out, r->socket.reuse);
	put_number(out, r->socket.flags & OPTIONS);
	put_number(out, r->socket.ifindex);
}

/* The explanation and the fixes speak of these. */
static void put_settings(FILE *out, const struct pc_refusal *r)
{
	put_number(out, r->range_low);
	put_number(out, r->range_high);
	put_number(out, r->own_low);
	put_number(out, r->own_high);
	put_number(out, r->reserved);
	put_number(out, r->unprivileged_start);
}

/* A pod stays when its container is made anew, with another id, after each crash. A bare path is
 * no place: on cgroup v1 it is not known of every process. */
static void put_place(FILE *out, const struct pc_identity *who)
{
	if (who->pod)
		put_string(out, who->pod);
	else if (who->container)
		put_string(out, who->container);
	else
		put_string(out, who->unit);
}

/* One that is not known is nobody else. */
static void put_requester(FILE *out, const struct pc_verdict *v)
{
	const struct pc_identity *who = v->requester.who;

	if (!who || !who->exe) {
		put_process(out, &v->refusal.process);
		return;
	}
	put_place(out, who);
	put_string(out, who->exe);
	put_string(out, who->cmdline);
}

static void put_holder(FILE *out, const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	put_number(out, s->cookie);
	put_number(out, s->inode);
	put_number(out, pc_socket_state(s));
	put_end(out, s->family, s->local, s->lport);
	put_end(out, s->family, s->remote, s->rport);
	put_number(out, h->how);
	put_party(out, &h->maker);
	put_party(out, pc_holder_actor(h));
}

/* When the cause speaks of no holder, any of them may be what a reader looks for. */
char *pc_repeat_key(const struct pc_verdict *v)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return NULL;
	put_number(text.out, v->cause);
	put_number(text.out, v->primary >= 0);
	put_wanted(text.out, &v->refusal);
	put_settings(text.out, &v->refusal);
	put_requester(text.out, v);
	for (unsigned i = 0; i < v->holders_count; i++)
		if (v->primary < 0 || (int)i == v->primary)
			put_holder(text.out, &v->holders[i]);
	return pc_text_close(&text);
}
