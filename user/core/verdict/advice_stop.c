// SPDX-License-Identifier: GPL-2.0-only
/* The fixes that stop processes. */
#include "core/verdict/advice_stop.h"

#include <string.h>

#include "core/base/address.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/process/party.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/stop_group.h"
#include "core/verdict/surroundings.h"

static void fix_unit(struct pc_advice *a, const struct pc_stop_group *g, const char *or_wait)
{
	const struct pc_identity *who = g->parties[0]->who;
	char pids[PC_STOP_PIDS];

	pc_stop_pids(g, pids, sizeof(pids));
	if (g->how.means == PC_MEANS_UNIT) {
		pc_advice_fix(a, PC_NOW, "stop the unit of pid%s %s%s", pc_stop_plural(g), pids,
			      or_wait);
		pc_advice_command(a, "systemctl stop ");
	} else {
		pc_advice_fix(
			a, PC_NOW,
			"stop the unit of pid%s %s, which user %u's own manager runs (that user types `systemctl --user stop` alone)%s",
			pc_stop_plural(g), pids, who->manager_user, or_wait);
		pc_advice_command(a, "systemctl --user -M %u@ stop ", who->manager_user);
	}
	if (g->how.unit[0] == '-')
		pc_advice_command(a, "-- ");
	pc_advice_command_word(a, g->how.unit);
}

static bool has_owner_pid(const struct pc_holder *h, uint32_t pid)
{
	for (unsigned i = 0; i < h->owners_count; i++)
		if (h->owners[i].who && h->owners[i].who->key.tgid == pid)
			return true;
	return false;
}

/* The socket units whose sockets this manager holds, each once; the number. */
static unsigned socket_units_of(const struct pc_verdict *v, uint32_t manager, const char **out)
{
	unsigned count = 0;

	for (unsigned i = 0; i < v->holders_count; i++) {
		const struct pc_holder *h = &v->holders[i];
		bool known = !h->socket_unit[0] || !has_owner_pid(h, manager);

		for (unsigned k = 0; !known && k < count; k++)
			known = !strcmp(out[k], h->socket_unit);
		if (!known)
			out[count++] = h->socket_unit;
	}
	return count;
}

/* "systemctl", with what makes it speak to that manager. */
static void command_of_manager(struct pc_advice *a, const struct pc_stop_group *g)
{
	pc_advice_command(a, "systemctl");
	if (g->how.means == PC_MEANS_USER_SOCKET)
		pc_advice_command(a, " --user -M %u@", g->parties[0]->who->manager_user);
}

static void fix_named_socket_unit(struct pc_advice *a, const struct pc_stop_group *g,
				  const char *const *units, unsigned count)
{
	pc_advice_fix(a, PC_NOW, "stop the socket unit for which %s holds the port",
		      g->how.means == PC_MEANS_SOCKET_UNIT ? "pid 1" : "a user's manager");
	command_of_manager(a, g);
	pc_advice_command(a, " stop --");
	for (unsigned i = 0; i < count; i++) {
		pc_advice_command(a, " ");
		pc_advice_command_word(a, units[i]);
	}
}

/* A command that is run in a container runs the container's file. */
static void fix_inner_socket_unit(struct pc_advice *a, const struct pc_stop_group *g,
				  const char *const *units, unsigned count)
{
	pc_advice_fix(
		a, PC_NOW,
		"in the system whose first process pid %u is, stop the socket unit that has the port: %s",
		g->parties[0]->who->key.tgid,
		count ? units[0] : "`systemctl list-sockets` names it");
}

/* The service that the unit has started has the socket, too, and is another of the parties. */
static void fix_socket_unit(struct pc_advice *a, const struct pc_stop_group *g)
{
	const char *units[PC_HOLDERS_MAX];
	unsigned count = socket_units_of(a->verdict, g->parties[0]->who->key.tgid, units);

	if (g->how.means == PC_MEANS_INNER_SOCKET) {
		fix_inner_socket_unit(a, g, units, count);
	} else if (count) {
		fix_named_socket_unit(a, g, units, count);
	} else {
		pc_advice_fix(
			a, PC_NOW,
			"%s holds the port for a socket unit: find the unit in this list, then stop that .socket in the same way",
			g->how.means == PC_MEANS_SOCKET_UNIT ? "pid 1" : "a user's manager");
		command_of_manager(a, g);
		pc_advice_command(a, " list-sockets --all");
	}
}

static const char *runtime_command(enum pc_runtime runtime)
{
	return runtime == PC_RUNTIME_DOCKER  ? "docker" :
	       runtime == PC_RUNTIME_PODMAN  ? "podman" :
	       runtime == PC_RUNTIME_NERDCTL ? "nerdctl" :
					       NULL;
}

static void fix_container(struct pc_advice *a, const struct pc_stop_group *g, const char *or_wait)
{
	const struct pc_identity *who = g->parties[0]->who;
	char pids[PC_STOP_PIDS];

	pc_stop_pids(g, pids, sizeof(pids));
	pc_advice_fix(a, PC_NOW, "stop the container of pid%s %s%s", pc_stop_plural(g), pids,
		      or_wait);
	pc_advice_command(a, "%s stop %.*s", runtime_command(who->runtime),
			  pc_container_shown(who->container), who->container);
}

static void fix_pod_of(struct pc_advice *a, const struct pc_stop_group *g, const char *or_wait)
{
	char pids[PC_STOP_PIDS];

	/* advice.c says it for a pod that both sides are in. */
	if (pc_surroundings_of(a->verdict, a->holder) == PC_SURROUNDINGS_ONE_POD)
		return;
	pc_stop_pids(g, pids, sizeof(pids));
	pc_advice_fix(
		a, PC_NOW,
		"end the pod of pid%s %s by what runs it (`kubectl`): a kubelet starts a container anew that was only stopped%s",
		pc_stop_plural(g), pids, or_wait);
}

/* Containers can publish one port on an address each, and the filter of `docker ps` knows no address. Beside
 * one that publishes it on any address there is no other. */
static bool is_only_publisher(const struct pc_advice *a)
{
	const struct pc_socket *s = a->holder ? &a->holder->socket : NULL;

	return s && pc_address_is_any(s->family, s->local);
}

/* docker-proxy: Docker knows which container publishes the port. */
static void fix_published(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;

	pc_advice_fix(a, PC_NOW, "see which container publishes the port");
	pc_advice_command(a, "docker ps --filter publish=%u/%s", r->wanted_port,
			  pc_proto_name(r->proto));
	pc_advice_fix(
		a, PC_NOW,
		"then stop that container, not Docker; without one in the list the port is Docker's own");
	if (is_only_publisher(a))
		pc_advice_command(a, "docker ps -q --filter publish=%u/%s | xargs -r docker stop",
				  r->wanted_port, pc_proto_name(r->proto));
}

static void fix_for_container(struct pc_advice *a, const struct pc_stop_group *g)
{
	const struct pc_identity *who = g->parties[0]->who;
	const struct pc_helper *h = &g->how.helper;
	const char *command = runtime_command(h->runtime);

	if (!h->by_root) {
		pc_advice_fix(
			a, PC_NOW,
			"as user %u, find the container that publishes the port (`docker ps` or `podman ps`) and stop it; pid %u only works for it, and is to be stopped if there is none",
			who->uid, who->key.tgid);
	} else if (h->kind == PC_HELPER_DOCKER) {
		fix_published(a);
	} else if (h->container[0] && command) {
		pc_advice_fix(a, PC_NOW, "stop the container for which pid %u works",
			      who->key.tgid);
		pc_advice_command(a, "%s stop %.12s", command, h->container);
	} else if (h->kind == PC_HELPER_KUBE_PROXY) {
		pc_advice_fix(
			a, PC_NOW,
			"a Service of this node has the port (nodePort, hostPort): find it, and change or delete it");
		pc_advice_command(a, "kubectl get services -A");
	} else {
		pc_advice_fix(
			a, PC_NOW,
			"find the container for which pid %u works (`podman ps`, `docker ps`, `crictl ps`) and stop that, not the process",
			who->key.tgid);
	}
}

static void fix_group(struct pc_advice *a, const struct pc_stop_group *g, const char *or_wait)
{
	switch (g->how.means) {
	case PC_MEANS_SOCKET_UNIT:
	case PC_MEANS_USER_SOCKET:
	case PC_MEANS_INNER_SOCKET:
		fix_socket_unit(a, g);
		break;
	case PC_MEANS_UNIT:
	case PC_MEANS_USER_UNIT:
		fix_unit(a, g, or_wait);
		break;
	case PC_MEANS_FOR_CONTAINER:
		fix_for_container(a, g);
		break;
	case PC_MEANS_CONTAINER:
		fix_container(a, g, or_wait);
		break;
	case PC_MEANS_POD:
		fix_pod_of(a, g, or_wait);
		break;
	case PC_MEANS_PROCESS:
		pc_stop_process(a, g, or_wait);
		break;
	case PC_MEANS_UNSEEN:
		pc_stop_unseen_process(a, g);
		break;
	default:
		pc_stop_never(a, g);
	}
}

static bool belongs_to(const struct pc_stop_group *g, const struct pc_party *p,
		       const struct pc_stopping *how)
{
	const struct pc_identity *first = g->parties[0]->who, *who = p->who;

	switch (how->means) {
	case PC_MEANS_UNIT:
		return pc_text_same_or_none(how->unit, g->how.unit);
	case PC_MEANS_USER_UNIT:
	case PC_MEANS_USER_SOCKET:
		return pc_text_same_or_none(how->unit, g->how.unit) &&
		       who->manager_user == first->manager_user;
	case PC_MEANS_CONTAINER:
		return pc_text_same_or_none(who->container, first->container);
	case PC_MEANS_POD:
		return pc_text_same_or_none(who->pod, first->pod);
	case PC_MEANS_FOR_CONTAINER:
		return !memcmp(&how->helper, &g->how.helper, sizeof(how->helper));
	case PC_MEANS_PROCESS:
	case PC_MEANS_UNSEEN:
		return how->deaf == g->how.deaf && pc_text_same_or_none(how->spared, g->how.spared);
	default:
		return true;
	}
}

static bool has_pid(const struct pc_stop_group *g, const struct pc_party *p)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->parties[i]->who->key.tgid == p->who->key.tgid)
			return true;
	return false;
}

/* Takes the parties of this means, from the first that is not `done` on, into one group. */
static void gather(struct pc_advice *a, const struct pc_party *const *parties, unsigned count,
		   enum pc_means means, bool *done, struct pc_stop_group *g)
{
	g->count = 0;
	for (unsigned i = 0; i < count; i++) {
		struct pc_stopping how;

		if (done[i])
			continue;
		pc_stopping_of(parties[i], a->verdict->requester.who, &how);
		if (how.means != means || (g->count && !belongs_to(g, parties[i], &how)))
			continue;
		done[i] = true;
		if (!g->count)
			g->how = how;
		if (!has_pid(g, parties[i]))
			g->parties[g->count++] = parties[i];
	}
}

void pc_advice_fix_stop_all(struct pc_advice *a, const struct pc_party *const *parties,
			    unsigned count, const char *or_wait)
{
	bool done[PC_ADVICE_STOPS_MAX] = { false };
	struct pc_stop_group g;

	if (count > PC_ADVICE_STOPS_MAX)
		count = PC_ADVICE_STOPS_MAX;
	for (int means = PC_MEANS_INVALID + 1; means < PC_MEANS_COUNT; means++) {
		do {
			gather(a, parties, count, means, done, &g);
			if (g.count)
				fix_group(a, &g, or_wait);
		} while (g.count);
	}
}

bool pc_advice_all_plain(const struct pc_advice *a, const struct pc_party *const *parties,
			 unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pc_stopping how;

		pc_stopping_of(parties[i], a->verdict->requester.who, &how);
		if (how.means != PC_MEANS_PROCESS || how.deaf)
			return false;
	}
	return true;
}
