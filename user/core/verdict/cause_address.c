// SPDX-License-Identifier: GPL-2.0-only
/* In these causes the kernel refuses the port or the address itself; no socket is in the way. */
#include <errno.h>
#include <string.h>

#include "core/base/address.h"
#include "core/process/party.h"
#include "core/process/spared.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/causes.h"

static void explain_privileged(struct pc_advice *a)
{
	pc_advice_explain(
		a,
		"ports below %u need CAP_NET_BIND_SERVICE in this network namespace (net.ipv4.ip_unprivileged_port_start), and the process lacks it%s; nobody holds the port",
		a->verdict->settings.unprivileged_start,
		a->verdict->request.userns ?
			" there: it or that namespace belongs to an inner user namespace" :
			"");
}

/* The path of a container's file, or of one below another root, names another file here. */
/* The tools that listen on whatever port anybody tells them to. */
static bool is_port_tool(const char *exe)
{
	static const char *const names[] = { "socat",	       "nc",   "nc.openbsd",
					     "nc.traditional", "ncat", "ssh" };
	const char *slash = exe ? strrchr(exe, '/') : NULL;

	for (size_t i = 0; slash && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(slash + 1, names[i]))
			return true;
	return false;
}

static void fix_give_file(struct pc_advice *a, const struct pc_identity *who)
{
	if (!who || !who->exe)
		return;
	if (!who->container && (pc_identity_is_interpreter(who) || is_port_tool(who->exe))) {
		pc_advice_fix(
			a, PC_LASTING,
			"give the program CAP_NET_BIND_SERVICE by a systemd unit of its own (AmbientCapabilities=), not by setcap: its file is an interpreter, a loader or a tool that does what anybody tells it, and would do it with the capability");
	} else if (a->verdict->requester.place.roots_file) {
		pc_advice_fix(a, PC_LASTING, "give the program the capability");
		pc_advice_command(a, "setcap cap_net_bind_service=+ep ");
		pc_advice_command_word(a, who->exe);
	} else if (a->verdict->requester.place.hosts_file) {
		pc_advice_fix(
			a, PC_LASTING,
			"give the program the capability once it is where only root can write: a user other than root can put another file in its place, which would get it");
	} else if (who->container) {
		pc_advice_fix(
			a, PC_LASTING,
			"give the container the capability when it is made (`docker run --cap-add NET_BIND_SERVICE`; in a pod securityContext.capabilities); a user other than root needs it in the image's file, too");
	}
}

static void fix_give_capability(struct pc_advice *a)
{
	const struct pc_identity *who = a->verdict->requester.who;

	/* Capabilities of files, and those that the system manager gives, count in the first user
	 * namespace only. */
	if (a->verdict->request.userns)
		return;
	if (who && who->unit && pc_unit_is_service(who->unit) && !who->container &&
	    !who->below_user)
		pc_advice_fix(
			a, PC_LASTING,
			"add AmbientCapabilities=CAP_NET_BIND_SERVICE to the unit, and to CapabilityBoundingSet= if it has one");
	fix_give_file(a, who);
}

static void fix_privileged(struct pc_advice *a)
{
	uint16_t port = a->verdict->request.wanted_port;

	fix_give_capability(a);
	pc_advice_fix(a, PC_LASTING, "or, until a reboot, let every user bind all ports from %u on",
		      port);
	pc_advice_command_enter(a);
	pc_advice_command(a, "sysctl -w net.ipv4.ip_unprivileged_port_start=%u", port);
	pc_advice_fix(a, PC_LASTING, "or listen on port %u or above",
		      a->verdict->settings.unprivileged_start);
}

const struct pc_cause_row pc_cause_privileged_port = {
	.name = "privileged-port",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { .op = PC_OP_BIND, .error = EACCES },
	.explain = explain_privileged,
	.fix = fix_privileged,
};
