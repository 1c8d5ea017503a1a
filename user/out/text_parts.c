// SPDX-License-Identifier: GPL-2.0-only
/* Parts of the output for people. */
#include "out/text_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/verdict/surroundings.h"
#include "out/escape.h"
#include "out/layout.h"
#include "out/terminal.h"

const char *pc_time_text(const struct pc_clock *clock, uint64_t boot_ns, char *out)
{
	uint64_t ns = boot_ns + clock->wall_minus_boot_ns;
	time_t seconds = (time_t)(ns / PC_NS_PER_SECOND);
	char date[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, PC_TIME_TEXT, "%s.%06luZ", date,
		 (unsigned long)(ns % PC_NS_PER_SECOND / 1000));
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

/* "nginx.service", and below a user's manager "app.service of user 1000". Whoever owns a control group can name one below it
 * like a unit: then the text says so. */
static void put_unit(FILE *out, const struct pc_party *p)
{
	const struct pc_identity *who = p->who;
	const char *unit = who->inner_unit ? who->inner_unit : who->unit;

	if (!unit)
		return;
	fputc(' ', out);
	pc_put_string(out, unit);
	if (who->inner_unit && who->below_user)
		fprintf(out, " of user %u", who->manager_user);
	if (p->place.users_word && !who->container)
		fputs(" (so named by a user)", out);
}

/* A pod's uid tells people nothing: it stands only where there is no name. */
static void put_pod(FILE *out, const struct pc_identity *who)
{
	if (!who->pod)
		return;
	fputs(" pod ", out);
	if (who->given.pod_namespace) {
		pc_put_string(out, who->given.pod_namespace);
		fputc('/', out);
	}
	pc_put_string(out, who->given.pod ? who->given.pod : who->pod);
}

/* Any user can name a cgroup of his like a container's: then the text says so. */
static void put_container(FILE *out, const struct pc_identity *who)
{
	if (who->container) {
		fputs(" container ", out);
		if (who->given.container) {
			pc_put_string(out, who->given.container);
			fputs(" (", out);
		}
		pc_put_text(out, who->container, (size_t)pc_container_shown(who->container));
		if (who->given.container)
			fputc(')', out);
	}
	put_pod(out, who);
	if (who->container && who->container_word == PC_WORD_USER)
		fprintf(out, " (so named by user %u)", who->manager_user);
	else if (who->container && who->container_word == PC_WORD_UNIT)
		fputs(who->unit ? " (so named by that unit)" : " (so named by a user)", out);
}

void pc_put_party(FILE *out, const struct pc_party *p)
{
	const struct pc_identity *who = p->who;
	const char *comm = p->comm[0] ? p->comm : who->comm;

	pc_put_text(out, comm, strnlen(comm, PC_COMM_LEN));
	fprintf(out, "[%u]", who->key.tgid);
	put_unit(out, p);
	put_container(out, who);
}

void pc_put_netns(FILE *out, uint32_t inode, bool own, const char *path, uint32_t pid)
{
	fprintf(out, "network namespace %u", inode);
	if (own) {
		fputs(" (portclash's own)", out);
	} else if (path) {
		fputs(" (", out);
		pc_put_string(out, path);
		fputc(')', out);
	} else if (pid) {
		fprintf(out, " (of pid %u)", pid);
	}
}

void pc_put_age(FILE *out, uint64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
	uint64_t left = ns / PC_NS_PER_SECOND;
	int shown = 0;

	if (!left) {
		fprintf(out, "%lu ms", (unsigned long)(ns / PC_NS_PER_MS));
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

void pc_put_since(FILE *out, const struct pc_clock *clock, uint64_t boot_ns)
{
	uint64_t age = clock->now_ns > boot_ns ? clock->now_ns - boot_ns : 0;
	time_t then = (time_t)((boot_ns + clock->wall_minus_boot_ns) / PC_NS_PER_SECOND);
	char text[32];
	struct tm tm;

	pc_put_age(out, age);
	fputs(" ago", out);
	if (age < 60 * PC_NS_PER_SECOND || !localtime_r(&then, &tm))
		return;
	strftime(text, sizeof(text),
		 age < 12 * 3600 * PC_NS_PER_SECOND ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(out, " (%s)", text);
}

void pc_put_wanted(FILE *out, const struct pc_request *r)
{
	char endpoint[PC_ENDPOINT_TEXT], name[PC_FOREIGN_NAME];

	if (r->foreign.family) {
		const char *asked = pc_foreign_name(&r->foreign, name);

		if (*asked)
			fputc(' ', out);
		pc_put_string(out, asked);
	} else {
		fputc(' ', out);
		fputs(pc_endpoint_text(r->wanted_family, r->wanted, r->wanted_port, endpoint), out);
	}
}

const char *pc_request_proto(const struct pc_request *r, char *out)
{
	if (r->foreign.family)
		return pc_foreign_family(&r->foreign, out);
	snprintf(out, PC_FAMILY_TEXT, "%s", pc_proto_name(r->proto));
	return out;
}

static void put_unix_socket(FILE *out, const struct pc_socket *s)
{
	static const char *const types[] = { "?", "stream", "datagram", "raw", "?", "seqpacket" };
	size_t type = s->substate < sizeof(types) / sizeof(types[0]) ? s->substate : 0;

	fprintf(out, "unix %s socket%s", types[type], s->state == PC_STATE_LISTEN ? " LISTEN" : "");
}

void pc_put_connection(FILE *out, const struct pc_socket *s)
{
	char local[PC_ENDPOINT_TEXT], remote[PC_ENDPOINT_TEXT];
	bool udp = s->proto == PC_PROTO_UDP;

	if (s->family == PC_FAMILY_UNIX) {
		put_unix_socket(out, s);
		return;
	}
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
		return "portclash did not see how it got this port";
	}
}

int pc_text_write(struct pc_log *log, const char *text, size_t len)
{
	const struct pc_layout layout = pc_terminal_layout(log);
	char *laid = pc_layout_text(text, len, &layout, &len);
	int err = laid ? pc_log_line(log, laid, len) : -ENOMEM;

	free(laid);
	return err;
}

int pc_text_finish(struct pc_log *log, struct pc_text *text)
{
	char *string = pc_text_close(text);
	int err = string ? pc_text_write(log, string, text->len) : -ENOMEM;

	free(string);
	return err;
}

static void put_users(FILE *out, const struct pc_range_use *use)
{
	for (unsigned i = 0; i < use->users_count; i++) {
		fputs(i ? ", " : "; most ports: ", out);
		if (use->users[i].party.who)
			pc_put_party(out, &use->users[i].party);
		else
			fputs("processes that are not known", out);
		fprintf(out, " %u", use->users[i].ports);
	}
}

void pc_put_range_use(FILE *out, const struct pc_range_use *use)
{
	char remote[PC_ENDPOINT_TEXT];

	fprintf(out, PC_TEXT_FIELD, "range");
	fprintf(out, "%u of %u ports are held; %u are left for this socket", use->held, use->offered,
		use->left);
	put_users(out, use);
	if (!use->destinations.count)
		return;
	fprintf(out, PC_TEXT_FIELD, "");
	for (unsigned i = 0; i < use->destinations.count; i++) {
		const struct pc_socket *s = &use->destinations.list[i].socket;

		fprintf(out, "%s%s %u", i ? ", " : "busiest destinations: ",
			pc_endpoint_text(s->family, s->remote, s->rport, remote),
			use->destinations.list[i].ports);
	}
}
