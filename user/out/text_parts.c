// SPDX-License-Identifier: GPL-2.0-only
/* What the output for people is made of. */
#include "out/text_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/place.h"
#include "out/escape.h"

void pc_put_text(FILE *out, const char *text, size_t len)
{
	char *clean = malloc(PC_ESCAPE_SIZE(len));

	if (!clean)
		return;
	pc_escape_terminal(text, len, clean, PC_ESCAPE_SIZE(len));
	fputs(clean, out);
	free(clean);
}

void pc_put_string(FILE *out, const char *text)
{
	pc_put_text(out, text, strlen(text));
}

void pc_put_party(FILE *out, const struct pc_party *p)
{
	const struct pc_identity *who = p->who;
	const char *comm = p->comm[0] ? p->comm : who->comm;

	pc_put_text(out, comm, strnlen(comm, PC_COMM_LEN));
	fprintf(out, "[%u]", who->key.tgid);
	if (who->unit) {
		fputc(' ', out);
		pc_put_string(out, who->unit);
	}
	if (who->container) {
		fputs(" container ", out);
		pc_put_text(out, who->container, (size_t)pc_container_shown(who->container));
	}
	if (who->pod) {
		fputs(" pod ", out);
		pc_put_string(out, who->pod);
	}
}

static void put_users(FILE *out, const struct pc_range_use *use)
{
	for (unsigned i = 0; i < use->users_count; i++) {
		fputs(i ? ", " : "most ports: ", out);
		if (use->users[i].party.who)
			pc_put_party(out, &use->users[i].party);
		else
			fputs("processes that are not known", out);
		fprintf(out, " %u", use->users[i].ports);
	}
}

void pc_put_range_use(FILE *out, const char *format, const struct pc_range_use *use)
{
	char remote[PC_ENDPOINT_TEXT];

	fprintf(out, format, "    ", "range");
	fprintf(out, "%u of %u ports are held, left for this one: %u; ", use->held, use->offered,
		use->left);
	put_users(out, use);
	if (!use->destinations_count)
		return;
	fprintf(out, format, "    ", "");
	for (unsigned i = 0; i < use->destinations_count; i++) {
		const struct pc_socket *s = &use->destinations[i].socket;

		fprintf(out, "%s%s %u", i ? ", " : "busiest destinations: ",
			pc_endpoint_text(s->family, s->remote, s->rport, remote),
			use->destinations[i].ports);
	}
}
