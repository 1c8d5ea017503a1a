// SPDX-License-Identifier: GPL-2.0-only
/* This file writes the list of `who` for people. All text of other processes is escaped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/names.h"
#include "core/base/ports.h"
#include "core/port/alike.h"
#include "core/verdict/tunnel_match.h"
#include "out/text_parts.h"
#include "out/text_process.h"
#include "out/who.h"
#include "out/who_answers.h"

static void put_privileged(FILE *out, uint32_t uid, const char *verb)
{
	fprintf(out,
		", but the kernel refuses %s to a server of uid %u without CAP_NET_BIND_SERVICE: privileged-port",
		verb, uid);
}

static void put_nobody(FILE *out, const struct pc_who_entry *e)
{
	fputs(e->blind ? ": nobody is seen to hold it" : ": nobody holds it", out);
	if (e->elsewhere)
		fputs(" in this network namespace", out);
	if (pc_who_is_privileged(e))
		put_privileged(out, e->uid, "it");
	else if (e->elsewhere && !e->blind)
		fputs("; a server gets it", out);
}

static void put_entry_head(FILE *out, const struct pc_who_entry *e, bool elsewhere)
{
	fprintf(out, "%s%s port %u", elsewhere ? "elsewhere: " : "", pc_proto_name(e->proto),
		e->port);
	if (!e->netns) {
		put_nobody(out, e);
		return;
	}
	fputs(" in ", out);
	pc_put_netns(out, e->netns, e->own, e->path, e->pid);
	if (!e->own && !e->path && !e->pid)
		fputs(" (no process was seen in it)", out);
	fprintf(out, ": %zu socket%s", e->total, e->total == 1 ? "" : "s");
}

static void put_age(FILE *out, const struct pc_clock *clock, const struct pc_holder *h)
{
	uint64_t start = pc_who_oldest_owner(h);

	if (!start || start > clock->now_ns)
		return;
	fprintf(out, "; its %sprocess started ", h->owners_count > 1 ? "oldest " : "");
	pc_put_since(out, clock, start);
}

static void put_parties(FILE *out, const struct pc_holder *h, bool blind)
{
	if (!h->owners_count)
		fputs(blind && h->socket.inode ? "a process not seen" : "no process", out);
	for (unsigned i = 0; i < h->owners_count; i++) {
		if (pc_owner_is_repeated(h->owners, i))
			continue;
		if (i)
			fprintf(out, PC_TEXT_ROW "and ", "");
		pc_put_party(out, &h->owners[i]);
		fprintf(out, " as descriptor %d", h->owners[i].fd);
		if (h->owners[i].who) {
			fprintf(out, PC_TEXT_ROW, "");
			pc_put_process(out, h->owners[i].who);
		}
		pc_put_alike_owners(out, PC_TEXT_ROW_BELOW "and ", h->owners, h->owners_count, i);
	}
	if (h->owners_more)
		fprintf(out, PC_TEXT_ROW "and %u more process%s", "", h->owners_more,
			h->owners_more == 1 ? "" : "es");
}

static void put_tunnels(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	for (uint32_t i = 0; i < v->tunnels.count; i++) {
		const struct pc_tunnel *t = &v->tunnels.list[i];
		enum pc_tunnel_match match = pc_tunnel_match(v, h, t);

		if (match == PC_TUNNEL_OTHER)
			continue;
		fprintf(out, PC_TEXT_ROW "it %s that of the tunnel ", "",
			match == PC_TUNNEL_SURE ? "is" : "may be");
		pc_put_string(out, t->name);
		fprintf(out, " (%s)", pc_tunnel_kind_name(t->kind));
	}
}

static void put_entry_holder(FILE *out, const struct pc_clock *clock, const struct pc_holder *h,
			     bool blind)
{
	fprintf(out, PC_TEXT_ROW, "held by");
	put_parties(out, h, blind);
	fprintf(out, PC_TEXT_ROW, "");
	pc_put_connection(out, &h->socket);
	if (h->socket.seconds_left)
		fprintf(out, ", %u s left", h->socket.seconds_left);
	if (h->owners_count || h->how)
		fprintf(out, PC_TEXT_ROW "%s", "", pc_how_words(h));
	put_age(out, clock, h);
	if (!h->owners_count && h->process_note)
		fprintf(out, PC_TEXT_ROW "%s", "", h->process_note);
	if (h->peer.who) {
		fprintf(out, PC_TEXT_ROW "the other end is ", "");
		pc_put_party(out, &h->peer);
		if (h->peer_listens)
			fputs(", which has not accepted it yet", out);
	}
}

/* A place in the pages of an entry. */
struct place {
	unsigned page;
	unsigned at;
};

static const struct pc_holder *holder_at(const struct pc_who_entry *e, struct place *p)
{
	const struct pc_verdict *v = pc_who_page_of(e, p->page);

	for (; v && p->at >= v->holders_count; v = pc_who_page_of(e, p->page)) {
		p->page++;
		p->at = 0;
	}
	return v ? &v->holders[p->at] : NULL;
}

static bool is_first_alike(const struct pc_who_entry *e, const struct pc_holder *h)
{
	const struct pc_holder *other;

	for (struct place p = { 0 }; (other = holder_at(e, &p)) && other != h; p.at++)
		if (pc_holders_alike(other, h))
			return false;
	return true;
}

/* "and 199 more like it, of processes 101, 102". A process is named once for all its sockets in a row. */
static void put_alike(FILE *out, const struct pc_who_entry *e, const struct pc_holder *first,
		      struct place p)
{
	uint32_t last = first->owners_count ? first->owners[0].key.tgid : 0;
	const struct pc_holder *h;
	unsigned more = 0;
	struct pc_text pids;
	bool some = false;
	char *text;

	if (pc_text_open(&pids))
		return;
	for (p.at++; (h = holder_at(e, &p)); p.at++) {
		uint32_t pid = h->owners_count ? h->owners[0].key.tgid : 0;

		if (!pc_holders_alike(first, h))
			continue;
		more++;
		if (pid && pid != last)
			fprintf(pids.out, "%s%u", some ? ", " : "", pid);
		some |= pid && pid != last;
		last = pid;
	}
	text = pc_text_close(&pids);
	if (more && some && text)
		fprintf(out, PC_TEXT_ROW "and %u more like it, of process%s %s", "", more,
			strchr(text, ',') ? "es" : "", text);
	else if (more)
		fprintf(out, PC_TEXT_ROW "and %u more like it%s", "", more,
			first->owners_count ? ", of the same process" : "");
	free(text);
}

static size_t shown_count(const struct pc_who_entry *e)
{
	const struct pc_verdict *v;
	size_t count = 0;

	for (unsigned i = 0; (v = pc_who_page_of(e, i)); i++)
		count += v->holders_count;
	return count;
}

static void put_entry_holders(FILE *out, const struct pc_clock *clock, const struct pc_who_entry *e)
{
	const struct pc_holder *h;

	for (struct place p = { 0 }; (h = holder_at(e, &p)); p.at++) {
		if (!is_first_alike(e, h))
			continue;
		put_entry_holder(out, clock, h, e->blind);
		put_alike(out, e, h, p);
		put_tunnels(out, &e->verdict, h);
	}
}

static void put_rest(FILE *out, const struct pc_who_entry *e)
{
	size_t more = e->total - shown_count(e);
	const char *comma = ": ";

	if (!more)
		return;
	fprintf(out, PC_TEXT_ROW "%zu more", "and", more);
	for (int i = PC_STATE_INVALID + 1; i < PC_STATE_COUNT; i++) {
		if (!e->rest[i])
			continue;
		fprintf(out, "%s%s %u", comma, pc_state_name(i), e->rest[i]);
		comma = ", ";
	}
}

static int write_text_entry(struct pc_log *log, const struct pc_clock *clock,
			    const struct pc_who_entry *e, bool elsewhere)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	put_entry_head(text.out, e, elsewhere);
	put_entry_holders(text.out, clock, e);
	put_rest(text.out, e);
	if (e->total) {
		pc_who_put_answers(text.out, e);
		pc_who_put_remedy(text.out, e);
	}
	return pc_text_finish(log, &text);
}

int pc_who_text_entries(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_who_list *list, bool held)
{
	bool elsewhere = false;
	int err = 0;

	for (size_t i = 0; !err && i < list->count; i++) {
		const struct pc_who_entry *e = &list->entries[i];

		elsewhere &= i && e->proto == list->entries[i - 1].proto;
		if (e->total || e->elsewhere || !held)
			err = write_text_entry(log, clock, e, elsewhere);
		elsewhere |= e->elsewhere;
	}
	return err;
}

int pc_who_text_free_ports(struct pc_log *log, uint8_t proto, const uint64_t *ports, bool blind,
			   uint32_t refused_uid)
{
	struct pc_text text;
	char *numbers;

	if (pc_ports_is_empty(ports))
		return 0;
	numbers = pc_ports_format(ports);
	if (!numbers || pc_text_open(&text)) {
		free(numbers);
		return -ENOMEM;
	}
	fprintf(text.out, "%s ports %s: nobody %s them", pc_proto_name(proto), numbers,
		blind ? "is seen to hold" : "holds");
	if (refused_uid)
		put_privileged(text.out, refused_uid, "them");
	free(numbers);
	return pc_text_finish(log, &text);
}

int pc_who_text_unseen(struct pc_log *log, const struct pc_who_list *list)
{
	struct pc_text text;
	int err = 0;

	for (unsigned i = 0; !err && i < list->unseen_count; i++) {
		if (pc_text_open(&text))
			return -ENOMEM;
		fputs("not seen    ", text.out);
		pc_put_string(text.out, list->unseen[i]);
		err = pc_text_finish(log, &text);
	}
	return err;
}
