// SPDX-License-Identifier: GPL-2.0-only
/* The lower half of an entry of `who` in text: what a server would get that bound the port now, and what to do. */
#include "out/who_answers.h"

#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/cure/plan.h"
#include "core/process/party.h"
#include "core/verdict/causes.h"
#include "out/layout.h"
#include "out/text_parts.h"

static const struct pc_party *party_in_the_way(const struct pc_who_entry *e,
					       const struct pc_who_answer *a)
{
	const struct pc_holder *h = a->holder < 0 ? NULL : &e->verdict.holders[a->holder];

	return h && h->owners_count ? &h->owners[0] : NULL;
}

static void put_answer(FILE *out, const struct pc_who_entry *e, const struct pc_who_answer *a)
{
	static const char *const labels[] = { "without options", "SO_REUSEADDR", "SO_REUSEPORT" };
	const struct pc_party *holder = party_in_the_way(e, a);

	fprintf(out, PC_TEXT_ROW "  %-15s  ", "", labels[a->option]);
	if (!a->known)
		fputs("not known", out);
	else if (!a->refused)
		fputs("allowed", out);
	else
		fprintf(out, "refused: %s", pc_cause_name(a->cause));
	if (a->refused && holder) {
		fputs(", ", out);
		pc_put_party(out, holder);
	}
}

static void put_answers_address(FILE *out, const struct pc_who_answer *a)
{
	bool v6 = a->family == PC_FAMILY_V6, all = pc_address_is_any(a->family, a->address);
	char text[PC_ADDRESS_TEXT];

	fprintf(out, v6 ? PC_TEXT_ROW "[%s]%s" : PC_TEXT_ROW "%s%s", "",
		pc_address_text(a->family, a->address, text), v6 && all ? ", with IPv4 too" : "");
}

/* Does the kernel answer alike, and by the same process, whatever address and options the server has? The causes may
 * differ. */
static bool is_one_answer(const struct pc_who_entry *e)
{
	const struct pc_who_answer *first = &e->answers[0];
	const struct pc_party *one = party_in_the_way(e, first), *other;

	for (unsigned i = 0; i < e->answers_count; i++) {
		const struct pc_who_answer *a = &e->answers[i];

		other = party_in_the_way(e, a);
		if (a->known != first->known || a->refused != first->refused || !one != !other ||
		    (one && !pc_party_same(one, other)))
			return false;
	}
	return e->answers_count;
}

static bool is_new_cause(const struct pc_who_entry *e, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (e->answers[i].cause == e->answers[at].cause)
			return false;
	return true;
}

/* "is refused, whatever options it sets: listener, dual-stack; by server[7]" */
static void put_one_answer(FILE *out, const struct pc_who_entry *e)
{
	const struct pc_party *holder = party_in_the_way(e, &e->answers[0]);
	const char *whatever = e->wanted_family ? "whatever options it sets" :
						  "whatever address and options it has";

	fprintf(out, PC_TEXT_ROW "a server of uid %u ", "if bound", e->uid);
	if (!e->answers[0].known || !e->answers[0].refused) {
		fprintf(out, e->answers[0].known ? "gets it, %s" : "may get it or not, %s",
			whatever);
		return;
	}
	fprintf(out, "is refused, %s", whatever);
	for (unsigned i = 0; i < e->answers_count; i++)
		if (is_new_cause(e, i))
			fprintf(out, "%s %s", i ? "," : ":", pc_cause_name(e->answers[i].cause));
	if (holder) {
		fputs("; by ", out);
		pc_put_party(out, holder);
	}
}

void pc_who_put_answers(FILE *out, const struct pc_who_entry *e)
{
	bool one = is_one_answer(e);

	if (one)
		put_one_answer(out, e);
	else
		fprintf(out, PC_TEXT_ROW "a server of uid %u that binds it now", "if bound",
			e->uid);
	if (e->port < e->unprivileged_start)
		fprintf(out, " (ports below %u take root or CAP_NET_BIND_SERVICE)",
			e->unprivileged_start);
	for (unsigned i = 0; i < e->answers_count && !one; i++) {
		if (i % PC_WHO_OPTIONS == 0)
			put_answers_address(out, &e->answers[i]);
		put_answer(out, e, &e->answers[i]);
	}
}

/* The ways to free the port. A later one is needed where an earlier one is not enough. */
enum remedy { REMEDY_NONE = 0, REMEDY_END, REMEDY_STOP, REMEDY_EXPLAIN };

static enum remedy remedy_of(const struct pc_who_entry *e, const struct pc_holder *h)
{
	const struct pc_listed_socket listed = {
		.socket = h->socket,
		.kernel_chose = !(h->socket.userlocks & PC_LOCK_PORT),
	};
	struct pc_request server;

	if (!h->blocking)
		return REMEDY_NONE;
	pc_free_request(e->proto, e->port, e->wanted_family ? e->wanted_family : PC_FAMILY_V6,
			e->wanted, &server);
	switch (pc_free_kind_of(&listed, &server)) {
	case PC_FREE_END:
		return REMEDY_END;
	case PC_FREE_SERVER:
	case PC_FREE_BOUND:
		return h->owners_count ? REMEDY_STOP : REMEDY_EXPLAIN;
	default:
		return REMEDY_NONE;
	}
}

static void who_put_command(FILE *out, const struct pc_who_entry *e, const char *stop)
{
	char text[PC_ADDRESS_TEXT];

	fprintf(out, PC_TEXT_ROW "  " PC_MARK_COMMAND "portclash free %u%s%s", "", e->port,
		e->proto == PC_PROTO_UDP ? "/udp" : "", stop);
	if (e->wanted_family)
		fprintf(out, " --address %s", pc_address_text(e->wanted_family, e->wanted, text));
	if (!e->own)
		fprintf(out, " --netns %u", e->netns);
	fputs(PC_MARK_END, out);
}

void pc_who_put_remedy(FILE *out, const struct pc_who_entry *e)
{
	enum remedy remedy = REMEDY_NONE, one;
	const struct pc_verdict *v;

	for (unsigned page = 0; (v = pc_who_page_of(e, page)); page++)
		for (unsigned i = 0; i < v->holders_count; i++) {
			one = remedy_of(e, &v->holders[i]);
			remedy = one > remedy ? one : remedy;
		}
	/* Without the options and the processes of the sockets, the advice would be a guess. */
	if (remedy == REMEDY_NONE || e->blind)
		return;
	fprintf(out, PC_TEXT_ROW, "what to do");
	if (remedy == REMEDY_EXPLAIN) {
		fputs("no process has it open: `portclash explain kernel-socket` says what to do",
		      out);
	} else if (remedy == REMEDY_STOP) {
		fputs("if it is not your server, stop it (portclash asks first; --dry-run only shows)",
		      out);
		who_put_command(out, e, " --stop");
	} else {
		fputs("free the port (portclash asks first; --dry-run only shows)", out);
		who_put_command(out, e, "");
	}
}
