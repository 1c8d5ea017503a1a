// SPDX-License-Identifier: GPL-2.0-only
/* Several causes share these fixes. */
#include "core/verdict/advice_fixes.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/rule/server.h"
#include "core/verdict/advice_kernel.h"

void pc_advice_fix_reuseaddr(struct pc_advice *a)
{
	const struct pc_verdict *v = a->verdict;
	struct pc_side asking;

	pc_side_of_requester(&v->request, &asking);
	if (asking.reuse || pc_request_is_kernels(&v->request))
		return;
	asking.reuse = 1;
	if (!pc_server_fits(v, &asking, NULL))
		return;
	pc_advice_fix(
		a, PC_LASTING,
		"set SO_REUSEADDR on the refused socket before bind(): the holder has set it already, and both need it");
}

/* Formats today's reserved ports and the wanted one; NULL if today's are not known. */
static char *reserved_with_wanted(const struct pc_verdict *v)
{
	uint64_t set[PC_PORT_WORDS];

	if (!v->settings.reserved)
		return NULL;
	memcpy(set, v->settings.reserved, sizeof(set));
	pc_ports_add(set, v->request.wanted_port);
	return pc_ports_format(set);
}

/* `portclash reserve` adds to what is reserved, so that the command of one verdict does not undo that of
 * another. */
static void fix_reserve_here(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	bool own = r->netns == a->verdict->monitor_netns;

	if (own && a->verdict->monitor_boots) {
		pc_advice_fix(
			a, PC_LASTING,
			"reserve the port: the kernel then never gives it to a client again, also after a reboot; this does not free it now");
		pc_advice_command(a, "portclash reserve %u --persist", r->wanted_port);
		return;
	}
	pc_advice_fix(
		a, PC_LASTING,
		"reserve the port: the kernel then never gives it to a client again in this network namespace; this does not free it now");
	pc_advice_command(a, "portclash reserve %u", r->wanted_port);
	if (!own)
		pc_advice_command(a, " --netns %u", r->netns);
}

static void fix_reserve_anew(struct pc_advice *a, const char *list)
{
	const struct pc_verdict *v = a->verdict;

	if (v->request.netns == v->monitor_netns && v->monitor_boots)
		return;
	pc_advice_fix(
		a, PC_LASTING,
		"and set the same sysctl each time that container or pod is created (`docker run --sysctl …`, or securityContext.sysctls of the pod)");
	if (list)
		pc_advice_command(a, "net.ipv4.ip_local_reserved_ports=%s", list);
}

void pc_advice_fix_reserve(struct pc_advice *a)
{
	char *list;

	if (a->verdict->settings.wanted_reserved)
		return;
	list = reserved_with_wanted(a->verdict);
	fix_reserve_here(a);
	if (list) {
		pc_advice_plain_enter(a);
		pc_advice_plain(a, "sysctl -w net.ipv4.ip_local_reserved_ports=%s", list);
	}
	fix_reserve_anew(a, list);
	free(list);
}

void pc_advice_fix_other_port(struct pc_advice *a)
{
	const struct pc_port_settings *s = &a->verdict->settings;
	uint16_t port = a->verdict->request.wanted_port;

	if (port >= s->low && port <= s->high)
		pc_advice_fix(
			a, PC_LASTING,
			"or listen on a port outside %u\u2013%u, from which the kernel never chooses",
			s->low, s->high);
}

void pc_advice_fix_share(struct pc_advice *a)
{
	if (pc_request_is_kernels(&a->verdict->request))
		return;
	pc_advice_fix(
		a, PC_LASTING,
		"or, to share the port, set SO_REUSEPORT on both before bind(), as the same user");
}

void pc_advice_fix_apart(struct pc_advice *a)
{
	pc_advice_fix(a, PC_LASTING, "or give one of the two another port or another address");
}
