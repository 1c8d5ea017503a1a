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
		fputs(i ? ", " : "; most ports: ", out);
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
	fprintf(out, "%u of %u ports are held, left for this one: %u", use->held, use->offered,
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

static void put_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, "%lu.%03lu s", (unsigned long)(ns / 1000000000),
		(unsigned long)(ns % 1000000000 / 1000000));
}

static void put_bytes(FILE *out, uint64_t bytes)
{
	bool large = bytes >= 1024 * 1024;
	uint64_t tenths = bytes * 10 / (large ? 1024 * 1024 : 1024);

	fprintf(out, "%lu.%lu %s", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10),
		large ? "MiB" : "KiB");
}

static void put_process_cost(FILE *out, const struct pc_cost *cost, uint64_t watched_ns)
{
	uint64_t since = cost->cpu_ns - cost->cpu_start_ns;
	uint64_t share = watched_ns ? (uint64_t)(1e4 * (double)since / (double)watched_ns) : 0;

	if (cost->cpu_known) {
		put_seconds(out, cost->cpu_start_ns);
		fputs(" of CPU to start, ", out);
		put_seconds(out, since);
		fprintf(out, " since (%lu.%02lu %% of a core); ", (unsigned long)(share / 100),
			(unsigned long)(share % 100));
	}
	if (cost->memory_known) {
		put_bytes(out, cost->resident);
		fputs(" resident (at most ", out);
		put_bytes(out, cost->resident_peak);
		fputs("); ", out);
	}
	if (cost->maps_known)
		put_bytes(out, cost->maps);
	fputs(cost->maps_known ? " of BPF maps" : "memory of BPF maps not known", out);
}

static void put_rings(FILE *out, const struct pc_cost *cost)
{
	for (int i = 0; i < PC_RING_COUNT; i++) {
		fprintf(out, "%s%s ", i ? ", " : "most that waited in a ring: ", pc_ring_name(i));
		put_bytes(out, cost->rings[i].peak);
		fputs(" of ", out);
		put_bytes(out, cost->rings[i].size);
	}
}

static void put_programs(FILE *out, const struct pc_cost *cost)
{
	struct pc_program_cost total = pc_cost_total(cost);

	if (!cost->programs_counted) {
		fputs("in the kernel: not counted (kernel.bpf_stats_enabled is not 1)", out);
		return;
	}
	fprintf(out, "in the kernel: %lu runs of its programs, ", (unsigned long)total.runs);
	put_seconds(out, total.ns);
	if (total.runs)
		fprintf(out, ", %lu ns each", (unsigned long)(total.ns / total.runs));
}

void pc_put_cost(FILE *out, const char *format, const struct pc_cost *cost, uint64_t watched_ns)
{
	fprintf(out, format, "    ", "cost");
	put_process_cost(out, cost, watched_ns);
	fprintf(out, format, "    ", "");
	put_rings(out, cost);
	fprintf(out, format, "    ", "");
	put_programs(out, cost);
}
