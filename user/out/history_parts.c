// SPDX-License-Identifier: GPL-2.0-only
/* Parts of a history for people. */
#include "out/history_parts.h"

#include <string.h>
#include <time.h>

#include "core/base/time.h"
#include "out/text_parts.h"

/* More than a text of a group has without its escapes. */
#define TEXT_SIZE (PC_HISTORY_TEXT_MAX + 1)

static void local_time(uint64_t ns, struct tm *tm)
{
	time_t seconds = (time_t)(ns / PC_NS_PER_SECOND);

	localtime_r(&seconds, tm);
}

static void put_tm(FILE *out, const struct tm *tm, const char *format)
{
	char text[64];

	if (strftime(text, sizeof(text), format, tm))
		fputs(text, out);
}

void pc_put_instant(FILE *out, uint64_t ns, bool date)
{
	struct tm tm;

	local_time(ns, &tm);
	put_tm(out, &tm, date ? "%Y-%m-%d %H:%M:%S %Z" : "%H:%M:%S");
}

void pc_put_span(FILE *out, uint64_t first_ns, uint64_t last_ns)
{
	struct tm first, last;
	bool same_day;

	local_time(first_ns, &first);
	local_time(last_ns, &last);
	if (first_ns / PC_NS_PER_SECOND == last_ns / PC_NS_PER_SECOND) {
		put_tm(out, &first, "%Y-%m-%d %H:%M:%S %Z");
		return;
	}
	same_day = first.tm_year == last.tm_year && first.tm_yday == last.tm_yday;
	put_tm(out, &first,
	       first.tm_isdst == last.tm_isdst ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M:%S %Z");
	fputs(" to ", out);
	put_tm(out, &last, same_day ? "%H:%M:%S %Z" : "%Y-%m-%d %H:%M:%S %Z");
}

void pc_put_slice(FILE *out, const struct pc_slice *slice)
{
	char text[TEXT_SIZE];

	pc_put_string(out, pc_slice_text(slice, text, sizeof(text)));
	if (slice->len > PC_HISTORY_TEXT_MAX - 12)
		fputs("\u2026", out);
}

static void put_if(FILE *out, const char *before, const struct pc_slice *slice)
{
	if (!slice->len)
		return;
	fputs(before, out);
	pc_put_slice(out, slice);
}

static void put_place(FILE *out, const struct pc_logged_process *p)
{
	const struct pc_slice id = { p->container.at,
				     p->container.len < 12 ? p->container.len : 12 };

	put_if(out, " ", &p->unit);
	put_if(out, " ", &p->inner_unit);
	if (p->container_name.len)
		put_if(out, " container ", &p->container_name);
	else
		put_if(out, " container ", &id);
	if (p->pod_name.len) {
		put_if(out, " pod ", &p->pod_namespace);
		put_if(out, p->pod_namespace.len ? "/" : " pod ", &p->pod_name);
	}
}

void pc_put_logged_process(FILE *out, const struct pc_logged_process *p, bool several)
{
	if (!p->there) {
		fputs("a process not known", out);
		return;
	}
	pc_put_slice(out, &p->comm);
	if (!several)
		fprintf(out, "[%lu]", (unsigned long)p->pid);
	put_place(out, p);
	fprintf(out, ", user %lu", (unsigned long)p->uid);
	put_if(out, ": ", p->cmdline.len ? &p->cmdline : &p->exe);
}

void pc_put_group_port(FILE *out, const struct pc_history_group *g, bool netns)
{
	const struct pc_logged *e = &g->event;

	if (g->several_ports)
		fputs("several ", out);
	pc_put_slice(out, &e->proto);
	if (g->several_ports)
		fputs(" ports", out);
	else if (e->requested.port)
		fprintf(out, " port %lu", (unsigned long)e->requested.port);
	else
		put_if(out, " ", &e->requested.address);
	put_if(out, " on ", &e->host);
	if (netns && e->requester.netns)
		fprintf(out, " in network namespace %lu", (unsigned long)e->requester.netns);
}

void pc_put_group_thief(FILE *out, const struct pc_history_group *g)
{
	const struct pc_logged_holder *h = &g->event.holder;

	if (h->process.there) {
		pc_put_logged_process(out, &h->process, g->several_thieves);
	} else if (h->there) {
		fputs("no process that is known", out);
		put_if(out, ": ", &h->note);
	} else {
		fputs("no holder is named", out);
	}
}

void pc_put_amount(FILE *out, uint64_t count, const char *noun)
{
	fprintf(out, "%lu %s%s", (unsigned long)count, noun, count == 1 ? "" : "s");
}
