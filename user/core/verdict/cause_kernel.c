// SPDX-License-Identifier: GPL-2.0-only
/* In this cause the kernel itself holds the port, so there is no process to end. */
#include <errno.h>

#include "core/process/kernel_socket.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_kernel.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/causes.h"
#include "core/verdict/decide.h"
#include "core/verdict/tunnel_match.h"

static const struct pc_kernel_service *service_of(const struct pc_holder *h)
{
	return pc_kernel_service(h->socket.proto, h->socket.lport);
}

static void explain_kernel_socket(struct pc_advice *a)
{
	const struct pc_kernel_service *s = service_of(a->holder);
	bool sure = pc_tunnel_matches(a->verdict, a->holder, PC_TUNNEL_SURE);

	pc_advice_explain(a,
			  "the socket on this port belongs to the kernel itself, not to a process");
	pc_advice_explain_tunnel(a);
	if (!sure && s)
		pc_advice_explain(a, "; the port is that of %s", s->name);
	else if (!sure && !pc_tunnel_matches(a->verdict, a->holder, PC_TUNNEL_PERHAPS))
		pc_advice_explain(
			a,
			"; which part of the kernel it is (NFS, RPC, a tunnel, WireGuard), the port does not tell");
	if (pc_holder_kernel_chosen(a->holder)) {
		pc_advice_explain(a,
				  "; it had no port of its own to ask for, and was given this one");
		pc_advice_why_chosen(a);
	}
}

static void fix_end_service(struct pc_advice *a, const struct pc_kernel_service *s)
{
	pc_advice_fix(a, PC_NOW, "see what it is, then end it with the tools of %s", s->name);
	pc_advice_command_enter(a);
	pc_advice_command(a, "%s", s->command);
}

static void fix_find_service(struct pc_advice *a)
{
	pc_advice_fix(
		a, PC_NOW,
		"find out which part of the kernel it is (RPC and NFS, tunnels, WireGuard), and end it there; no process can be killed for it");
	pc_advice_command_enter(a);
	pc_advice_command(a, "sh -c '%s'", pc_kernel_find_command(a->holder->socket.proto));
}

/* vxlan, geneve, bareudp and WireGuard open their sockets where the device was made. */
static void fix_look_elsewhere(struct pc_advice *a)
{
	if (a->holder->socket.proto == PC_PROTO_UDP)
		pc_advice_fix(
			a, PC_NOW,
			"or look in the other network namespaces: a tunnel or a WireGuard device that was moved there keeps its socket here");
}

static void fix_kernel_socket(struct pc_advice *a)
{
	const struct pc_kernel_service *s = service_of(a->holder);

	pc_advice_fix_tunnels(a);
	if (!pc_tunnel_all_known(a->verdict)) {
		if (s)
			fix_end_service(a, s);
		else
			fix_find_service(a);
		fix_look_elsewhere(a);
	}
	pc_advice_fix_reuseaddr(a);
	if (pc_holder_kernel_chosen(a->holder)) {
		pc_advice_fix_reserve(a);
		pc_advice_fix_other_port(a);
		return;
	}
	pc_advice_fix(
		a, PC_LASTING,
		"give that service of the kernel another port in its configuration, or listen on another one");
}

const struct pc_cause_row pc_cause_kernel_socket = {
	.name = "kernel-socket",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_kernel_socket,
	.fix = fix_kernel_socket,
};
