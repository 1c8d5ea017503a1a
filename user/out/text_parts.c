// SPDX-License-Identifier: GPL-2.0-only
/* What the output for people is made of. */
#include "out/text_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/address.h"
#include "core/names.h"
#include "core/place.h"
#include "out/escape.h"

const char *pc_time_text(const struct pc_clock *clock, uint64_t boot_ns, char *out)
{
	uint64_t ns = boot_ns + clock->wall_minus_boot_ns;
	time_t seconds = (time_t)(ns / 1000000000);
	char date[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, PC_TIME_TEXT, "%s.%06luZ", date, (unsigned long)(ns % 1000000000 / 1000));
	return out;
}

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

void pc_put_age(FILE *out, uint64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
	uint64_t left = ns / 1000000000;
	int shown = 0;

	if (!left) {
		fprintf(out, "%lu ms", (unsigned long)(ns / 1000000));
		return;
	}
	for (size_t i = 0; i < 4 && shown < 2; i++) {
		if (left < units[i].seconds && !shown)
			continue;
		if (left >= units[i].seconds)
			fprintf(out, "%s%lu %s", shown ? " " : "",
				(unsigned long)(left / units[i].seconds), units[i].name);
		left %= units[i].seconds;
		shown++;
	}
}

void pc_put_connection(FILE *out, const struct pc_socket *s)
{
	char local[PC_ENDPOINT_TEXT], remote[PC_ENDPOINT_TEXT];
	bool udp = s->proto == PC_PROTO_UDP;

	fputs(pc_endpoint_text(s->family, s->local, s->lport, local), out);
	if (s->rport)
		fprintf(out, " → %s", pc_endpoint_text(s->family, s->remote, s->rport, remote));
	if (!udp)
		fprintf(out, " %s", pc_state_name(pc_socket_state(s)));
}

const char *pc_how_words(const struct pc_holder *h)
{
	switch (h->how) {
	case PC_HOW_CONNECT:
		return "the kernel gave it this port at connect()";
	case PC_HOW_BIND_ZERO:
		return "the kernel gave it this port at a bind() to port 0";
	case PC_HOW_BIND:
		return "it asked for this port by number";
	case PC_HOW_AUTOBIND:
		return "the kernel gave it this port without a bind()";
	case PC_HOW_ACCEPT:
		return "accepted by a listener on this port";
	default:
		return "how it got this port was not seen";
	}
}

int pc_text_finish(struct pc_log *log, struct pc_text *text)
{
	char *string = pc_text_close(text);
	int err;

	if (!string)
		return -ENOMEM;
	err = pc_log_line(log, string, text->len);
	free(string);
	return err;
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
