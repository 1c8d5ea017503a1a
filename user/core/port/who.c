// SPDX-License-Identifier: GPL-2.0-only
/* This file makes the entries of `who` from sockets, by the same rule and decision that explain
 * refusals. */
#include "core/port/who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/rule/conflict.h"
#include "core/verdict/decide.h"

_Static_assert(PC_WHO_ANSWERS <= PC_HOLDERS_MAX, "one holder for each answer fits");

enum group { GROUP_SERVER, GROUP_BOUND, GROUP_CONNECTED, GROUP_TIME_WAIT };

static enum group group_of(const struct pc_socket *s)
{
	if (s->state == PC_STATE_LISTEN || (s->proto == PC_PROTO_UDP && !s->rport))
		return GROUP_SERVER;
	if (s->state == PC_STATE_CLOSE && !s->rport)
		return GROUP_BOUND;
	return s->state == PC_STATE_TIME_WAIT ? GROUP_TIME_WAIT : GROUP_CONNECTED;
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Inode and remote port only make the order the same each time. */
static int compare_sockets(const void *a, const void *b)
{
	const struct pc_socket *x = a, *y = b;
	int by = order(x->netns, y->netns);

	if (!by)
		by = order(group_of(x), group_of(y));
	if (!by)
		by = order(!x->inode, !y->inode);
	if (!by)
		by = order(x->inode, y->inode);
	return by ? by : order(x->rport, y->rport);
}

void pc_who_sort(struct pc_socket *sockets, size_t count)
{
	if (count)
		qsort(sockets, count, sizeof(*sockets), compare_sockets);
}

size_t pc_who_same_netns(const struct pc_socket *sockets, size_t count)
{
	size_t n = 0;

	while (n < count && sockets[n].netns == sockets[0].netns)
		n++;
	return n;
}

static bool blocks(const struct pc_who_entry *e, const struct pc_socket *s)
{
	struct pc_side asking, holding;

	pc_side_of_requester(&e->verdict.request, &asking);
	pc_side_of_holder(s, &holding);
	return pc_conflict(e->proto, &asking, &holding);
}

/* A socket on this port can have become another one: see pc_verdict_decode(). */
static bool is_on_port(const struct pc_who_entry *e, const struct pc_socket *s)
{
	return (s->family == PC_FAMILY_V4 || s->family == PC_FAMILY_V6) && s->proto == e->proto &&
	       s->lport == e->port && s->state < PC_STATE_COUNT;
}

/* Sets the verdict's request to the bind() that this answer is about. */
static void set_request(struct pc_who_entry *e, const struct pc_who_answer *a)
{
	struct pc_request *r = &e->verdict.request;

	r->op = PC_OP_BIND;
	r->error = EADDRINUSE;
	r->proto = e->proto;
	r->netns = e->netns;
	r->uid = e->uid;
	r->wanted_port = e->port;
	r->wanted_family = a->family;
	memcpy(r->wanted, a->address, sizeof(r->wanted));
	e->verdict.settings.unprivileged_start = e->unprivileged_start;
	r->socket = (struct pc_socket){
		.family = a->family,
		.proto = e->proto,
		.uid = e->uid,
		.reuse = a->option == PC_WHO_REUSEADDR,
		.flags = a->option == PC_WHO_REUSEPORT ? PC_SOCKET_REUSEPORT : 0,
	};
}

/* A server without options cannot share with any socket on its address. */
static struct pc_who_answer plain_answer(const struct pc_who_entry *e)
{
	struct pc_who_answer a = {
		.family = e->wanted_family ? e->wanted_family : PC_FAMILY_V6,
		.option = PC_WHO_PLAIN,
	};

	memcpy(a.address, e->wanted, sizeof(a.address));
	return a;
}

/* Does the entry list the socket? The request is the plain one. */
static bool is_listed(const struct pc_who_entry *e, const struct pc_socket *s)
{
	return is_on_port(e, s) && (!e->wanted_family || blocks(e, s));
}

/* Returns the index of the first socket that blocks, or `count`. Sockets that are not shown count,
 * too. */
static size_t first_blocking(const struct pc_who_entry *e, const struct pc_socket *sockets,
			     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_on_port(e, &sockets[i]) && blocks(e, &sockets[i]))
			return i;
	return count;
}

/* May the kernel let this server in although a socket blocks? It does if the server's address fits
 * the one that the last SO_REUSEPORT left in the bind bucket (sk_reuseport_match()). No socket has
 * that address. */
static bool may_slip_in(const struct pc_who_answer *a, const struct pc_socket *s)
{
	return a->option == PC_WHO_REUSEPORT && s->proto == PC_PROTO_TCP && s->fastreuseport > 0 &&
	       !(s->flags & PC_SOCKET_REUSEPORT);
}

bool pc_who_is_privileged(const struct pc_who_entry *e)
{
	return e->uid && e->port < e->unprivileged_start;
}

/* The kernel asks for the right to the port before it looks at other sockets (__inet_bind()). */
static void answer_unprivileged(struct pc_who_entry *e)
{
	for (unsigned i = 0; i < e->answers_count; i++) {
		struct pc_who_answer *a = &e->answers[i];

		a->known = a->refused = true;
		a->cause = PC_CAUSE_PRIVILEGED_PORT;
		a->holder = -1;
	}
}

static void answer_all(struct pc_who_entry *e, const struct pc_socket *sockets, size_t count,
		       size_t needed[PC_WHO_ANSWERS])
{
	e->answers_count = e->wanted_family ? PC_WHO_OPTIONS : PC_WHO_ANSWERS;
	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++)
		needed[i] = count;
	for (unsigned i = 0; i < e->answers_count; i++) {
		struct pc_who_answer *a = &e->answers[i];

		*a = (struct pc_who_answer){
			.family = e->wanted_family   ? e->wanted_family :
				  i < PC_WHO_OPTIONS ? PC_FAMILY_V4 :
						       PC_FAMILY_V6,
			.option = (enum pc_who_option)(i % PC_WHO_OPTIONS),
			.holder = -1,
		};
		memcpy(a->address, e->wanted, sizeof(a->address));
		a->known = !e->blind || a->option == PC_WHO_PLAIN;
		set_request(e, a);
		needed[i] = a->known ? first_blocking(e, sockets, count) : count;
		if (needed[i] < count && may_slip_in(a, &sockets[needed[i]])) {
			a->known = false;
			needed[i] = count;
		}
		a->refused = needed[i] < count;
	}
	if (pc_who_is_privileged(e))
		answer_unprivileged(e);
}

static bool is_needed(const size_t needed[PC_WHO_ANSWERS], size_t index)
{
	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++)
		if (needed[i] == index)
			return true;
	return false;
}

/* Returns how many holders are shown only because they come first. */
static unsigned room_for_first(const size_t needed[PC_WHO_ANSWERS], size_t count)
{
	unsigned room = PC_HOLDERS_MAX;

	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++) {
		bool again = needed[i] == count;

		for (unsigned j = 0; j < i; j++)
			again |= needed[j] == needed[i];
		room -= !again;
	}
	return room;
}

static void show_holder(struct pc_verdict *v, const struct pc_socket *s)
{
	struct pc_holder *h = &v->holders[v->holders_count++];

	*h = (struct pc_holder){
		.socket = *s,
		.older = true,
		.claimer = { .fd = -1 },
		.peer = { .fd = -1 },
	};
}

struct pc_verdict *pc_who_page(struct pc_who_entry *e, unsigned index)
{
	return !index ? &e->verdict : index <= e->pages_count ? e->pages[index - 1] : NULL;
}

const struct pc_verdict *pc_who_page_of(const struct pc_who_entry *e, unsigned index)
{
	return !index ? &e->verdict : index <= e->pages_count ? e->pages[index - 1] : NULL;
}

void pc_who_end(struct pc_who_entry *e)
{
	while (e->pages_count)
		free(e->pages[--e->pages_count]);
}

/* False: there is no room. */
static bool show_on_page(struct pc_who_entry *e, const struct pc_socket *s)
{
	struct pc_verdict *page = e->pages_count ? e->pages[e->pages_count - 1] : NULL;

	if (!page || page->holders_count == PC_HOLDERS_MAX) {
		page = e->pages_count < PC_WHO_PAGES_MAX ? calloc(1, sizeof(*page)) : NULL;
		if (!page)
			return false;
		page->primary = -1;
		page->requester.fd = -1;
		e->pages[e->pages_count++] = page;
	}
	show_holder(page, s);
	return true;
}

void pc_who_begin(struct pc_who_entry *e, const struct pc_socket *sockets, size_t count)
{
	const struct pc_who_answer plain = plain_answer(e);
	size_t needed[PC_WHO_ANSWERS];
	unsigned room;

	e->verdict.primary = -1;
	e->verdict.requester.fd = -1;
	answer_all(e, sockets, count, needed);
	room = room_for_first(needed, count);
	set_request(e, &plain);
	for (size_t i = 0; i < count; i++) {
		enum pc_state state = pc_socket_state(&sockets[i]);
		bool necessary = is_needed(needed, i);

		if (!is_listed(e, &sockets[i]))
			continue;
		e->total++;
		e->states[state]++;
		if (necessary || room)
			show_holder(&e->verdict, &sockets[i]);
		else if (!show_on_page(e, &sockets[i]))
			e->rest[state]++;
		if (!necessary && room)
			room--;
	}
	e->verdict.holders_total = (uint32_t)e->total;
}

/* A blind source does not show how a connection got its port. An inference from flags that are
 * missing is no evidence. */
static void forget_guesses(struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		if (h->socket.proto == PC_PROTO_UDP || h->socket.state == PC_STATE_LISTEN)
			continue;
		h->how = PC_HOW_UNKNOWN;
		h->how_inferred = false;
	}
}

static bool is_guess(const struct pc_who_entry *e, const struct pc_who_answer *a)
{
	const struct pc_socket *s = a->holder < 0 ? NULL : &e->verdict.holders[a->holder].socket;

	return e->blind && s && s->proto == PC_PROTO_TCP && s->state != PC_STATE_LISTEN &&
	       pc_socket_state(s) != PC_STATE_TIME_WAIT && !pc_socket_is_self(s);
}

void pc_who_decide(struct pc_who_entry *e)
{
	const struct pc_who_answer plain = plain_answer(e);
	struct pc_verdict *v = &e->verdict;

	for (unsigned i = 0; i < e->answers_count; i++) {
		struct pc_who_answer *a = &e->answers[i];

		if (!a->refused || a->cause)
			continue;
		set_request(e, a);
		pc_decide(v);
		a->holder = v->primary;
		a->cause = is_guess(e, a) ? PC_CAUSE_UNKNOWN : v->cause;
	}
	set_request(e, &plain);
	for (unsigned i = 0; (v = pc_who_page(e, i)); i++) {
		v->request = e->verdict.request;
		v->settings = e->verdict.settings;
		pc_decide(v);
		if (e->blind)
			forget_guesses(v);
	}
}

uint64_t pc_who_oldest_owner(const struct pc_holder *h)
{
	uint64_t oldest = 0;

	for (unsigned i = 0; i < h->owners_count; i++) {
		uint64_t start = h->owners[i].who ? h->owners[i].who->key.start_ns : 0;

		if (start && (!oldest || start < oldest))
			oldest = start;
	}
	return h->owners_count < PC_OWNERS_MAX ? oldest : 0;
}

const char *pc_who_option_name(enum pc_who_option option)
{
	static const char *const names[] = { "plain", "reuseaddr", "reuseport" };

	_Static_assert(sizeof(names) / sizeof(names[0]) == PC_WHO_OPTIONS, "a name for each");
	return option < PC_WHO_OPTIONS ? names[option] : "unknown";
}
