// SPDX-License-Identifier: GPL-2.0-only
/* Decides which process may be stopped for a port. In doubt none may. */
#include "core/cure/stop.h"

#include "core/process/party.h"
#include "core/process/spared.h"

static void never(struct pc_stop *out, const char *why, const char *command, const char *name)
{
	*out = (struct pc_stop){
		.way = PC_STOP_NEVER, .why = why, .command = command, .name = name
	};
}

/* Anybody can give a container of his own the name of another one: only a name of the system's is repeated. */
static void judge_container(const struct pc_identity *who, struct pc_stop *out)
{
	if (who->container_word == PC_WORD_USER)
		never(out,
		      "it runs in what that user calls a container or a pod: stop it as that user, with the tool that started it, and nothing of this name elsewhere",
		      NULL, NULL);
	else if (who->container_word == PC_WORD_UNIT)
		never(out,
		      "it runs in what its unit, or the container around it, calls a container or a pod: stop it there, with the tool that started it, and nothing of this name elsewhere",
		      NULL, NULL);
	else if (who->pod)
		never(out, "it belongs to a pod: stop the pod with the tool that started it", NULL,
		      NULL);
	else
		never(out,
		      "it runs in a container: stop the container with the tool that started it",
		      NULL, who->container);
}

static void judge_users_service(const struct pc_identity *who, struct pc_stop *out)
{
	never(out, "it belongs to a service of that user's own manager", "systemctl",
	      who->inner_unit);
	out->by_manager = true;
	out->manager = who->manager_user;
}

/* Is the process part of something that forbids to stop it? The widest comes first. */
static bool is_part(const struct pc_identity *who, struct pc_stop *out)
{
	if (who->container || (who->pod && !who->below_user))
		judge_container(who, out);
	else if (who->below_user && pc_unit_is_service(who->inner_unit))
		judge_users_service(who, out);
	else
		return false;
	return true;
}

static void judge_service(const struct pc_identity *who, const struct pc_stop_facts *facts,
			  struct pc_stop *out)
{
	if (pc_spared_unit(who->unit))
		never(out,
		      "it belongs to a service that runs containers, log-ins or jobs, or the system itself",
		      "systemctl status", who->unit);
	else if (facts->main_pid == who->key.tgid)
		*out = (struct pc_stop){ .way = PC_STOP_UNIT, .name = who->unit };
	else if (facts->main_pid)
		never(out, "it belongs to a service and is not its main process",
		      "systemctl status", who->unit);
	else
		never(out, "it belongs to a service, and its main process is not known",
		      "systemctl status", who->unit);
}

void pc_stop_judge(const struct pc_identity *who, const struct pc_stop_facts *facts,
		   struct pc_stop *out)
{
	if (who->key.tgid == 1)
		never(out, "it is pid 1, which holds ports for socket units: stop the socket unit",
		      "systemctl list-sockets --all", NULL);
	else if (who->key.tgid == facts->portclash)
		never(out, "it is portclash itself", NULL, NULL);
	else if (facts->given)
		never(out, PC_PARTY_GIVEN, NULL, NULL);
	else if (!facts->users_word && is_part(who, out))
		return;
	else if (pc_spared_process(who))
		never(out,
		      "it holds ports for other programs: stop the container, session or unit that this port is for",
		      NULL, NULL);
	else if (pc_unit_is_service(who->unit) && !who->below_user && !facts->users_word)
		judge_service(who, facts, out);
	else if (facts->leads_session)
		never(out, "a login or shell session would end with it", NULL, NULL);
	else
		*out = (struct pc_stop){ .way = PC_STOP_PROCESS };
}
