// SPDX-License-Identifier: GPL-2.0-only
/* How a process that holds a port can be made to give way. */
#include "core/verdict/stopping.h"

#include <string.h>

#include "core/base/text.h"
#include "core/process/party.h"
#include "core/process/spared.h"

static void spare(struct pc_stopping *out, const char *why)
{
	out->means = PC_MEANS_NEVER;
	out->why = why;
}

/* A user can name a control group like a unit or container of the system, or of another user. */
static bool believes_names(const struct pc_party *p)
{
	return !p->place.users_word;
}

static bool judge_first(const struct pc_party *p, struct pc_stopping *out)
{
	const struct pc_identity *who = p->who;

	if (pc_party_is_manager(p) && believes_names(p))
		out->means = who->key.tgid == 1 ? PC_MEANS_SOCKET_UNIT :
			     p->place.first	? PC_MEANS_INNER_SOCKET :
						  PC_MEANS_USER_SOCKET;
	else if (who->key.tgid == 1)
		spare(out, "it is pid 1, and the machine ends with it");
	else
		return false;
	return true;
}

static bool has_stop_command(const struct pc_identity *who)
{
	return who->container_word == PC_WORD_SYSTEM &&
	       (who->runtime == PC_RUNTIME_DOCKER || who->runtime == PC_RUNTIME_PODMAN ||
		who->runtime == PC_RUNTIME_NERDCTL);
}

/* The first process of a container gets no signal that it does not handle, and all of the container ends
 * with it. */
static void judge_alone(const struct pc_place *place, struct pc_stopping *out)
{
	if (place->first)
		spare(out, "it is the first process of a container, so end it there");
	else if (place->unseen)
		out->means = PC_MEANS_UNSEEN;
	else
		out->means = PC_MEANS_PROCESS;
}

/* A container can run containers, as a node of kind does: its id is in the cgroup of all that is in it. Below a
 * user's manager it is there by the user's word. */
static bool is_around(const struct pc_identity *who, const struct pc_identity *refused)
{
	if (refused->below_user && (!who->below_user || refused->manager_user != who->manager_user))
		return false;
	return pc_text_same(refused->container, who->container) ||
	       (refused->cgroup && strstr(refused->cgroup, who->container));
}

static void judge_contained(const struct pc_party *p, const struct pc_identity *refused,
			    struct pc_stopping *out)
{
	const struct pc_identity *who = p->who;

	if (refused && is_around(who, refused))
		judge_alone(&p->place, out);
	else if (who->container_word != PC_WORD_USER &&
		 (who->pod || who->runtime == PC_RUNTIME_CRI))
		out->means = PC_MEANS_POD;
	else if (has_stop_command(who))
		out->means = PC_MEANS_CONTAINER;
	else
		judge_alone(&p->place, out);
}

static const char *stopping_unit(const struct pc_identity *who)
{
	return who->below_user ? who->inner_unit : who->unit;
}

static bool is_in_same_unit(const struct pc_identity *who, const struct pc_identity *refused)
{
	return refused && refused->below_user == who->below_user &&
	       refused->manager_user == who->manager_user && !refused->container &&
	       pc_text_same(stopping_unit(refused), stopping_unit(who));
}

static bool is_part_of_service(const struct pc_place *place)
{
	return place->role == PC_ROLE_MAIN || place->role == PC_ROLE_CHILD;
}

static void judge_part_of_service(const struct pc_party *p, const struct pc_identity *refused,
				  struct pc_stopping *out)
{
	const char *unit = stopping_unit(p->who);
	bool spared = pc_spared_unit(unit);

	if (spared && (p->place.role == PC_ROLE_MAIN || p->place.role == PC_ROLE_UNKNOWN)) {
		spare(out, "log-ins, jobs, containers or the system itself depend on its unit");
	} else if (p->place.role == PC_ROLE_UNKNOWN) {
		out->means = PC_MEANS_UNSEEN;
		out->spared = unit;
	} else if (!spared && is_part_of_service(&p->place) && !is_in_same_unit(p->who, refused)) {
		out->means = p->who->below_user ? PC_MEANS_USER_UNIT : PC_MEANS_UNIT;
		out->unit = unit;
	} else if (p->place.role == PC_ROLE_MAIN && is_in_same_unit(p->who, refused)) {
		spare(out, "it is the main process of the unit that the refused process is in");
	} else {
		out->means = PC_MEANS_PROCESS;
		out->spared = unit;
	}
}

static void find_means(const struct pc_party *p, const struct pc_identity *refused,
		       struct pc_stopping *out)
{
	const struct pc_identity *who = p->who;

	if (judge_first(p, out))
		return;
	if (p->given)
		spare(out, PC_PARTY_GIVEN);
	else if (who->container && believes_names(p))
		judge_contained(p, refused, out);
	else if (pc_helper_of(who, &out->helper))
		out->means = PC_MEANS_FOR_CONTAINER;
	else if (pc_spared_process(who))
		spare(out, "a session, the system or other programs depend on it");
	else if (pc_unit_is_service(stopping_unit(who)) && believes_names(p))
		judge_part_of_service(p, refused, out);
	else if (p->place.unseen)
		out->means = PC_MEANS_UNSEEN;
	else if (p->place.leads_session)
		spare(out, "it leads a session, which would end with it");
	else
		out->means = PC_MEANS_PROCESS;
}

void pc_stopping_of(const struct pc_party *p, const struct pc_identity *refused,
		    struct pc_stopping *out)
{
	*out = (struct pc_stopping){ 0 };
	find_means(p, refused, out);
	if (out->means == PC_MEANS_PROCESS)
		out->deaf = p->place.deaf;
}
