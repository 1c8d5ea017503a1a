// SPDX-License-Identifier: GPL-2.0-only
/* One look at all network namespaces: this file finds them, enters each, and has core/audit
 * judge. */
#include "look/survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/audit/shared.h"
#include "core/base/ports.h"
#include "host/lineage.h"
#include "host/procfs.h"
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

static void audit_here(struct pc_survey *s, struct pc_socket_list *sockets,
		       struct pc_netns_audit *a)
{
	/* Most users protect the ports of one namespace; the cost is in host/sockdiag.h. */
	bool with_bound = a->own && pc_ports_count(s->protect, 0, PC_PORTS - 1);

	sockets->count = 0;
	pc_sysctl_settings(PROC, &a->settings);
	if (pc_sockdiag_read(PROC, with_bound, sockets))
		a->unseen = "the kernel does not tell its sockets (NETLINK_SOCK_DIAG)";
	else if (pc_audit_netns(sockets, s->protect, a))
		a->unseen = why_not(-ENOMEM);
}

static void visit_netns(struct pc_survey *s, const struct pc_netns *ns,
			struct pc_socket_list *sockets)
{
	struct pc_netns_audit *a = &s->spaces[s->count++];
	int err = ns->own ? 0 : pc_netns_enter(PROC, ns);

	a->inode = ns->inode;
	a->pid = ns->pid;
	a->own = ns->own;
	a->boots = s->boot_netns == ns->inode;
	a->path = ns->path;
	if (err)
		a->unseen = why_not(err);
	else
		audit_here(s, sockets, a);
	for (size_t i = 0; i < a->entries_count; i++)
		a->entries[i].s.socket.netns = ns->inode;
}

static int visit_all_netns(struct pc_survey *s)
{
	struct pc_socket_list sockets = { 0 };
	int home = pc_netns_home(PROC), err = 0;

	if (home < 0)
		return home;
	s->spaces = calloc(s->namespaces.count, sizeof(*s->spaces));
	if (!s->spaces)
		err = -ENOMEM;
	/* The first is the own namespace, which is not entered. */
	for (size_t i = 0; !err && i < s->namespaces.count; i++)
		if (pc_netns_matches(&s->namespaces.list[i], s->which))
			visit_netns(s, &s->namespaces.list[i], &sockets);
	/* Only /proc is read from here on, but the caller may need its own namespace. */
	pc_netns_return(home);
	close(home);
	pc_sockdiag_free(&sockets);
	return !err && !s->count ? -ENOENT : err;
}

static size_t count_audit_entries(const struct pc_survey *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		count += s->spaces[i].entries_count;
	return count;
}

static int name_owners(struct pc_survey *s)
{
	struct pc_owners_sought *sought = calloc(count_audit_entries(s) + 1, sizeof(*sought));
	size_t count = 0;
	int err;

	if (!sought)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		for (size_t j = 0; j < s->spaces[i].entries_count; j++) {
			struct pc_audit_entry *e = &s->spaces[i].entries[j];

			sought[count++] =
				(struct pc_owners_sought){ &e->s.socket, e->owners,
							   &e->owners_count, &e->process_note };
		}
	}
	err = pc_owners_find(PROC, sought, count, &s->owners);
	free(sought);
	return err;
}

static bool survey_is_kin(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	(void)context;
	return pc_lineage_is_kin(PROC, a, b);
}

int pc_survey_run(struct pc_survey *s)
{
	int err = pc_netns_find(PROC, &s->namespaces);

	if (pc_procfs_netns(PROC, 1, &s->boot_netns))
		s->boot_netns = 0;
	if (!err)
		err = visit_all_netns(s);
	if (!err)
		err = name_owners(s);
	for (size_t i = 0; !err && i < s->count; i++)
		pc_audit_judge_shared(&s->spaces[i], survey_is_kin, NULL);
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
