// SPDX-License-Identifier: GPL-2.0-only
/* The result of `portclash reserve`, as text for people. Paths are hostile: they are escaped. */
#include <errno.h>
#include <stdlib.h>

#include "out/reserve.h"
#include "out/text_parts.h"

static void reserve_put_ports(FILE *out, const char *label, const uint64_t *set)
{
	char *list = pc_ports_format(set);

	fprintf(out, PC_TEXT_ROW "%s", label, !list ? "?" : *list ? list : "none");
	free(list);
}

static void put_some(FILE *out, const char *label, const uint64_t *set, const char *remark)
{
	if (pc_ports_is_empty(set))
		return;
	reserve_put_ports(out, label, set);
	fprintf(out, PC_TEXT_ROW "%s", "", remark);
}

static void put_added(FILE *out, const struct pc_reserve_report *r, const struct pc_keep_change *c)
{
	reserve_put_ports(out, r->dry ? "would add" : "added", c->changed);
	put_some(out, "others'", c->others,
		 "others had reserved these before: --remove leaves them");
}

static void put_removed(FILE *out, const struct pc_reserve_report *r,
			const struct pc_keep_change *c)
{
	reserve_put_ports(out, r->dry ? "would remove" : "removed", c->changed);
	if (pc_ports_is_empty(c->changed) && pc_ports_is_empty(c->others) &&
	    pc_ports_is_empty(c->shared))
		fprintf(out, PC_TEXT_ROW "nobody had reserved them", "");
	put_some(out, "others'", c->others,
		 "others reserved these, and they stay; --force removes them, too");
	put_some(out, "needed", c->shared,
		 "given up, but another part of portclash or a sysctl file still reserves them");
}

static void put_change(FILE *out, const struct pc_reserve_report *r,
		       const struct pc_reserve_space *s)
{
	const struct pc_keep_change *c = &s->change;

	reserve_put_ports(out, "before", c->before);
	reserve_put_ports(out, r->dry ? "would be" : "after", c->after);
	if (r->action == PC_RESERVE_ADD)
		put_added(out, r, c);
	else
		put_removed(out, r, c);
	if (c->forgotten)
		fprintf(out,
			PC_TEXT_ROW
			"%u port%s that portclash had reserved; another program had removed %s",
			"forgotten", c->forgotten, c->forgotten == 1 ? "" : "s",
			c->forgotten == 1 ? "it" : "them");
}

static void put_kept(FILE *out, const struct pc_reserve_space *s)
{
	uint64_t others[PC_PORT_WORDS] = { 0 };

	reserve_put_ports(out, "reserved", s->change.before);
	pc_ports_unite(others, s->change.before);
	for (int i = PC_KEEPER_INVALID + 1; i < PC_KEEPER_COUNT; i++) {
		pc_ports_subtract(others, s->kept[i]);
		if (pc_ports_is_empty(s->kept[i]))
			continue;
		reserve_put_ports(out, "of these", s->kept[i]);
		fprintf(out, " by portclash %s", pc_keeper_name((enum pc_keeper)i));
	}
	if (pc_ports_is_empty(others))
		return;
	reserve_put_ports(out, "of these", others);
	fputs(" by others", out);
}

static int put_one(struct pc_log *log, const struct pc_reserve_report *r,
		   const struct pc_reserve_space *s)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	pc_put_netns(text.out, s->inode, s->own, s->path, s->pid);
	if (s->failed) {
		fprintf(text.out, PC_TEXT_ROW, "unchanged");
		pc_put_string(text.out, s->failed);
	} else if (r->action == PC_RESERVE_LIST) {
		put_kept(text.out, s);
	} else {
		put_change(text.out, r, s);
	}
	return pc_text_finish(log, &text);
}

static void put_rival(FILE *out, const struct pc_sysctl_line *rival)
{
	fprintf(out, PC_TEXT_ROW, "attention");
	pc_put_string(out, rival->file);
	fprintf(out, ":%u is read later at boot and replaces portclash's line", rival->line);
	fprintf(out, PC_TEXT_ROW "%s", "",
		"add the ports there, or move that line to a file that is read before 60-portclash.conf");
}

static int put_boot(struct pc_log *log, const struct pc_reserve_report *r)
{
	const struct pc_reserve_boot *b = r->boot;
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	fputs("after a reboot", text.out);
	reserve_put_ports(text.out, r->dry && b->written ? "would be" : "reserved", b->ports);
	if (b->written) {
		fprintf(text.out, PC_TEXT_ROW, r->dry ? "would write" : "written");
		pc_put_string(text.out, b->path);
	}
	put_some(text.out, "missing", b->missing,
		 b->rival ? "reserved until the next reboot only" :
			    "reserved until the next reboot; --persist keeps them after it");
	put_some(
		text.out, "staying", b->staying,
		"a sysctl file reserves them again at boot; --persist removes them from portclash's own file");
	if (b->rival)
		put_rival(text.out, b->rival);
	return pc_text_finish(log, &text);
}

static int reserve_put_lost(struct pc_log *log, const char *lost)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return -ENOMEM;
	fputs("attention     ", text.out);
	pc_put_string(text.out, lost);
	return pc_text_finish(log, &text);
}

int pc_reserve_text(struct pc_log *log, const struct pc_reserve_report *report)
{
	int err = *report->lost ? reserve_put_lost(log, report->lost) : 0;

	for (size_t i = 0; !err && i < report->count; i++)
		err = put_one(log, report, &report->spaces[i]);
	if (!err && report->boot)
		err = put_boot(log, report);
	return err;
}
