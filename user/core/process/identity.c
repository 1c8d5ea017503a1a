// SPDX-License-Identifier: GPL-2.0-only
/* The identity of a process: its strings, their copies, and the names that its cgroup gives. */
#include "core/process/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/cgroup.h"
#include "core/process/given_names.h"

size_t pc_identity_trim_nuls(const char *text, size_t len)
{
	while (len && !text[len - 1])
		len--;
	return len;
}

void pc_identity_join_args(char *buf, size_t len)
{
	len = pc_identity_trim_nuls(buf, len);
	for (size_t i = 0; i < len; i++)
		if (!buf[i])
			buf[i] = ' ';
	buf[len] = '\0';
}

int pc_identity_name_cgroup(struct pc_identity *who)
{
	struct pc_cgroup_names names;
	int err = pc_cgroup_parse(who->cgroup, &names);

	if (err)
		return err;
	free(who->unit);
	free(who->inner_unit);
	free(who->container);
	free(who->pod);
	pc_given_free(&who->given);
	who->unit = names.unit;
	who->inner_unit = names.inner_unit;
	who->container = names.container;
	who->pod = names.pod;
	who->container_word = names.container_word;
	who->runtime = names.runtime;
	who->below_user = names.below_user;
	who->manager_user = names.user;
	return 0;
}

static char *copy_string(const char *text, bool *failed)
{
	char *own = text ? strdup(text) : NULL;

	*failed |= text && !own;
	return own;
}

int pc_identity_copy(const struct pc_identity *who, struct pc_identity *out)
{
	struct pc_identity own = *who;
	bool failed = false;

	own.exe = copy_string(who->exe, &failed);
	own.cmdline = copy_string(who->cmdline, &failed);
	own.folder = copy_string(who->folder, &failed);
	own.cgroup = copy_string(who->cgroup, &failed);
	own.cgroup_v2 = copy_string(who->cgroup_v2, &failed);
	own.unit = copy_string(who->unit, &failed);
	own.inner_unit = copy_string(who->inner_unit, &failed);
	own.container = copy_string(who->container, &failed);
	own.pod = copy_string(who->pod, &failed);
	own.given = (struct pc_given_names){ 0 };
	failed |= pc_given_copy(&who->given, &own.given) != 0;
	if (failed)
		pc_identity_free(&own);
	else
		*out = own;
	return failed ? -ENOMEM : 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool has_given_names(const struct pc_identity *who)
{
	return who->given.container || who->given.pod || who->given.pod_namespace;
}

/* A process of a container is copied anew, with the names that people gave. */
static bool has_texts_of(const struct pc_identity *own, const struct pc_identity *who)
{
	return same_text(own->exe, who->exe) && same_text(own->cmdline, who->cmdline) &&
	       same_text(own->folder, who->folder) && same_text(own->cgroup, who->cgroup) &&
	       same_text(own->cgroup_v2, who->cgroup_v2) && same_text(own->unit, who->unit) &&
	       same_text(own->inner_unit, who->inner_unit) &&
	       same_text(own->container, who->container) && same_text(own->pod, who->pod) &&
	       !has_given_names(own) && !has_given_names(who);
}

/* Takes over all but the texts, which are the same. */
static void take_facts(struct pc_identity *own, const struct pc_identity *who)
{
	struct pc_identity texts = *own;

	*own = *who;
	own->exe = texts.exe;
	own->cmdline = texts.cmdline;
	own->folder = texts.folder;
	own->cgroup = texts.cgroup;
	own->cgroup_v2 = texts.cgroup_v2;
	own->unit = texts.unit;
	own->inner_unit = texts.inner_unit;
	own->container = texts.container;
	own->pod = texts.pod;
}

void pc_party_keep(const struct pc_party *party, struct pc_party *out, struct pc_identity *own)
{
	*out = *party;
	if (party->who && party->who != own && has_texts_of(own, party->who)) {
		take_facts(own, party->who);
		out->who = own;
		return;
	}
	pc_identity_free(own);
	out->who = party->who && !pc_identity_copy(party->who, own) ? own : NULL;
}

void pc_identity_free(struct pc_identity *who)
{
	if (!who)
		return;
	free(who->exe);
	free(who->cmdline);
	free(who->folder);
	free(who->cgroup);
	free(who->cgroup_v2);
	free(who->unit);
	free(who->inner_unit);
	free(who->container);
	free(who->pod);
	pc_given_free(&who->given);
	who->exe = who->cmdline = who->folder = who->cgroup = who->cgroup_v2 = NULL;
	who->unit = who->inner_unit = who->container = who->pod = NULL;
}
