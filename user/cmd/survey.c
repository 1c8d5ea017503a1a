// SPDX-License-Identifier: GPL-2.0-only
/* One look at all network namespaces. */
#include "cmd/survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ports.h"
#include "host/sockdiag.h"
#include "host/sysctl.h"

#define PROC "/proc"

static const char *why_not(int err)
{
	switch (err) {
	case -ESRCH:
		return "it went away meanwhile";
	case -EPERM:
	case -EACCES:
		return "portclash may not enter it; root may";
	case -ENOMEM:
		return "there is not enough memory";
	default:
		return "it cannot be entered";
	}
}

static void audit_here(struct pc_survey *s, struct pc_audit_sockets *sockets,
		       struct pc_netns_audit *a)
{
	/* Who protects ports means those of one namespace most of the time: see sockdiag.h. */
	bool with_bound = a->own && pc_ports_count(s->protect, 0, PC_PORTS - 1);

	sockets->count = 0;
	pc_sysctl_settings(PROC, &a->settings);
	if (pc_sockdiag_read(PROC, with_bound, sockets))
		a->unseen = "the kernel does not tell its sockets (NETLINK_SOCK_DIAG)";
	else if (pc_audit_netns(sockets, s->protect, a))
		a->unseen = why_not(-ENOMEM);
}

static void visit(struct pc_survey *s, const struct pc_netns *ns, struct pc_audit_sockets *sockets)
{
	struct pc_netns_audit *a = &s->spaces[s->count++];
	int err = ns->own ? 0 : pc_netns_enter(PROC, ns);

	a->inode = ns->inode;
	a->pid = ns->pid;
	a->own = ns->own;
	a->path = ns->path;
	if (err)
		a->unseen = why_not(err);
	else
		audit_here(s, sockets, a);
}

static int visit_all(struct pc_survey *s)
{
	struct pc_audit_sockets sockets = { 0 };
	int home = pc_netns_home(PROC), err = 0;

	if (home < 0)
		return home;
	s->spaces = calloc(s->namespaces.count, sizeof(*s->spaces));
	if (!s->spaces)
		err = -ENOMEM;
	/* The own one is the first: nothing is to be come back from before it. */
	for (size_t i = 0; !err && i < s->namespaces.count; i++)
		if (pc_netns_matches(&s->namespaces.list[i], s->which))
			visit(s, &s->namespaces.list[i], &sockets);
	/* Only /proc is read from here on, but who calls may want more. */
	pc_netns_return(home);
	close(home);
	pc_sockdiag_free(&sockets);
	return !err && !s->count ? -ENOENT : err;
}

static int find_owners(struct pc_survey *s)
{
	struct pc_audit_entry **entries;
	size_t count = 0, at = 0;
	int err;

	for (size_t i = 0; i < s->count; i++)
		count += s->spaces[i].entries_count;
	if (!count)
		return 0;
	entries = malloc(count * sizeof(struct pc_audit_entry *));
	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++)
		for (size_t j = 0; j < s->spaces[i].entries_count; j++)
			entries[at++] = &s->spaces[i].entries[j];
	err = pc_owners_find(PROC, entries, count, &s->owners);
	free(entries);
	return err;
}

int pc_survey_run(struct pc_survey *s)
{
	int err = pc_netns_find(PROC, &s->namespaces);

	if (!err)
		err = visit_all(s);
	if (!err)
		err = find_owners(s);
	for (size_t i = 0; !err && i < s->count; i++)
		if (s->spaces[i].pid && !s->spaces[i].own)
			s->spaces[i].who = pc_owners_identity(PROC, s->spaces[i].pid, &s->owners);
	return err;
}

void pc_survey_free(struct pc_survey *s)
{
	for (size_t i = 0; i < s->count; i++)
		pc_audit_free(&s->spaces[i]);
	free(s->spaces);
	pc_owners_free(&s->owners);
	pc_netns_free(&s->namespaces);
}
